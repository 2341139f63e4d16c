using Pgkeep.Diagnostics;
using Pgkeep.Posix;
using Pgkeep.Postgres;
using Pgkeep.Postgres.Cluster;
using Pgkeep.Repository;

namespace Pgkeep.Restore;

/// <summary>Finds the WAL of a restore in the archive, in the backup and in the old server's <c>pg_wal</c>, and proves that it is whole.</summary>
internal sealed class WalProver
{
    private readonly WalArchive _archive;
    private readonly BackupMetadata _backup;
    private readonly string _dataDirectory;
    private readonly string? _old;
    private readonly DateTimeOffset? _target;

    /// <param name="dataDirectory">Beside it lie the restores that were undone.</param>
    /// <param name="old">Where the old cluster is now; null where there is none.</param>
    /// <param name="target">The moment to restore to; null for the end.</param>
    public WalProver(WalArchive archive, BackupMetadata backup, string dataDirectory, string? old, DateTimeOffset? target)
    {
        _target = target;
        _archive = archive;
        _backup = backup;
        _dataDirectory = dataDirectory;
        _old = old;
    }

    public async ValueTask<RestoreWal> ProveAsync(CancellationToken cancellationToken)
    {
        var inventory = await _archive.ListAsync(cancellationToken);
        if (_backup.EndsInItself && !IsContinuedIn(inventory))
        {
            return OfBackup(inventory);
        }

        var unarchived = _old is null ? [] : UnarchivedWal.Of(_old, inventory);
        var local = ReadHistories(unarchived);
        var newest = inventory.Files.Where(stored => stored.File.Kind == WalFileKind.History).Select(stored => stored.File.Timeline)
            .Concat(local.Keys)
            .Append(TimelineId.First)
            .Max();
        var control = _old is null ? null : ControlFileReader.TryRead(_old);
        var later = await BegunAfterTargetAsync(inventory, unarchived, cancellationToken);
        var history = await WalChain.ChooseTimelineAsync(_backup, newest, [.. Abandoned(control), .. later], ReadAsync);
        var size = new WalSegmentSize(_backup.Cluster.WalSegmentSize);
        var others = unarchived.Select(file => file.Name.Segment).OfType<WalSegmentName>().ToHashSet();
        for (var segment = _backup.StartWal; segment.CompareTo(_backup.StopWal) < 0; segment = segment.Next(size))
        {
            others.Add(segment);
        }

        if (!_backup.EndsInPart)
        {
            others.Add(_backup.StopWal);
        }

        return new RestoreWal(WalChain.Prove(_backup, history, inventory, others, _archive.Describe), unarchived, later.Count > 0 ? LaterTimelines(later, history) : Warnings(control, history))
        {
            HasArchive = true,
        };

        async ValueTask<TimelineHistory> ReadAsync(TimelineId timeline) =>
            local.GetValueOrDefault(timeline) ?? await _archive.ReadHistoryAsync(timeline, cancellationToken);
    }

    /// <summary>Where archiving was turned on since, the archive goes on where the backup ends: with its last segment, if the backup has that in part.</summary>
    private bool IsContinuedIn(WalInventory inventory) =>
        inventory.Contains(_backup.EndsInPart ? _backup.StopWal : _backup.StopWal.Next(new WalSegmentSize(_backup.Cluster.WalSegmentSize)));

    /// <summary>What the old server wrote since is no part of it, even where its last segments are still there: such a backup leads to one moment.</summary>
    private RestoreWal OfBackup(WalInventory inventory) => _target is { } target
        ? throw EndsInItself(_backup, target)
        : new RestoreWal(WalChain.OfBackup(_backup), [], [$"nothing after {_backup.Name} was archived: the restore leads to its own end, and what was written since is only in the old data directory"])
        {
            EndsWithBackup = true,
            HasArchive = inventory.Files.Any(),
        };

    public static PgkeepException EndsInItself(BackupMetadata backup, DateTimeOffset target) => new(
        ErrorKind.TargetUnreachable,
        $"the target {target.ToLocalTime():yyyy-MM-dd HH:mm:ss.FFFFFF zzz} lies after the end of {backup.Name}, {backup.Stopped.ToLocalTime():yyyy-MM-dd HH:mm:ss zzz}, and no WAL was archived that leads there",
        "a backup without archiving restores to its own end only: leave the target out");

    private static Dictionary<TimelineId, TimelineHistory> ReadHistories(IEnumerable<UnarchivedFile> files)
    {
        var histories = new Dictionary<TimelineId, TimelineHistory>();
        foreach (var file in files.Where(file => file.Name.Kind == WalFileKind.History))
        {
            if (TimelineHistory.TryParse(file.Name.Timeline, File.ReadAllText(file.Path), out var history, out _))
            {
                histories.Add(file.Name.Timeline, history);
            }
        }

        return histories;
    }

    /// <summary>
    /// A history is written the moment its timeline begins, when a restore or a failover is over. One that was written after the target tells of
    /// a timeline on which that moment never was: on it, a restore that is repeated would find no commit to stop at, or another's.
    /// </summary>
    private async ValueTask<HashSet<TimelineId>> BegunAfterTargetAsync(
        WalInventory inventory, IEnumerable<UnarchivedFile> unarchived, CancellationToken cancellationToken)
    {
        var later = new HashSet<TimelineId>();
        if (_target is not { } target)
        {
            return later;
        }

        foreach (var stored in inventory.Files.Where(stored => stored.File.Kind == WalFileKind.History))
        {
            if (await _archive.ReadWrittenAtAsync(stored, cancellationToken) > target)
            {
                later.Add(stored.File.Timeline);
            }
        }

        later.UnionWith(unarchived
            .Where(file => file.Name.Kind == WalFileKind.History && FileStatus.Of(file.Path)?.Modified > target)
            .Select(file => file.Name.Timeline));
        return later;
    }

    private static IReadOnlyList<string> LaterTimelines(HashSet<TimelineId> later, TimelineHistory history) =>
        [$"timeline {later.Max()} began after the target, so the restore goes along timeline {history.Timeline}; what was written since then is only in the old data directory and on that timeline"];

    /// <summary>The restored cluster of an undone restore has archived its timeline; without this it would pass for the latest one.</summary>
    private HashSet<TimelineId> Abandoned(ControlFile? old) =>
    [
        .. RestoreJournal.UndoneOf(_dataDirectory)
            .Select(ControlFileReader.TryRead)
            .OfType<ControlFile>()
            .Where(control => control.SystemIdentifier == _backup.Cluster.SystemIdentifier)
            .Select(control => control.CheckPointTimeline)
            .Where(timeline => old is null || timeline > old.CheckPointTimeline),
    ];

    private static IReadOnlyList<string> Warnings(ControlFile? old, TimelineHistory history) =>
        old is not null && !history.Contains(old.CheckPointTimeline, old.CheckPoint)
            ? [$"the old data directory is at {old.CheckPoint} of timeline {old.CheckPointTimeline}, and timeline {history.Timeline}, the latest one archived, left that way before: what the old server did after that is not part of this restore"]
            : [];
}
