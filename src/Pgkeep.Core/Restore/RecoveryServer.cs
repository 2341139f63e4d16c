using System.Globalization;
using Pgkeep.Diagnostics;
using Pgkeep.Posix;
using Pgkeep.Postgres;
using Pgkeep.Postgres.Cluster;
using Pgkeep.Restore.Databases;

namespace Pgkeep.Restore;

/// <summary>
/// The server while it replays: reachable by nobody, with its messages in a file of ours, so that users come in only after the recovery is over
/// and its end is known. It is stopped again, and the machine's own way starts it for good. All it writes is in the data directory, which its
/// account can certainly reach.
/// </summary>
internal sealed class RecoveryServer : IAsyncDisposable
{
    /// <summary>
    /// In the data directory, by a relative path, which cannot get too long for a socket. No configuration has this value, so it marks a server
    /// of ours in its postmaster.pid.
    /// </summary>
    private const string SocketDirectory = ".";

    private const string LogName = "pgkeep-recovery.log";
    private const string AccessName = "pgkeep-recovery.hba";

    /// <summary>Who gets to the socket is the data directory's owner already.</summary>
    private static ReadOnlySpan<byte> Access => "local all all trust\n"u8;

    /// <summary>PostgreSQL src/include/utils/pidfile.h, PM_STATUS_READY.</summary>
    private const string ReadyStatus = "ready";

    /// <summary>Of WAL, whatever a segment's size; and as many segments at least.</summary>
    private const uint KeptWalInMiB = 64;
    private const uint KeptSegments = 4;

    /// <summary>For pg_ctl, which waits for the begin of the replay only; what follows is watched here.</summary>
    private static readonly TimeSpan StartPatience = TimeSpan.FromHours(1);

    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(50);

    private readonly RestorePlan _plan;
    private readonly TimeProvider _time;
    private readonly InvalidPages? _invalidPages;
    private Task<ProgramResult>? _starting;

    public RecoveryServer(RestorePlan plan, TimeProvider time)
    {
        _plan = plan;
        _time = time;
        _invalidPages = plan.Databases is { } databases ? new InvalidPages(databases) : null;
    }

    /// <summary>Whether it shuts down at its target instead of promoting itself.</summary>
    public bool EndsAtTarget { get; init; }

    /// <summary>Null where nobody wants to know how far it is.</summary>
    public ReplayWatch? Watch { get; init; }

    private string LogPath => Path.Combine(_plan.DataDirectory, LogName);

    private string AccessPath => Path.Combine(_plan.DataDirectory, AccessName);

    /// <summary>Whether a running server is one of these, left by a restore that was killed.</summary>
    public static bool IsOne(PostmasterFile running) => running.SocketDirectory == SocketDirectory;

    /// <summary>
    /// Returns when the server has promoted itself; throws with what its log says when it has not. With hot_standby off pg_ctl is content as soon
    /// as the recovery has begun (postmaster.c, PMSIGNAL_RECOVERY_STARTED), so the status in postmaster.pid is watched from then on.
    /// </summary>
    public async Task RecoverAsync(TimeSpan limit, CancellationToken cancellationToken)
    {
        var began = _time.GetTimestamp();
        WriteAccess();
        // Is not interrupted: a server that is about to start must be known before its directory can be taken away from it.
        _starting = _plan.Control.StartPlainAsync(LogPath, Options(), StartPatience, CancellationToken.None);
        while (true)
        {
            var hasStarted = _starting.IsCompleted;
            if (PostmasterFile.OfRunning(_plan.DataDirectory) is { } running)
            {
                if (running.Status == ReadyStatus)
                {
                    RequireNoInvalidPages();
                    return;
                }

                Watch?.Look(running.ProcessId);
            }
            else if (hasStarted)
            {
                if (EndsAtTarget && new RecoveryLog(ReadLog()).HasShutDownAtTarget)
                {
                    return;
                }

                throw new RecoveryLog(ReadLog()).Explain(_plan.Wal.End.Told, (await _starting).Output, Other(_plan.Wal));
            }

            if (limit > TimeSpan.Zero && _time.GetElapsedTime(began) > limit)
            {
                throw new PgkeepException(
                    ErrorKind.ServerFailed, $"the recovery has not ended within {limit.TotalSeconds:0} s", "give it more time with --recovery-timeout; 0 sets no limit");
            }

            await Task.Delay(PollInterval, _time, cancellationToken);
        }
    }

