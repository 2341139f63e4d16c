using System.Globalization;
using Pgkeep.Diagnostics;
using Pgkeep.Posix;

namespace Pgkeep.Postgres.Cluster;

/// <summary>
/// Starts and stops the server of a data directory the way its machine does: Debian's <c>pg_ctlcluster</c> where it knows the directory (that goes
/// through systemd where there is one), PostgreSQL's <c>pg_ctl</c> elsewhere.
/// </summary>
internal sealed class ServerControl
{
    private const string DebianControl = "/usr/bin/pg_ctlcluster";

    /// <summary>PostgreSQL src/include/utils/pidfile.h, PM_STATUS_STOPPING.</summary>
    private const string StoppingStatus = "stopping";

    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(50);

    private readonly string _dataDirectory;
    private readonly ServerPrograms _programs;
    private readonly Account _account;
    private readonly DebianCluster? _debian;

    /// <param name="account">The data directory's owner; PostgreSQL runs as nobody else.</param>
    public ServerControl(string dataDirectory, ServerPrograms programs, Account account)
    {
        _dataDirectory = dataDirectory;
        _programs = programs;
        _account = account;
        _debian = File.Exists(DebianControl) ? DebianCluster.Find(dataDirectory) : null;
    }

    /// <summary>Waits until it is down. Sessions are ended, and what is left of the WAL is archived.</summary>
    /// <remarks>Is not interrupted: a server that has been told to stop does so anyway, and only when it has can it be started again.</remarks>
    public async Task StopAsync(TimeProvider time)
    {
        var result = _debian is { } debian
            ? await ProgramRun.RunAsync(DebianControl, [debian.Version, debian.Name, "stop", "--mode", "fast"], AccountForDebian, CancellationToken.None)
            : await ProgramRun.RunAsync(_programs.PgCtl, ["stop", "-D", _dataDirectory, "-m", "fast", "-w", "-t", "86400"], _account, CancellationToken.None);

        // Ctrl-C on a terminal ends the program above, but not the shutdown.
        while (PostmasterFile.OfRunning(_dataDirectory) is { Status: StoppingStatus })
        {
            await Task.Delay(PollInterval, time, CancellationToken.None);
        }

        if (PostmasterFile.OfRunning(_dataDirectory) is not null)
        {
            throw new PgkeepException(ErrorKind.ServerFailed, $"the server on \"{_dataDirectory}\" cannot be stopped: {result.Output}", "stop it yourself, then run this again");
        }
    }

    /// <summary>Waits until it takes connections.</summary>
    /// <param name="serverLog">Where its messages went before; null where that is not known.</param>
    /// <param name="options">For pg_ctl: settings that name a configuration outside the data directory.</param>
    public async Task StartAsync(string? serverLog, IReadOnlyList<string> options, CancellationToken cancellationToken)
    {
        var log = serverLog ?? Path.Combine(_dataDirectory, "server.log");
        var result = _debian is { } debian
            ? await ProgramRun.RunAsync(DebianControl, [debian.Version, debian.Name, "start"], AccountForDebian, cancellationToken)
            : await StartPlainAsync(log, options, TimeSpan.FromHours(1), cancellationToken);
        if (result.ExitCode != 0 || PostmasterFile.OfRunning(_dataDirectory) is null)
        {
            throw new PgkeepException(ErrorKind.ServerFailed, $"the server on \"{_dataDirectory}\" does not start: {result.Output}", $"its log is \"{log}\"");
        }
    }

    /// <summary>What a setting will be when the server starts; null where its configuration cannot be read, as the start will show.</summary>
    public async Task<string?> ReadSettingAsync(string name, IReadOnlyList<string> options, CancellationToken cancellationToken)
    {
        var answer = await ProgramRun.RunAsync(_programs.Postgres, ["-C", name, "-D", _dataDirectory, .. options], _account, cancellationToken);
        return answer.ExitCode == 0 ? answer.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).LastOrDefault() : null;
    }

    /// <summary>With pg_ctl whatever the machine has: for a start that is not the service's own.</summary>
    public Task<ProgramResult> StartPlainAsync(string log, IReadOnlyList<string> options, TimeSpan patience, CancellationToken cancellationToken)
    {
        var seconds = ((long)patience.TotalSeconds).ToString(CultureInfo.InvariantCulture);
        string[] arguments = ["start", "-D", _dataDirectory, "-l", log, "-w", "-t", seconds, "-p", _programs.Postgres, "-o", ShellQuote.Join(options)];
        return ProgramRun.RunAsync(_programs.PgCtl, arguments, _account, cancellationToken);
    }

    /// <summary>Without the service's ways, and without waiting for sessions or a checkpoint in immediate mode.</summary>
    public Task<ProgramResult> StopPlainAsync(bool immediate, CancellationToken cancellationToken) =>
        ProgramRun.RunAsync(
            _programs.PgCtl, ["stop", "-D", _dataDirectory, "-m", immediate ? "immediate" : "fast", "-w", "-t", "86400"], _account, cancellationToken);

    /// <summary>pg_ctlcluster wants root or the cluster's owner, and as root it can reach systemd.</summary>
    private Account? AccountForDebian => Account.IsRoot ? null : _account;
}
