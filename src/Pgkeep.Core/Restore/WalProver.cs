using Pgkeep.Diagnostics;
using Pgkeep.Postgres;
using Pgkeep.Postgres.Wal.Targets;
using Pgkeep.Repository;
using Pgkeep.Restore.Databases;

namespace Pgkeep.Restore;

/// <summary>Finds the WAL of a restore in the archive, in the backup and in the old server's <c>pg_wal</c>, proves that it is whole, and reads where the recovery will end.</summary>
internal sealed class WalProver
{
    private readonly WalArchive _archive;
    private readonly BackupMetadata _backup;
    private readonly WalSources _sources;
    private readonly RecoveryTarget _target;
    private readonly TimelineId? _timeline;

    /// <param name="timeline">That a person chose; null for the newest that fits.</param>
    public WalProver(WalArchive archive, BackupMetadata backup, WalSources sources, RecoveryTarget target, TimelineId? timeline)
    {
        _archive = archive;
        _backup = backup;
        _sources = sources;
        _target = target;
        _timeline = timeline;
    }

    /// <summary>The databases that come with their content; null where all do.</summary>
    public DatabaseChoice? Databases { get; init; }

    /// <summary>Number of the first segment in which copies of databases are looked for.</summary>
    public ulong CopiesFrom { get; init; }

    /// <param name="known">Where the target was found before; null where it was not looked for yet.</param>
    /// <param name="isForPlan">Whether a person will see what is next to the target.</param>
    public async ValueTask<RestoreWal> ProveAsync(Lsn? known, bool isForPlan, CancellationToken cancellationToken)
    {
        var size = _sources.Identity.WalSegmentSize;
        var (inventory, unarchived, received) = (_sources.Inventory, _sources.Unarchived, _sources.Received);
        var ofBackup = SegmentsOfBackup(size);
        var others = _sources.Others(ofBackup);
        var later = await BegunAfterTargetAsync(cancellationToken);
        HashSet<TimelineId> passedOver = [.. _sources.Undone, .. later];
        var left = new List<TimelineHistory>();
        var history = _timeline is { } chosen ? await ReadChosenAsync(chosen) : await WalChain.ChooseTimelineAsync(_backup, _sources.Newest, passedOver, ReadAsync, left);
        var continuing = later.Count == 0 ? null : await FindContinuingAsync(history);
        history = continuing?.History ?? history;
        var latest = later.Count == 0 ? history : await WalChain.ChooseTimelineAsync(_backup, _sources.Newest, _sources.Undone, ReadAsync, []);
        var missing = MissingHistories(inventory, passedOver);
        IReadOnlyList<string> aside = [.. left.Select(LeftInside), .. missing.Select(MissingHistory)];
        if (_backup.EndsInItself && WalChain.FindContinuation(_backup, history, inventory, others, received.Keys) is not { IsThere: true } and var continuation)
        {
            return OfBackup(inventory, [.. unarchived.Where(file => file.Name.Kind == WalFileKind.History)], continuation?.First, missing, aside);
        }

        var reached = WalChain.LastReached(_backup, history, inventory, others);
        var path = new RecoveryPath(_sources.Open(ofBackup), number => WalChain.FindOn(history, number, size, inventory, others), reached);
        var finder = new RecoveryEndFinder(path.Wal, _backup, path.Find, reached);
        var end = await finder.FindAsync(_target, known, isForPlan, cancellationToken);
        var chain = Prove(history, inventory, others, end);
        end.RequireReached(_backup);
        if (isForPlan && _target.Kind == RecoveryTargetKind.Latest && _sources.Rescued.Count > 0)
        {
            await finder.RequireWholeAsync(_sources.Rescued.Min(segment => segment.Number(size)), cancellationToken);
        }

        if (Databases is { } databases)
        {
            await CopiedDatabases.RequireNoneAsync(databases, finder, _backup.StartLsn, end.NeededUntil, CopiesFrom, cancellationToken);
        }

        Lsn? until = received.TryGetValue(chain.Last, out var receivedEnd) ? receivedEnd : null;
        if (end.NeededUntil is null && history.EndOf(chain.Last.Timeline) is { } leaving)
        {
            // The old server may have gone on behind that; get-wal leaves it out.
            var last = until ?? chain.Last.StartLsn(size) + size.Bytes;
            last = leaving < last ? leaving : last;
            path = path with { Until = last };
            until = until is null ? null : last;
            aside = [.. aside, $"timeline {history.Timeline}'s own WAL is missing: the restore ends at {last} of timeline {chain.Last.Timeline}, which was left at {leaving}, and what was written on timeline {history.Timeline} is no part of it"];
        }

        if (isForPlan && _timeline is null && _target.Kind == RecoveryTargetKind.Latest
            && await LivelierTimeline.FindAsync(history, inventory, passedOver, size, file => _archive.ReadWrittenAtAsync(file, cancellationToken)) is { } livelier)
        {
            aside = [.. aside, livelier];
        }

        var behind = unarchived.Where(file => file.Name.Segment is { } segment && WalChain.IsLeft(history, segment, size)).ToList();
        if (behind.Count > 0)
        {
            aside = [.. aside, LeftBehind(behind, history)];
        }

        return new RestoreWal(
            chain, [.. unarchived.Except(behind)], [.. continuing is not null ? [continuing.ToString()] : later.Count > 0 ? LaterTimelines(later, history) : Warnings(_sources.Control, history), .. aside])
        {
            End = end,
            Path = path,
            HasArchive = true,
            WithoutHistory = missing,
            ReceivedUntil = until,
            Latest = latest.Timeline,
            HasHoleBehind = end.NeededUntil is not null && WalChain.FindLast(history, inventory, others, size) is { } stored && stored.Number(size) > reached,
        };

        async ValueTask<TargetTimeline?> FindContinuingAsync(TimelineHistory known)
        {
            var histories = new List<TimelineHistory>();
            foreach (var timeline in later)
            {
                histories.Add(await ReadAsync(timeline));
            }

            var wal = _sources.Open(ofBackup);
            return await TargetTimeline.FindAsync(
                _backup,
                known,
                WalChain.FindLast(known, inventory, others, size),
                histories.Where(next => next.Contains(_backup.Timeline, _backup.StopLsn) && !next.GoesThroughAny(_sources.Undone)),
                wal.FindEnd,
                (segment, until) => wal.HasStopAsync(segment, until, _target, cancellationToken));
        }

        async ValueTask<TimelineHistory> ReadChosenAsync(TimelineId timeline)
        {
            var read = await _sources.ReadNamedAsync(_backup, timeline, cancellationToken);
            return read.Contains(_backup.Timeline, _backup.StopLsn) ? read : throw NotThrough(read);
        }

        ValueTask<TimelineHistory> ReadAsync(TimelineId timeline) => _sources.ReadHistoryAsync(_backup, timeline, cancellationToken);
    }

