using Pgkeep.Diagnostics;
using Pgkeep.Posix;
using Pgkeep.Postgres.Cluster.Service;

namespace Pgkeep.Postgres.Cluster;

/// <summary>Starts and stops the server of a data directory the way its machine does (<see cref="FindAsync"/>), and sees whether it has.</summary>
internal sealed class ServerControl
{
    /// <summary>PostgreSQL src/include/utils/pidfile.h, PM_STATUS_STOPPING and the like.</summary>
    private const string StoppingStatus = "stopping";
    private const string StartingStatus = "starting";

    /// <summary>A service may answer before its server has ended, or begun.</summary>
    private static readonly TimeSpan ServicePatience = TimeSpan.FromMinutes(1);

    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(50);

    private readonly string _dataDirectory;
    private readonly ServerPrograms _programs;
    private readonly Account _account;
    private readonly IServerService _service;
    private readonly PgCtlService _plain;

    /// <param name="account">The data directory's owner; PostgreSQL runs as nobody else.</param>
    /// <param name="service">Null for pg_ctl.</param>
    public ServerControl(string dataDirectory, ServerPrograms programs, Account account, IServerService? service = null)
    {
        _dataDirectory = dataDirectory;
        _programs = programs;
        _account = account;
        _plain = new PgCtlService(dataDirectory, programs, account);
        _service = service ?? _plain;
    }

    /// <summary>What is used, for a person.</summary>
    public string ServiceName => _service.Name;

    /// <summary>
    /// With the commands that were given; else Debian's <c>pg_ctlcluster</c> where it knows the directory, the unit of systemd that runs it, or PostgreSQL's <c>pg_ctl</c>.
    /// </summary>
    /// <param name="running">The server that runs on it; null where none does.</param>
    public static async Task<ServerControl> FindAsync(
        string dataDirectory, ServerPrograms programs, Account account, ServiceCommands commands, PostmasterFile? running, CancellationToken cancellationToken)
    {
        IServerService service = DebianService.IsInstalled && DebianCluster.Find(dataDirectory) is { } debian ? new DebianService(debian, account)
            : await SystemdService.FindAsync(dataDirectory, running?.ProcessId, cancellationToken) is { } unit ? unit
            : new PgCtlService(dataDirectory, programs, account);
        return new ServerControl(dataDirectory, programs, account, commands == ServiceCommands.None ? service : new CommandService(commands, service));
    }

    /// <summary>Waits until it is down. Sessions are ended, and what is left of the WAL is archived.</summary>
    /// <remarks>Is not interrupted: a server that has been told to stop does so anyway, and only when it has can it be started again.</remarks>
    public async Task StopAsync(TimeProvider time)
    {
        var result = await _service.StopAsync();
        var told = time.GetTimestamp();

        // Ctrl-C on a terminal ends the program above, but not the shutdown.
        while (PostmasterFile.OfRunning(_dataDirectory) is { } running && (running.Status == StoppingStatus || (result.ExitCode == 0 && time.GetElapsedTime(told) < ServicePatience)))
        {
            await Task.Delay(PollInterval, time, CancellationToken.None);
        }

        if (PostmasterFile.OfRunning(_dataDirectory) is not null)
        {
            throw new PgkeepException(
                ErrorKind.ServerFailed,
                $"the server on \"{_dataDirectory}\" cannot be stopped with {_service.Name}: {Said(result)}",
                "stop it yourself, then run this again; or say how with --stop-command");
        }
    }

    /// <summary>Waits until it takes connections.</summary>
    /// <param name="serverLog">Where its messages went before; null where that is not known.</param>
    /// <param name="options">For pg_ctl: settings that name a configuration outside the data directory.</param>
    public async Task StartAsync(string? serverLog, IReadOnlyList<string> options, TimeProvider time)
    {
        var log = serverLog ?? Path.Combine(_dataDirectory, "server.log");
        var result = await _service.StartAsync(log, options);
        var told = time.GetTimestamp();
        while (result.ExitCode == 0 && PostmasterFile.OfRunning(_dataDirectory) is null or { Status: StartingStatus } && time.GetElapsedTime(told) < ServicePatience)
        {
            await Task.Delay(PollInterval, time, CancellationToken.None);
        }

        if (result.ExitCode != 0 || PostmasterFile.OfRunning(_dataDirectory) is null)
        {
            throw new PgkeepException(ErrorKind.ServerFailed, $"the server on \"{_dataDirectory}\" does not start with {_service.Name}: {Said(result)}", $"its log is \"{log}\"");
        }
    }

    /// <summary>What a setting will be when the server starts; null where its configuration cannot be read, as the start will show.</summary>
    public Task<string?> ReadSettingAsync(string name, IReadOnlyList<string> options, CancellationToken cancellationToken) =>
        _programs.ReadSettingAsync(name, ["-D", _dataDirectory, .. options], _account, cancellationToken);

    /// <summary>With pg_ctl whatever the machine has: for a start that is not the service's own.</summary>
    public Task<ProgramResult> StartPlainAsync(string log, IReadOnlyList<string> options, TimeSpan patience, CancellationToken cancellationToken) =>
        _plain.StartAsync(log, options, patience, cancellationToken);

    /// <summary>Without the service's ways, and without waiting for sessions or a checkpoint in immediate mode.</summary>
    public Task<ProgramResult> StopPlainAsync(bool immediate, CancellationToken cancellationToken) => _plain.StopAsync(immediate, cancellationToken);

    private static string Said(ProgramResult result) => result.Output.Length > 0 ? result.Output.ReplaceLineEndings(" ") : $"it ended with exit code {result.ExitCode}";
}
