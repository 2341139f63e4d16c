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
        var size = new WalSegmentSize(_backup.Cluster.WalSegmentSize);
        var identity = new RepositoryIdentity(_backup.Cluster.SystemIdentifier, _backup.Cluster.PostgresqlMajor, size);
        var receiving = new ReceivedWal(_archive, identity).ReadAll();
        var inventory = await _archive.ListAsync(cancellationToken);
        var unarchived = _old is null ? [] : UnarchivedWal.Of(_old, inventory);
        var local = ReadHistories(unarchived);
        var newest = inventory.Files.Where(stored => stored.File.Kind == WalFileKind.History).Select(stored => stored.File.Timeline)
            .Concat(local.Keys)
            .Append(TimelineId.First)
            .Max();
        var ofBackup = SegmentsOfBackup(size);
        var received = ReceivedWal.Beyond(inventory, receiving, size);
        HashSet<WalSegmentName> others = [.. unarchived.Select(file => file.Name.Segment).OfType<WalSegmentName>(), .. ofBackup, .. received.Keys];

        var control = _old is null ? null : ControlFileReader.TryRead(_old);
        var undone = UndoneTimelines.Of(_dataDirectory, control, _backup.Cluster.SystemIdentifier);
        var later = await BegunAfterTargetAsync(inventory, unarchived, cancellationToken);
        HashSet<TimelineId> passedOver = [.. undone, .. later];
        var left = new List<TimelineHistory>();
        var history = await WalChain.ChooseTimelineAsync(_backup, newest, passedOver, ReadAsync, left);
        var continuing = later.Count == 0 ? null : await FindContinuingAsync(history);
        history = continuing?.History ?? history;
        var latest = later.Count == 0 ? history : await WalChain.ChooseTimelineAsync(_backup, newest, undone, ReadAsync, []);
        var missing = MissingHistories(inventory, local, passedOver);
        IReadOnlyList<string> aside = [.. left.Select(LeftInside), .. missing.Select(MissingHistory)];
        if (_backup.EndsInItself && WalChain.FindContinuation(_backup, history, inventory, others, received.Keys) is not { IsThere: true } and var continuation)
        {
            return OfBackup(inventory, [.. unarchived.Where(file => file.Name.Kind == WalFileKind.History)], continuation?.First, missing, aside);
        }

        var chain = WalChain.Prove(_backup, history, inventory, others, _archive.Describe);
        Lsn? until = received.TryGetValue(chain.Last, out var end) ? end : null;
        if (history.EndOf(chain.Last.Timeline) is { } leaving)
        {
            // The old server may have gone on behind that; get-wal leaves it out.
            var last = until ?? chain.Last.StartLsn(size) + size.Bytes;
            last = leaving < last ? leaving : last;
            until = until is null ? null : last;
            aside = [.. aside, $"timeline {history.Timeline}'s own WAL is missing: the restore ends at {last} of timeline {chain.Last.Timeline}, which was left at {leaving}, and what was written on timeline {history.Timeline} is no part of it"];
        }

        var behind = unarchived.Where(file => file.Name.Segment is { } segment && WalChain.IsLeft(history, segment, size)).ToList();
        if (behind.Count > 0)
        {
            aside = [.. aside, LeftBehind(behind, history)];
        }

        return new RestoreWal(
            chain, [.. unarchived.Except(behind)], [.. continuing is not null ? [continuing.ToString()] : later.Count > 0 ? LaterTimelines(later, history) : Warnings(control, history), .. aside])
        {
            HasArchive = true,
            WithoutHistory = missing,
            ReceivedUntil = until,
            Latest = latest.Timeline,
        };

        async ValueTask<TargetTimeline?> FindContinuingAsync(TimelineHistory known)
        {
            var histories = new List<TimelineHistory>();
            foreach (var timeline in later)
            {
                histories.Add(await ReadAsync(timeline));
            }

            var wal = new RecoverableWal(_archive, inventory, identity, ofBackup, unarchived, receiving.SelectMany(segments => segments).Where(segment => received.ContainsKey(segment.Name)));
            return await TargetTimeline.FindAsync(
                _backup,
                known,
                WalChain.FindLast(known, inventory, others, size),
                histories.Where(next => next.Contains(_backup.Timeline, _backup.StopLsn) && !next.GoesThroughAny(undone)),
                wal.FindEnd,
                (segment, until) => wal.HasLaterMomentAsync(segment, until, _target!.Value, cancellationToken));
        }

        // A backup without archiving can be restored to its own end whatever became of the server's histories since; none leads through it.
        async ValueTask<TimelineHistory> ReadAsync(TimelineId timeline) =>
            local.GetValueOrDefault(timeline)
            ?? (_backup.EndsInItself && timeline > _backup.Timeline && !inventory.HasHistory(timeline)
                ? TimelineHistory.Initial(timeline)
                : await _archive.ReadHistoryAsync(timeline, cancellationToken));
    }

    private HashSet<WalSegmentName> SegmentsOfBackup(WalSegmentSize size)
    {
        var segments = new HashSet<WalSegmentName>();
        for (var segment = _backup.StartWal; segment.CompareTo(_backup.StopWal) < 0; segment = segment.Next(size))
        {
            segments.Add(segment);
        }

        if (!_backup.EndsInPart)
        {
            segments.Add(_backup.StopWal);
        }

        return segments;
    }

    /// <summary>
    /// Newer timelines of which the archive has segments behind the backup and nobody the history. A server archives that when its timeline begins,
    /// so where archiving was turned on later, only a backup stores it.
    /// </summary>
    private List<TimelineId> MissingHistories(WalInventory inventory, Dictionary<TimelineId, TimelineHistory> local, HashSet<TimelineId> passedOver)
    {
        var size = new WalSegmentSize(_backup.Cluster.WalSegmentSize);
        return
        [
            .. inventory.Timelines.Where(timeline => timeline > _backup.Timeline && !passedOver.Contains(timeline)
                && !inventory.HasHistory(timeline) && !local.ContainsKey(timeline)
                && inventory.SegmentsOf(timeline).Any(segment => segment.Number(size) >= _backup.StopWal.Number(size))),
        ];
    }

    private string MissingHistory(TimelineId timeline) =>
        $"\"{_archive.Describe(timeline.ToHex() + ".history")}\" is missing, though the archive has segments of timeline {timeline}: nothing tells where it begins, so they are no part of this restore; pgkeep backup stores it again from a server on that timeline";

    private string LeftInside(TimelineHistory history) =>
        $"timeline {history.Timeline} left timeline {_backup.Timeline} at {history.EndOf(_backup.Timeline)}, before the end of {_backup.Name} at {_backup.StopLsn}: what was written on it is no part of this restore, and an earlier backup may lead there";

    /// <summary>In the new cluster's pg_wal they would stop its recovery, which asks for them where its own timeline ends; and it would archive them.</summary>
    private static string LeftBehind(List<UnarchivedFile> files, TimelineHistory history) =>
        $"{(files.Count == 1 ? $"{files[0].Name.Name} in the old server's pg_wal was" : $"{files.Count} segments in the old server's pg_wal, {files[0].Name.Name} to {files[^1].Name.Name}, were")} written behind where timeline {history.Timeline} had left {(files.Count == 1 ? "its" : "their")} timeline: no part of this restore, and kept in the old data directory only";

    /// <summary>What the old server wrote since is no part of it, even where its last segments are still there: such a backup leads to one moment.</summary>
    /// <param name="histories">The old server's, so that the number of the new timeline is a free one.</param>
    /// <param name="hole">That would lead further to what is archived; null where nothing is.</param>
    /// <param name="missing">Timelines that may lead further, had they a history.</param>
    private RestoreWal OfBackup(
        WalInventory inventory, IReadOnlyList<UnarchivedFile> histories, WalSegmentName? hole, List<TimelineId> missing, IReadOnlyList<string> aside)
    {
        var name = hole is { } segment ? _archive.Describe(segment.ToString()) : null;
        if (_target is { } target)
        {
            throw name is not null
                ? new PgkeepException(
                    ErrorKind.WalMissing, WalChain.Hole(name), "nothing was changed", "look for the segment in the server's old pg_wal, and archive it by hand: pgkeep archive-wal PATH NAME")
                : missing.Count > 0
                    ? new PgkeepException(ErrorKind.WalMissing, MissingHistory(missing[0]), "nothing was changed; leave the target out to restore the backup to its own end")
                    : EndsInItself(_backup, target);
        }

        var reason = name is not null ? WalChain.Hole(name)
            : missing.Count > 0 ? $"nothing that was archived after {_backup.Name} can be reached"
            : $"nothing after {_backup.Name} was archived";
        return new RestoreWal(
            WalChain.OfBackup(_backup), histories, [$"{reason}: the restore leads to the backup's own end, and what was written since is only in the old data directory{(name is not null || missing.Count > 0 ? " and in the archive" : "")}", .. aside])
        {
            EndsWithBackup = true,
            IsCutOff = name is not null || missing.Count > 0,
            HasArchive = inventory.Files.Any(),
            WithoutHistory = missing,
        };
    }

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

        // The backup's own was there when it began, whenever its history was stored.
        later.RemoveWhere(timeline => timeline <= _backup.Timeline);
        return later;
    }

    private static IReadOnlyList<string> LaterTimelines(HashSet<TimelineId> later, TimelineHistory history) =>
        [$"timeline {later.Max()} began after the target, so the restore goes along timeline {history.Timeline}; what was written since then is only in the old data directory and on that timeline"];

    private static IReadOnlyList<string> Warnings(ControlFile? old, TimelineHistory history) =>
        old is not null && !history.Contains(old.CheckPointTimeline, old.CheckPoint)
            ? [$"the old data directory is at {old.CheckPoint} of timeline {old.CheckPointTimeline}, and timeline {history.Timeline}, the latest one archived, left that way before: what the old server did after that is not part of this restore"]
            : [];
}