    private WalChain Prove(TimelineHistory history, WalInventory inventory, HashSet<WalSegmentName> others, RecoveryEnd end)
    {
        try
        {
            return WalChain.Prove(_backup, history, inventory, others, _archive.Describe, end.NeededUntil);
        }
        catch (PgkeepException hole) when (hole.Kind == ErrorKind.WalMissing && end.LastCommit is { Xid: > 0 } last)
        {
            throw new PgkeepException(
                hole.Kind,
                hole.Message,
                hole,
                [.. hole.Hints, $"the last commit before it is at {last.Time.ToLocalTime():yyyy-MM-dd HH:mm:ss.FFFFFF zzz}: --target-xid {last.Xid} restores up to there"]);
        }
    }

    private PgkeepException NotThrough(TimelineHistory history) => new(
        ErrorKind.TargetUnreachable,
        history.EndOf(_backup.Timeline) is { } end
            ? $"timeline {history.Timeline} left timeline {_backup.Timeline} at {end}, before the end of {_backup.Name} at {_backup.StopLsn}"
            : $"timeline {history.Timeline} does not come from timeline {_backup.Timeline}, on which {_backup.Name} was taken",
        "another backup may lead there: leave the backup out, and the newest that fits is taken");

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
    private List<TimelineId> MissingHistories(WalInventory inventory, HashSet<TimelineId> passedOver)
    {
        var size = new WalSegmentSize(_backup.Cluster.WalSegmentSize);
        return
        [
            .. inventory.Timelines.Where(timeline => timeline > _backup.Timeline && !passedOver.Contains(timeline)
                && !inventory.HasHistory(timeline) && !_sources.HasLocalHistory(timeline)
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
        if (_target.Kind is not (RecoveryTargetKind.Latest or RecoveryTargetKind.Immediate))
        {
            throw name is not null
                ? new PgkeepException(
                    ErrorKind.WalMissing, WalChain.Hole(name), "nothing was changed", "look for the segment in the server's old pg_wal, and archive it by hand: pgkeep archive-wal PATH NAME")
                : missing.Count > 0
                    ? new PgkeepException(ErrorKind.WalMissing, MissingHistory(missing[0]), "nothing was changed; leave the target out to restore the backup to its own end")
                    : EndsInItself(_backup, _target);
        }

        var reason = name is not null ? WalChain.Hole(name)
            : missing.Count > 0 ? $"nothing that was archived after {_backup.Name} can be reached"
            : $"nothing after {_backup.Name} was archived";
        return new RestoreWal(
            WalChain.OfBackup(_backup), histories, [$"{reason}: the restore leads to the backup's own end, and what was written since is only in the old data directory{(name is not null || missing.Count > 0 ? " and in the archive" : "")}", .. aside])
        {
            // It is the only moment there is, with a target or without.
            End = new RecoveryEnd(RecoveryTarget.Latest, null),
            Path = new RecoveryPath(_sources.Open(new HashSet<WalSegmentName>()), _ => null, _backup.StopWal.Number(_sources.Identity.WalSegmentSize)),
            EndsWithBackup = true,
            IsCutOff = name is not null || missing.Count > 0,
            HasArchive = inventory.Files.Any(),
            WithoutHistory = missing,
        };
    }

    private static PgkeepException EndsInItself(BackupMetadata backup, RecoveryTarget target) => new(
        ErrorKind.TargetUnreachable,
        $"the target, {target}, lies after the end of {backup.Name}, {backup.Stopped.ToLocalTime():yyyy-MM-dd HH:mm:ss zzz}, and no WAL was archived that leads there",
        "a backup without archiving restores to its own end only: leave the target out");

    private async ValueTask<HashSet<TimelineId>> BegunAfterTargetAsync(CancellationToken cancellationToken)
    {
        if (_target.Time is not { } moment || _timeline is not null)
        {
            return [];
        }

        var later = await _sources.BegunAfterAsync(moment, cancellationToken);

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
