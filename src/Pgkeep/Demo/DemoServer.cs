using System.Text;
using Pgkeep.Diagnostics;
using Pgkeep.Posix;
using Pgkeep.Postgres.Cluster;
using Pgkeep.Postgres.Server;

namespace Pgkeep.Demo;

/// <summary>The throwaway server: reachable through a socket in the demo's directory and by nothing else. It is as durable as a real one.</summary>
internal sealed class DemoServer
{
    private const string Superuser = "postgres";

    private static readonly TimeSpan StartPatience = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan ArchivePatience = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(20);

    private readonly DemoDirectory _directory;
    private readonly ServerPrograms _programs;
    private readonly TimeProvider _time;

    public DemoServer(DemoDirectory directory, ServerPrograms programs, TimeProvider time)
    {
        _directory = directory;
        _programs = programs;
        _time = time;
    }

    public int Port { get; } = SocketNumber.Choose();

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        var made = await Subprocess.RunAsync(
            _programs.InitDb,
            ["-D", _directory.DataDirectory, "-U", Superuser, "-A", "trust", "--data-checksums", "--encoding=UTF8", "--locale=C.UTF-8"],
            cancellationToken);
        made.Require("initdb");
        Configure();
        cancellationToken.ThrowIfCancellationRequested();
        // Not to be broken off half-way: afterwards there is a server to stop, or there is none.
        var started = await Control().StartPlainAsync(_directory.ServerLog, [], StartPatience, CancellationToken.None);
        if (started.ExitCode != 0)
        {
            throw new PgkeepException(ErrorKind.ServerFailed, $"the demo's server does not start: {started.Output}{LogTail.Of(_directory.ServerLog)}");
        }
    }

    public Task<ServerConnection> ConnectAsync(string database, CancellationToken cancellationToken)
    {
        var settings = new ConnectionSettings { Host = _directory.Root, Port = Port, User = Superuser, Database = database, SslMode = "disable" };
        return ServerConnection.OpenAsync(settings, cancellationToken);
    }

    /// <summary>Ends the current segment and waits until it is in the archive.</summary>
    public async Task ArchiveAsync(ServerConnection session, CancellationToken cancellationToken)
    {
        var segment = await session.ScalarAsync<string>("SELECT pg_walfile_name(pg_switch_wal())", cancellationToken);
        var began = _time.GetTimestamp();
        while (!await session.ScalarAsync<bool>("SELECT coalesce(last_archived_wal >= $1, false) FROM pg_stat_archiver", cancellationToken, segment))
        {
            // The server tries each segment three times in a row before it takes a rest.
            var hasGivenUp = await session.ScalarAsync<bool>("SELECT failed_count >= 3 FROM pg_stat_archiver", cancellationToken);
            if (hasGivenUp || _time.GetElapsedTime(began) > ArchivePatience)
            {
                throw new PgkeepException(
                    ErrorKind.ArchivingStalled,
                    $"scripts/archive-wal.sh has not stored the segment {segment}{LogTail.Of(_directory.Repository.ArchiveLog)}{LogTail.Of(_directory.ServerLog)}");
            }

            await Task.Delay(PollInterval, _time, cancellationToken);
        }
    }

    /// <summary>At once: what it still had in memory is thrown away, or can be recovered by its next start.</summary>
    public async Task StopAsync()
    {
        if (PostmasterFile.OfRunning(_directory.DataDirectory) is not null)
        {
            var stopped = await Control().StopPlainAsync(immediate: true, CancellationToken.None);
            if (PostmasterFile.OfRunning(_directory.DataDirectory) is { } left)
            {
                throw new PgkeepException(ErrorKind.ServerFailed, $"the demo's server, process {left.ProcessId} in \"{_directory.Root}\", cannot be stopped: {stopped.Output}");
            }
        }
    }

    /// <summary>Commands for the shell of a person who goes on by hand.</summary>
    public string PsqlCommand => $"psql -h {_directory.Root} -p {Port} -U {Superuser} {Shop.DatabaseName}";

    public IReadOnlyList<string> StopCommand => [_programs.PgCtl, "stop", "-D", _directory.DataDirectory, "-m", "fast", "-s"];

    // A new one each time: it asks once what kind of cluster there is.
    private ServerControl Control() => new(_directory.DataDirectory, _programs, _directory.Account ?? Account.Find(Account.CurrentUserId) ?? Nameless());

    /// <summary>Only its number matters, since this process runs as it already.</summary>
    private Account Nameless() => new("", Account.CurrentUserId, 0, _directory.Root);

    private void Configure()
    {
        var settings = new StringBuilder("\n# The demo's own\n")
            .Append("listen_addresses = ''\n")
            .Append("port = ").Append(Port).Append('\n')
            .Append("unix_socket_directories = ").AppendLine(Quote(_directory.Root))
            .Append("unix_socket_permissions = 0700\n")
            .Append("shared_buffers = 32MB\n")
            .Append("max_connections = 20\n")
            .Append("wal_level = replica\n")
            .Append("archive_mode = on\n")
            .Append("archive_timeout = 300\n")
            .Append("archive_command = ").AppendLine(Quote(ArchiveCommand()))
            .Append("log_min_duration_statement = -1\n");
        File.AppendAllText(Path.Combine(_directory.DataDirectory, "postgresql.conf"), settings.ToString());
        FileSystem.CreateDirectory(_directory.Repository.BackupDirectory, 0b111_000_000);
        FileSystem.CreateDirectory(_directory.Repository.WalDirectory, 0b111_000_000);
        DurableFile.Replace(_directory.Configuration, Encoding.UTF8.GetBytes(BackupEnvironment()), 0b110_000_000);
        Environment.SetEnvironmentVariable("PGKEEP_CONFIG", _directory.Configuration);
    }

    /// <summary>Names the configuration itself, so that the server stays on its own archive when somebody else starts it again.</summary>
    private string ArchiveCommand()
    {
        var script = ShellQuote.Word(_directory.Checkout.ArchiveScript).Replace("%", "%%", StringComparison.Ordinal);
        return $"PGKEEP_CONFIG={_directory.Configuration} {script} %p %f";
    }

    private string BackupEnvironment() =>
        $"""
        PGHOST={_directory.Root}
        PGPORT={Port}
        PGUSER={Superuser}
        PGDATABASE={Shop.DatabaseName}
        BACKUP_DIR={_directory.Repository.BackupDirectory}
        WAL_ARCHIVE_DIR={_directory.Repository.WalDirectory}
        RETENTION_DAYS=7
        PGKEEP_RESTORE_LOG={_directory.RestoreLog}

        """;

    private static string Quote(string value) => $"'{value.Replace("'", "''", StringComparison.Ordinal)}'";
}
