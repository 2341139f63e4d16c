using Pgkeep.Postgres;
using Pgkeep.Repository;

namespace Pgkeep.Restore;

/// <summary>
/// Which timeline a restore to a moment goes along. One that began after the moment is passed over: on it, a restore that is repeated would find no commit to stop at,
/// or another's. But where a server is lost in the middle of a segment, that segment is never archived, and what the server wrote in it comes into the archive with the first
/// segment of the timeline that a standby begins there. The moment may lie in it: then the restore goes along that timeline, and ends before it begins.
/// </summary>
/// <param name="History">Of the timeline that is followed although it began after the target.</param>
/// <param name="Left">The timeline on which the target lies.</param>
/// <param name="Reached">Up to where that one's own WAL is there.</param>
/// <param name="End">Where it was left.</param>
/// <param name="IsProven">Whether its WAL up to there has something later than the target, at which the recovery ends.</param>
internal sealed record TargetTimeline(TimelineHistory History, TimelineId Left, Lsn Reached, Lsn End, bool IsProven)
{
    /// <summary>A history's reason where the recovery before it had all the WAL there was, as with a standby's promotion, and was not told to stop.</summary>
    // PostgreSQL src/backend/access/transam/xlogrecovery.c, getRecoveryStopReason
    private const string NoTarget = "no recovery target specified";

    /// <summary>Null where the newest timeline that had begun by the target is the one, as nearly always.</summary>
    /// <param name="known">The history of that one.</param>
    /// <param name="last">The last segment along it, wherever it is; null where there is none behind the backup's own.</param>
    /// <param name="later">Those that began after the target and lead through the backup.</param>
    /// <param name="findEnd">Up to where a segment is there; null where it is not.</param>
    /// <param name="hasLaterMomentAsync">Whether a segment has something later than the target before a position.</param>
    public static async ValueTask<TargetTimeline?> FindAsync(
        BackupMetadata backup,
        TimelineHistory known,
        WalSegmentName? last,
        IEnumerable<TimelineHistory> later,
        Func<WalSegmentName, Lsn?> findEnd,
        Func<WalSegmentName, Lsn, ValueTask<bool>> hasLaterMomentAsync)
    {
        var size = new WalSegmentSize(backup.Cluster.WalSegmentSize);
        var reached = last is { } segment && findEnd(segment) is { } end && end > backup.StopLsn ? end : backup.StopLsn;
        var continuing = later
            .Select(history => (History: history, End: history.EndOf(known.Timeline) ?? default))
            .Where(next => next.End > reached)
            .OrderByDescending(next => next.End)
            .ThenBy(next => next.History.Timeline)
            .ToList();
        if (continuing.Count == 0 || (last is { } own && await hasLaterMomentAsync(own, reached)))
        {
            return null;
        }

        foreach (var (history, left) in continuing)
        {
            var number = (left.Value - 1) / size.Bytes;
            var first = WalSegmentName.FromNumber(history.TimelineAt(new Lsn(((number + 1) * size.Bytes) - 1)), number, size);
            if (reached.Value < number * size.Bytes || first.Timeline == known.Timeline || !(findEnd(first) >= left))
            {
                continue;
            }

            // What a server wrote that archived nothing is lost whatever the new timeline took over.
            var hasArchived = !backup.EndsInItself || last?.Number(size) > backup.StopWal.Number(size);
            var isProven = await hasLaterMomentAsync(first, left);
            if (isProven || (left == continuing[0].End && TookAll(history, left) && hasArchived))
            {
                return new TargetTimeline(history, known.Timeline, reached, left, isProven);
            }
        }

        return null;
    }

    /// <summary>A recovery that was told to stop leaves WAL behind, and in that the target may lie.</summary>
    private static bool TookAll(TimelineHistory history, Lsn end) => history.Switches.Where(past => past.SwitchPoint == end).All(past => past.Reason == NoTarget);

    public override string ToString() =>
        $"timeline {History.Timeline} began after the target, but of timeline {Left} the archive has nothing behind {Reached}: the restore goes along timeline {History.Timeline}, which begins with timeline {Left}'s WAL up to {End}"
        + (IsProven ? ", and ends before that" : $"; that has no commit later than the target, so if timeline {Left} went on behind {End}, what it committed there before the target is lost");
}
