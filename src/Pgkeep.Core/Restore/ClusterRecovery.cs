using Pgkeep.Postgres;
using Pgkeep.Postgres.Wal.Targets;
using Pgkeep.Repository;

namespace Pgkeep.Restore;

/// <summary>Makes a cluster out of the copied files: a server that nobody can reach replays the WAL to the plan's target and promotes itself.</summary>
internal sealed class ClusterRecovery
{
    private readonly RestoreSettings _settings;
    private readonly RestorePlan _plan;
    private readonly OperationLog _log;
    private readonly TimeProvider _time;
    private readonly RecoverySettings _files;

    /// <param name="plan">With the WAL as it is now.</param>
    public ClusterRecovery(RestoreSettings settings, RestorePlan plan, OperationLog log, TimeProvider time)
    {
        _settings = settings;
        _plan = plan;
        _log = log;
        _time = time;
        _files = new RecoverySettings(plan.DataDirectory, plan.Account);
    }

    public RestoreProgress? Progress { get; init; }

    /// <summary>Writes the settings and <c>recovery.signal</c>: whoever starts the server from now on starts the recovery.</summary>
    public async Task PrepareAsync(CancellationToken cancellationToken)
    {
        var wal = _plan.Wal;
        var command = wal.EndsWithBackup
            ? RecoverySettings.OwnWalCommand(_settings.Program, _settings.Layout, _settings.Fetch, wal.HasArchive)
            : RecoverySettings.RestoreCommand(_settings.Program, _settings.Layout, _settings.Fetch, wal.Chain.Timeline);
        command = RecoverySettings.Without(wal.WithoutHistory, command);
        var archiving = await _plan.Control.ReadSettingAsync("archive_mode", _plan.ConfigurationOptions, cancellationToken)
            ?? _plan.Metadata.Cluster.Settings.GetValueOrDefault("archive_mode");
        _files.Write(command, wal.End.Told, _settings.Action, wal.Chain.Timeline, archivesRestored: archiving == "always", readsAhead: !(wal.HasHoleBehind && _plan.Version.HasRecoveryPrefetch));
    }

    /// <summary>Returns when the WAL is replayed, the server has promoted itself, and was looked at; it is stopped then, and the settings are gone.</summary>
    /// <param name="recovered">To look at it. From this call on what was restored is a cluster of its own.</param>
    public async Task RunAsync(Func<RecoveryServer, Task> recovered, CancellationToken cancellationToken)
    {
        await using var server = new RecoveryServer(_plan, _time) { Watch = Watch() };
        await ReplayAsync(server, cancellationToken);
        await recovered(server);
        await server.StopAsync();
        _files.Remove();
        await RequireReadableAsync();
    }

    /// <summary>The same to a target at which the server ends by itself: the settings stay, for whoever starts it again.</summary>
    public async Task RunToShutdownAsync(CancellationToken cancellationToken)
    {
        await using var server = new RecoveryServer(_plan, _time) { EndsAtTarget = true, Watch = Watch() };
        await ReplayAsync(server, cancellationToken);
        server.RemoveFiles();
    }

    private async Task ReplayAsync(RecoveryServer server, CancellationToken cancellationToken)
    {
        var end = _plan.Wal.End.Told;
        _log.Write(end.Kind != RecoveryTargetKind.Latest ? $"Replaying WAL {(end.IsExclusive ? "before" : "up to")} {end}" : _plan.Wal.EndsWithBackup ? "Replaying the backup's own WAL" : "Replaying all WAL");
        var size = new WalSegmentSize(_plan.Metadata.Cluster.WalSegmentSize);
        Progress?.BeginReplay(_plan.Wal.Chain.First.StartLsn(size), _plan.Wal.Bytes(size));
        try
        {
            await server.RecoverAsync(_settings.RecoveryTimeout, cancellationToken);
        }
        finally
        {
            Progress?.End();
            foreach (var line in server.ReadLog().Split('\n', StringSplitOptions.RemoveEmptyEntries))
            {
                _log.Append($"server: {line}");
            }
        }
    }

    /// <summary>The configuration without our lines may be one with which no server starts.</summary>
    private async Task RequireReadableAsync()
    {
        if (await IsReadableAsync())
        {
            return;
        }

        _files.RemoveAllButResets();
        if (await IsReadableAsync())
        {
            _log.Write("The configuration had recovery targets of two kinds, with which no server starts: they are taken back at the end of postgresql.auto.conf");
            return;
        }

        // Something else is wrong with it, which the start will tell.
        _files.Remove();

        async Task<bool> IsReadableAsync() => await _plan.Control.ReadSettingAsync("port", _plan.ConfigurationOptions, CancellationToken.None) is not null;
    }

    private ReplayWatch? Watch() => Progress is { } progress
        ? new ReplayWatch(progress, WalIndexStore.Of(_settings.Layout, ArchiveStores.Of(_settings.Layout).Archive), new WalSegmentSize(_plan.Metadata.Cluster.WalSegmentSize), _time)
        : null;
}