    public async Task StopAsync()
    {
        while (_starting is { IsCompleted: false })
        {
            await Task.Delay(PollInterval, _time, CancellationToken.None);
        }

        var stopped = await _plan.Control.StopPlainAsync(immediate: false, CancellationToken.None);
        if (PostmasterFile.OfRunning(_plan.DataDirectory) is not null)
        {
            throw new PgkeepException(ErrorKind.ServerFailed, $"the recovered server cannot be stopped: {stopped.Output}");
        }

        RemoveFiles();
    }

    /// <summary>Of a server that has ended.</summary>
    public void RemoveFiles()
    {
        FileSystem.Delete(LogPath);
        FileSystem.Delete(AccessPath);
    }

    /// <summary>For sessions on it, once it has promoted itself.</summary>
    public RecoverySocket OpenSocket() =>
        new(_plan.DataDirectory, PostmasterFile.OfRunning(_plan.DataDirectory)?.Port ?? throw new PgkeepException(ErrorKind.ServerFailed, "the recovered server has ended by itself"));

    /// <summary>For the restore's own log. What is said of the pages of emptied databases, which may be millions of lines, is left out.</summary>
    public string ReadLog()
    {
        try
        {
            return !File.Exists(LogPath) ? ""
                : _invalidPages is null ? File.ReadAllText(LogPath)
                : string.Join('\n', File.ReadLines(LogPath).Where(line => !_invalidPages.Take(line)));
        }
        catch (Exception thrown) when (PosixError.IsInputOutput(thrown))
        {
            return $"the server's messages cannot be read: {thrown.Message}";
        }
    }

    /// <summary>A page that a kept database misses would have ended the recovery, had the server not been told to go on.</summary>
    private void RequireNoInvalidPages()
    {
        if (_invalidPages is not null)
        {
            ReadLog();
            _invalidPages.RequireNone();
        }
    }

    private void WriteAccess()
    {
        DurableFile.Replace(AccessPath, Access, 0b110_000_000);
        _plan.Account.Own(AccessPath);
    }

    /// <summary>Leaves no server running: either <see cref="StopAsync"/> was called, or this was no success.</summary>
    public async ValueTask DisposeAsync()
    {
        while (_starting is { IsCompleted: false })
        {
            if (PostmasterFile.OfRunning(_plan.DataDirectory) is { } starting)
            {
                await ServerSignals.StopAsync(starting, _plan.DataDirectory, immediate: true, _time);
            }

            await Task.Delay(PollInterval, _time, CancellationToken.None);
        }

        if (PostmasterFile.OfRunning(_plan.DataDirectory) is not null)
        {
            await _plan.Control.StopPlainAsync(immediate: true, CancellationToken.None);
        }
    }

    private static TimelineId? Other(RestoreWal wal) => wal.Latest == wal.Chain.Timeline ? null : wal.Latest;

    private IReadOnlyList<string> Options() =>
    [
        .. _plan.ConfigurationOptions,
        "-c", "listen_addresses=",
        "-c", $"unix_socket_directories={SocketDirectory}",
        "-c", "unix_socket_permissions=0700",
        "-c", $"hba_file={AccessPath}",
        // Without it, settings lower than the old server's would stop the replay (max_connections and the like).
        "-c", "hot_standby=off",
        // No receiver can have the first segments of the new timeline before the checkpoints at its promotion and its end, which would remove them.
        "-c", string.Create(CultureInfo.InvariantCulture, $"wal_keep_size={Math.Max(KeptWalInMiB, KeptSegments * (_plan.Metadata.Cluster.WalSegmentSize >> 20))}MB"),
        "-c", "update_process_title=on",
        "-c", "logging_collector=off",
        "-c", "log_destination=stderr",
        "-c", "log_line_prefix=%m [%p] ",
        "-c", "log_min_messages=log",
        "-c", "lc_messages=C",
        "-c", "log_timezone=UTC",
        .. _plan.Databases is null ? [] : InvalidPages.Options,
    ];
}
