using Pgkeep.Postgres;
using Pgkeep.Repository;

namespace Pgkeep.Retention;

/// <summary>
/// Which backups a restore within the last days needs. A pure function of what is stored: times and positions come from the backups'
/// metadata, never from names. What is not sure is kept.
/// </summary>
/// <remarks>
/// A restore to the first moment of the window begins with a backup that ended before it, so the newest of those stays, on every timeline
/// on which there are moments in the window: after a recovery to an earlier moment, the newest backup may lie on a branch that was abandoned.
/// </remarks>
internal sealed class RetentionPolicy
{
    private readonly SystemIdentifier _cluster;
    private readonly DateTimeOffset _windowStart;
    private readonly int _days;

    /// <param name="cluster">The repository's own; backups of any other do not count and are left alone.</param>
    /// <param name="now">The end of the window.</param>
    public RetentionPolicy(SystemIdentifier cluster, DateTimeOffset now, int days)
    {
        _cluster = cluster;
        _days = days;
        _windowStart = now - TimeSpan.FromDays(days);
    }

    /// <param name="backups">In any order.</param>
    /// <param name="timelines">
    /// The timelines on which there are moments in the window, each with its history; without one where it is not known.
    /// </param>
    public IReadOnlyList<RetentionDecision> Decide(
        IReadOnlyList<StoredBackup> backups, IReadOnlyDictionary<TimelineId, TimelineHistory?> timelines)
    {
        var usable = backups.Where(IsOwn).OrderBy(backup => backup.Metadata!.Stopped).ThenBy(backup => backup.Metadata!.StopLsn).ToList();
        if (usable.Count == 0)
        {
            return [.. backups.Select(backup => new RetentionDecision(backup, true, backup.Problem is null ? OtherCluster : $"unusable: {backup.Problem}; nothing usable is here"))];
        }

        var kept = KeepWhatIsNeeded(usable, timelines);
        return [.. backups.Select(backup => IsOwn(backup) ? DecideUsable(backup, kept) : DecideOther(backup, usable[^1]))];
    }

    private const string OtherCluster = "belongs to another cluster";

    private bool IsOwn(StoredBackup backup) => backup.IsUsable && backup.Metadata.Cluster.SystemIdentifier == _cluster;

    private Dictionary<BackupName, string> KeepWhatIsNeeded(List<StoredBackup> usable, IReadOnlyDictionary<TimelineId, TimelineHistory?> timelines)
    {
        var kept = new Dictionary<BackupName, string> { [usable[^1].Name] = "the newest usable backup" };
        foreach (var backup in usable.Where(backup => backup.Metadata!.Stopped >= _windowStart))
        {
            kept.TryAdd(backup.Name, $"ended within the last {_days} days");
        }

        var before = usable.Where(backup => backup.Metadata!.Stopped < _windowStart).ToList();
        foreach (var (timeline, history) in timelines)
        {
            foreach (var cover in CoversOf(before, timeline, history))
            {
                kept.TryAdd(cover.Name, $"a restore to the first of the last {_days} days begins with it (timeline {timeline})");
            }
        }

        KeepParents(usable, kept);
        return kept;
    }

    /// <summary>The newest that leads to the timeline; where that one has findings, or nothing archived leads on from it, the newest without as well.</summary>
    private static IEnumerable<StoredBackup> CoversOf(List<StoredBackup> before, TimelineId timeline, TimelineHistory? history)
    {
        // Without the history any earlier timeline may be an ancestor.
        var groups = history is null
            ? before.Where(backup => backup.Metadata!.Timeline <= timeline).GroupBy(backup => backup.Metadata!.Timeline).Select(group => group.ToList())
            : [before.Where(backup => history.Contains(backup.Metadata!.Timeline, backup.Metadata.StopLsn)).ToList()];
        return groups
            .SelectMany(group => new[]
            {
                group.LastOrDefault(),
                group.LastOrDefault(backup => backup.Metadata!.Findings.Count == 0),
                group.LastOrDefault(backup => backup.Metadata is { Findings.Count: 0, EndsInItself: false }),
            })
            .OfType<StoredBackup>().Distinct();
    }

    private static void KeepParents(List<StoredBackup> usable, Dictionary<BackupName, string> kept)
    {
        var pending = new Queue<BackupName>(kept.Keys);
        while (pending.TryDequeue(out var name))
        {
            var parent = usable.First(backup => backup.Name == name).Metadata!.Parent;
            var found = usable.FirstOrDefault(backup => backup.Name.ToString() == parent);
            if (found is not null && kept.TryAdd(found.Name, $"{name} builds on it"))
            {
                pending.Enqueue(found.Name);
            }
        }
    }

    private RetentionDecision DecideUsable(StoredBackup backup, Dictionary<BackupName, string> kept) => kept.TryGetValue(backup.Name, out var reason)
        ? new RetentionDecision(backup, true, reason)
        : new RetentionDecision(backup, false, $"ended {backup.Metadata!.Stopped.UtcDateTime:yyyy-MM-dd HH:mm:ss} UTC, retention {_days} days");

    /// <summary>An unusable one has no time but its directory's, so it goes only when that is long past and something usable is newer.</summary>
    private RetentionDecision DecideOther(StoredBackup backup, StoredBackup newest)
    {
        if (backup.IsUsable)
        {
            return new RetentionDecision(backup, true, OtherCluster);
        }

        if (backup.Modified is not { } modified || modified >= _windowStart)
        {
            return new RetentionDecision(backup, true, $"unusable: {backup.Problem}; kept for {_days} days, since parts of it may help");
        }

        return newest.Metadata!.Stopped > modified
            ? new RetentionDecision(backup, false, $"unusable: {backup.Problem}; last changed {modified.UtcDateTime:yyyy-MM-dd HH:mm:ss} UTC, retention {_days} days")
            : new RetentionDecision(backup, true, $"unusable: {backup.Problem}; nothing usable is newer");
    }
}
