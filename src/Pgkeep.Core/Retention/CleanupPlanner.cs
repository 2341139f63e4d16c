using Pgkeep.Diagnostics;
using Pgkeep.Postgres;
using Pgkeep.Repository;
using Pgkeep.Storage.Local;

namespace Pgkeep.Retention;

/// <summary>Gathers what the decisions need. Reads only.</summary>
internal sealed class CleanupPlanner
{
    private readonly RepositoryLayout _layout;
    private readonly ArchiveStores _stores;
    private readonly int _days;
    private readonly TimeProvider _time;

    public CleanupPlanner(RepositoryLayout layout, ArchiveStores stores, int days, TimeProvider time)
    {
        _layout = layout;
        _stores = stores;
        _days = days;
        _time = time;
    }

    public async Task<CleanupPlan> MakeAsync(CancellationToken cancellationToken)
    {
        var storage = new LocalStorage(_layout.BackupDirectory);
        var identity = await RepositoryMarker.RequireAsync(storage, cancellationToken);
        await RequireOneClusterAsync(identity, cancellationToken);

        var now = _time.GetUtcNow();
        var windowStart = now - TimeSpan.FromDays(_days);
        var backups = await new BackupCatalogue(storage, _layout).ListAsync(cancellationToken);
        var inventory = await _stores.Archive.ListAsync(cancellationToken);
        var decisions = new RetentionPolicy(identity.SystemIdentifier, now, _days)
            .Decide(backups, await LiveTimelinesAsync(backups, inventory, windowStart, cancellationToken));

        var kept = decisions
            .Where(decision => decision.IsKept && decision.Backup.IsUsable && decision.Backup.Metadata.Cluster.SystemIdentifier == identity.SystemIdentifier)
            .Select(decision => decision.Backup)
            .ToList();
        var metadata = kept.Select(backup => backup.Metadata!).ToList();
        var wal = WalRetention.Unneeded(inventory, metadata, await AncestryAsync(metadata, cancellationToken), identity.WalSegmentSize, windowStart);
        return new CleanupPlan(decisions, wal, metadata.MinBy(backup => backup.StartLsn)?.StartWal, LatestIs(decisions, kept));
    }

    /// <summary>An archive of another cluster beside these backups would be emptied by positions that mean nothing in it.</summary>
    private async ValueTask RequireOneClusterAsync(RepositoryIdentity identity, CancellationToken cancellationToken)
    {
        foreach (var store in _stores.Marked)
        {
            var found = await RepositoryMarker.RequireAsync(store, cancellationToken);
            if (found.SystemIdentifier != identity.SystemIdentifier || found.WalSegmentSize != identity.WalSegmentSize)
            {
                throw new PgkeepException(
                    ErrorKind.RepositoryMismatch,
                    $"the backups in \"{_layout.BackupDirectory}\" are of the cluster {identity.SystemIdentifier}, and the archive in \"{_layout.WalDirectory}\" of {found.SystemIdentifier}",
                    "check BACKUP_DIR and WAL_ARCHIVE_DIR: pgkeep config show");
            }
        }
    }

    /// <summary>
    /// The timelines on which something happened in the window, as far as anything stored tells. The times of files in the archive are
    /// this machine's, and here they can only make a backup stay.
    /// </summary>
    private async Task<Dictionary<TimelineId, TimelineHistory?>> LiveTimelinesAsync(
        IReadOnlyList<StoredBackup> backups, WalInventory inventory, DateTimeOffset windowStart, CancellationToken cancellationToken)
    {
        var usable = backups.Where(backup => backup.IsUsable).Select(backup => backup.Metadata!).ToList();
        var live = usable.Where(backup => backup.Stopped >= windowStart).Select(backup => backup.Timeline)
            .Concat(usable.TakeLast(1).Select(backup => backup.Timeline))
            .Concat(inventory.Files.Where(file => file.Stored.Modified >= windowStart).Select(file => file.File.Timeline));
        var timelines = new Dictionary<TimelineId, TimelineHistory?>();
        foreach (var timeline in live.Distinct())
        {
            timelines.Add(timeline, await ReadHistoryAsync(timeline, cancellationToken));
        }

        return timelines;
    }

    private async Task<HashSet<TimelineId>> AncestryAsync(IEnumerable<BackupMetadata> kept, CancellationToken cancellationToken)
    {
        var ancestry = new HashSet<TimelineId>();
        foreach (var timeline in kept.Select(backup => backup.Timeline).Distinct())
        {
            ancestry.Add(timeline);
            ancestry.UnionWith((await ReadHistoryAsync(timeline, cancellationToken))?.Switches.Select(ended => ended.Timeline) ?? []);
        }

        return ancestry;
    }

    /// <summary>Null where it is missing or damaged: then more is kept, and the emergency on a full disk still ends.</summary>
    private async ValueTask<TimelineHistory?> ReadHistoryAsync(TimelineId timeline, CancellationToken cancellationToken)
    {
        try
        {
            return await _stores.Archive.ReadHistoryAsync(timeline, cancellationToken);
        }
        catch (PgkeepException unknown) when (unknown.Kind is ErrorKind.WalMissing or ErrorKind.RepositoryCorrupt)
        {
            return null;
        }
    }

    private BackupName? LatestIs(IReadOnlyList<RetentionDecision> decisions, List<StoredBackup> kept)
    {
        var target = LatestLink.Target(_layout)?.TrimEnd('/');
        var stays = target is not null && decisions.Any(decision => decision.IsKept && decision.Backup.Name.ToString() == Path.GetFileName(target));
        return stays || kept.Count == 0 ? null : kept.MaxBy(backup => backup.Metadata!.Stopped)!.Name;
    }
}
