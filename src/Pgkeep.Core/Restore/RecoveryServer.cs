using Pgkeep.Diagnostics;
using Pgkeep.Posix;
using Pgkeep.Postgres.Cluster;

namespace Pgkeep.Restore;

/// <summary>
/// The server while it replays: reachable by nobody, with its messages in a file of ours, so that users come in only after the recovery is over
/// and its end is known. It is stopped again, and the machine's own way starts it for good.
/// </summary>
internal sealed class RecoveryServer : IAsyncDisposable
{
    /// <summary>pg_ctl's limit must be a number; this is more than anybody waits.</summary>
    private static readonly TimeSpan Forever = TimeSpan.FromDays(1000);

    /// <summary>PostgreSQL src/include/utils/pidfile.h, PM_STATUS_READY.</summary>
    private const string ReadyStatus = "ready";

    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(50);

    private readonly RestorePlan _plan;
    private readonly ServerControl _control;
    private readonly string _scratch;

    private RecoveryServer(RestorePlan plan, ServerControl control, string scratch)
    {
        _plan = plan;
        _control = control;
        _scratch = scratch;
    }

    private string LogPath => Path.Combine(_scratch, "server.log");

    public static RecoveryServer Prepare(RestorePlan plan, ServerControl control)
    {
        var scratch = Directory.CreateTempSubdirectory("pgkeep-").FullName;
        if (Account.IsRoot)
        {
            FileSystem.ChangeOwner(scratch, plan.Account.UserId, plan.Account.GroupId);
        }

        return new RecoveryServer(plan, control, scratch);
    }

    /// <summary>
    /// Returns when the server has promoted itself; throws with what its log says when it has not. With hot_standby off pg_ctl is content as soon
    /// as the recovery has begun (postmaster.c, PMSIGNAL_RECOVERY_STARTED), so the status in postmaster.pid is watched from then on.
    /// </summary>
    public async Task RecoverAsync(TimeSpan limit, TimeProvider time, CancellationToken cancellationToken)
    {
        var began = time.GetTimestamp();
        var started = await _control.StartPlainAsync(LogPath, Options(), limit > TimeSpan.Zero ? limit : Forever, cancellationToken);
        while (PostmasterFile.OfRunning(_plan.DataDirectory) is { } running)
        {
            if (running.Status == ReadyStatus)
            {
                return;
            }

            if (limit > TimeSpan.Zero && time.GetElapsedTime(began) > limit)
            {
                throw new PgkeepException(ErrorKind.ServerFailed, $"the recovery has not ended within {limit}", "give it more time with --recovery-timeout");
            }

            await Task.Delay(PollInterval, time, cancellationToken);
        }

        throw new RecoveryLog(ReadLog()).Explain(_plan.TargetTime, started.Output);
    }

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        var stopped = await _control.StopPlainAsync(immediate: false, cancellationToken);
        if (PostmasterFile.OfRunning(_plan.DataDirectory) is not null)
        {
            throw new PgkeepException(ErrorKind.ServerFailed, $"the recovered server cannot be stopped: {stopped.Output}");
        }
    }

    /// <summary>For the restore's own log.</summary>
    public string ReadLog() => File.Exists(LogPath) ? File.ReadAllText(LogPath) : "";

    /// <summary>Leaves no server running: either <see cref="StopAsync"/> was called, or this was no success.</summary>
    public async ValueTask DisposeAsync()
    {
        if (PostmasterFile.OfRunning(_plan.DataDirectory) is not null)
        {
            await _control.StopPlainAsync(immediate: true, CancellationToken.None);
        }

        Directory.Delete(_scratch, recursive: true);
    }

    /// <summary>A configuration outside the data directory is named; its own data_directory must not lead elsewhere.</summary>
    public static IReadOnlyList<string> ConfigurationOptions(RestorePlan plan)
    {
        var cluster = plan.Metadata.Cluster;
        var options = new List<string>();
        foreach (var (name, path) in new[] { ("config_file", cluster.ConfigFile), ("hba_file", cluster.HbaFile), ("ident_file", cluster.IdentFile) })
        {
            if (path is not null)
            {
                options.AddRange(["-c", $"{name}={path}"]);
            }
        }

        return options.Count == 0 ? [] : [.. options, "-c", $"data_directory={plan.DataDirectory}"];
    }

    private IReadOnlyList<string> Options() =>
    [
        .. ConfigurationOptions(_plan),
        "-c", "listen_addresses=",
        "-c", $"unix_socket_directories={_scratch}",
        // Without it, settings lower than the old server's would stop the replay (max_connections and the like).
        "-c", "hot_standby=off",
        "-c", "logging_collector=off",
        "-c", "log_destination=stderr",
        "-c", "log_line_prefix=%m [%p] ",
        "-c", "log_min_messages=log",
        "-c", "lc_messages=C",
        "-c", "log_timezone=UTC",
    ];
}
