using Pgkeep.Diagnostics;
using Pgkeep.Postgres;
using Pgkeep.Postgres.Wal;
using Pgkeep.Repository;

namespace Pgkeep.Check.Wal;

/// <summary>
/// The moments that a backup and the archive lead to. As a restore does: to a moment it goes along the newest timeline that comes from the
/// backup and had begun by then, and its history's time says when that was; those of undone restores it passes over.
/// </summary>
internal sealed class RecoveryWindows
{
    private readonly WalArchive _archive;
    private readonly WalInventory _inventory;
    private readonly WalCoverage _coverage;
    private readonly WalHistories _histories;
    private readonly RecoverableWal _wal;
    private readonly Dictionary<string, DateTimeOffset> _times = [];
    private readonly Dictionary<(WalSegmentName Last, DateTimeOffset? AtMost), (WalMoment? Commit, string? Problem)> _commits = [];

    /// <param name="coverage">With what receivers have that recovery can go on into.</param>
    /// <param name="wal">The same, to be read.</param>
    /// <param name="received">When what receivers have was last written to.</param>
    public RecoveryWindows(
        WalArchive archive, WalInventory inventory, WalCoverage coverage, WalHistories histories, RecoverableWal wal, IReadOnlyDictionary<WalSegmentName, DateTimeOffset> received)
    {
        _wal = wal;
        _archive = archive;
        _inventory = inventory;
        _coverage = coverage;
        _histories = histories;
        foreach (var (segment, time) in received.Where(segment => !inventory.Contains(segment.Key)))
        {
            _times.Add(segment.ToString(), time.ToLocalTime());
        }
    }

    /// <param name="passedOver">The timelines of undone restores, as a restore of the backup takes them.</param>
    public async ValueTask<IReadOnlyList<RecoveryWindow>> OfAsync(BackupMetadata backup, IReadOnlySet<TimelineId> passedOver, CancellationToken cancellationToken)
    {
        var windows = new List<RecoveryWindow>();
        (TimelineId Timeline, DateTimeOffset Begun)? next = null;
        foreach (var history in _histories.ByTimeline.Values.Where(history => LeadsThrough(history, backup) && !history.GoesThroughAny(passedOver)).OrderByDescending(history => history.Timeline))
        {
            var begun = history.Timeline == backup.Timeline ? null : await WrittenAtAsync(history.Timeline.ToHex() + ".history", cancellationToken);
            var window = await OfAsync(backup, history, begun, next, cancellationToken);
            // A timeline on which nothing was stored leads no further than the one it came from.
            if (window.To > window.From || history.Timeline == backup.Timeline)
            {
                windows.Add(window);
            }

            next = begun is { } time ? (history.Timeline, time) : next;
        }

        windows.Reverse();
        return windows;
    }

    private static bool LeadsThrough(TimelineHistory history, BackupMetadata backup) =>
        history.Timeline >= backup.Timeline && history.Contains(backup.Timeline, backup.StopLsn);

    private async ValueTask<RecoveryWindow> OfAsync(
        BackupMetadata backup, TimelineHistory history, DateTimeOffset? begun, (TimelineId Timeline, DateTimeOffset Begun)? next, CancellationToken cancellationToken)
    {
        var size = new WalSegmentSize(backup.Cluster.WalSegmentSize);
        var stop = backup.StopWal.Number(size);
        // The backup brings its own WAL. A standby's ends in the middle of a segment, of which the archive must have the whole.
        var first = backup.EndsInPart || _coverage.Needed(history, stop).Timeline != backup.Timeline ? stop : stop + 1;
        var last = _coverage.LastReached(history, first);
        var behind = last is { } reached ? reached.Number(size) + 1 : first;
        var from = begun is { } beginning && beginning > backup.Stopped ? beginning : backup.Stopped;
        var to = last is { } segment && await WrittenAtAsync(segment.ToString(), cancellationToken) is { } written && written > from ? written : from;
        var isLeft = next is { } left && left.Begun < to;
        to = isLeft ? next!.Value.Begun : to;
        var (commit, problem) = last is { } end ? await LastCommitAsync(backup, history, end, isLeft ? to : null, cancellationToken) : (null, null);
        // The time of a file moves in steps of some milliseconds, and may lie before the last commit in it.
        to = !isLeft && commit?.Time > to ? commit.Value.Time.ToLocalTime() : to;
        return new RecoveryWindow(backup, history.Timeline, from, to < from ? from : to, last, _coverage.HasFrom(history, behind) ? _coverage.Needed(history, behind) : null)
        {
            Next = isLeft ? next!.Value.Timeline : null,
            LastCommit = commit is { } found && found.Start >= backup.StopLsn ? found : null,
            IsLastCommitKnown = commit is not null || (problem is null && !(last?.Number(size) - stop >= (ulong)RecoverableRecords.MaxTail(size))),
            Problem = problem,
        };
    }

    /// <summary>Looked for once for all backups that lead to the same end: the oldest comes first, and sees furthest back.</summary>
    private async ValueTask<(WalMoment? Commit, string? Problem)> LastCommitAsync(
        BackupMetadata backup, TimelineHistory history, WalSegmentName last, DateTimeOffset? atMost, CancellationToken cancellationToken)
    {
        if (_commits.TryGetValue((last, atMost), out var known))
        {
            return known;
        }

        try
        {
            var size = new WalSegmentSize(backup.Cluster.WalSegmentSize);
            var records = new RecoverableRecords(_wal, number => _coverage.Needed(history, number));
            var commits = await records.LastCommitsAsync(backup.StopLsn, last.StartLsn(size) + size.Bytes, atMost, count: 1, cancellationToken);
            known = (commits is [.., var commit] ? commit : null, null);
        }
        catch (PgkeepException failure)
        {
            known = (null, failure.Message);
        }

        _commits.Add((last, atMost), known);
        return known;
    }

    /// <summary>Null where no such file is stored.</summary>
    private async ValueTask<DateTimeOffset?> WrittenAtAsync(string name, CancellationToken cancellationToken)
    {
        if (!_times.TryGetValue(name, out var time))
        {
            if (_inventory.Find(name) is not { } stored)
            {
                return null;
            }

            _times.Add(name, time = (await _archive.ReadWrittenAtAsync(stored, cancellationToken)).ToLocalTime());
        }

        return time;
    }
}
