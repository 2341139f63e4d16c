using Pgkeep.Diagnostics;
using Pgkeep.Postgres;
using Pgkeep.Repository;

namespace Pgkeep.Restore;

/// <summary>The WAL that a restore will replay: proven to be without a hole from the backup's start to the last segment there is.</summary>
/// <param name="Timeline">That recovery is pinned to.</param>
/// <param name="First">Of the backup.</param>
/// <param name="Last">Stored, on the way to the timeline's end.</param>
/// <param name="Count">Segments from first to last.</param>
internal sealed record WalChain(TimelineId Timeline, WalSegmentName First, WalSegmentName Last, int Count)
{
    /// <summary>Nothing but the backup's own segments.</summary>
    public static WalChain OfBackup(BackupMetadata backup)
    {
        var size = new WalSegmentSize(backup.Cluster.WalSegmentSize);
        return new WalChain(
            backup.Timeline, backup.StartWal, backup.StopWal, checked((int)(backup.StopWal.Number(size) - backup.StartWal.Number(size) + 1)));
    }

    /// <param name="inventory">Of the archive.</param>
    /// <param name="others">
    /// Segments outside the archive that recovery will find as well: the backup's own whole ones, and those the old server still has. One that the
    /// backup has in part is the end of all WAL, or it is no link of the chain.
    /// </param>
    /// <param name="until">Where the recovery ends; null for the end of all there is. What lies behind that may have holes.</param>
    public static WalChain Prove(
        BackupMetadata backup, TimelineHistory history, WalInventory inventory, IReadOnlySet<WalSegmentName> others, Func<string, string> describe, Lsn? until = null)
    {
        var size = new WalSegmentSize(backup.Cluster.WalSegmentSize);
        var last = LastNumber(history, inventory, others, size);
        var stop = backup.StopWal.Number(size);
        var lastName = backup.StartWal;
        for (var number = backup.StartWal.Number(size); number <= LastNeeded(Math.Max(last, stop), stop, until, size); number++)
        {
            if (FindLink(history, number, last, size, inventory, others) is not { } found)
            {
                if (backup.EndsInPart && number == stop && last <= stop)
                {
                    lastName = backup.StopWal;
                    continue;
                }

                var missing = Needed(history, number, size);
                throw new PgkeepException(
                    ErrorKind.WalMissing,
                    number < stop || (number == stop && missing.Timeline == backup.Timeline && !backup.EndsInPart)
                        ? $"\"{describe(missing.ToString())}\" is missing, and the backup is not consistent without it"
                        : Hole(describe(missing.ToString())),
                    "nothing was changed",
                    "look for the segment in the server's old pg_wal, and archive it by hand: pgkeep archive-wal PATH NAME");
            }

            lastName = found;
        }

        return new WalChain(history.Timeline, backup.StartWal, lastName, checked((int)(lastName.Number(size) - backup.StartWal.Number(size) + 1)));
    }

    /// <summary>
    /// The number of the last segment that is reached along a history without a hole; of the backup's last, or less, where nothing leads further.
    /// </summary>
    public static ulong LastReached(BackupMetadata backup, TimelineHistory history, WalInventory inventory, IReadOnlySet<WalSegmentName> others)
    {
        var size = new WalSegmentSize(backup.Cluster.WalSegmentSize);
        var last = LastNumber(history, inventory, others, size);
        var number = backup.StopWal.Number(size);
        while (number < last && FindLink(history, number + 1, last, size, inventory, others) is not null)
        {
            number++;
        }

        return number;
    }

    /// <summary>
    /// The segment that leads from the backup's own WAL further along a history, and whether it is there. Null where the archive has nothing of that
    /// history behind the backup; what the old server alone has does not lead a backup without archiving further.
    /// </summary>
    /// <param name="received">Segments that were being received count as archived.</param>
    public static WalContinuation? FindContinuation(
        BackupMetadata backup, TimelineHistory history, WalInventory inventory, IReadOnlySet<WalSegmentName> others, params IEnumerable<WalSegmentName> received)
    {
        HashSet<WalSegmentName> beside = [.. received.Where(segment => IsOn(history, segment, new WalSegmentSize(backup.Cluster.WalSegmentSize)))];
        var size = new WalSegmentSize(backup.Cluster.WalSegmentSize);
        var stop = backup.StopWal.Number(size);
        var first = backup.EndsInPart || Needed(history, stop, size).Timeline != backup.Timeline ? stop : stop + 1;
        var last = LastNumber(history, inventory, beside, size);
        var isArchived = SegmentsOn(history, inventory, size).Concat(beside).Any(segment => segment.Number(size) >= first && (backup.EndsInPart || segment != backup.StopWal));
        return isArchived ? new WalContinuation(Needed(history, first, size), FindLink(history, first, last, size, inventory, others) is not null) : null;
    }

    public static string Hole(string segment) => $"\"{segment}\" is missing, and later segments are stored: the archive has a hole";

    /// <summary>
    /// The timeline that recovery would call the latest one: the highest whose history goes through the backup. PostgreSQL looks for it by asking
    /// for one history after another and stops at the first that is not there, so a missing one in between is a failure here.
    /// </summary>
    /// <param name="newest">The highest timeline that has a history.</param>
    /// <param name="passedOver">Timelines that are not meant, and with them what comes of them: those of undone restores, and those begun after the target.</param>
    /// <param name="left">Takes those that left the backup's timeline between its start and its stop: no restore of the backup gets there.</param>
    public static async ValueTask<TimelineHistory> ChooseTimelineAsync(
        BackupMetadata backup, TimelineId newest, HashSet<TimelineId> passedOver, Func<TimelineId, ValueTask<TimelineHistory>> read, List<TimelineHistory> left)
    {
        var chosen = await read(backup.Timeline);
        for (var timeline = backup.Timeline.Value + 1; timeline <= newest.Value; timeline++)
        {
            var history = await read(new TimelineId(timeline));
            if (history.GoesThroughAny(passedOver))
            {
                continue;
            }

            if (history.Contains(backup.Timeline, backup.StopLsn))
            {
                chosen = history;
            }
            else if (history.EndOf(backup.Timeline) is { } end && end > backup.StartLsn && end < backup.StopLsn)
            {
                left.Add(history);
            }
        }

        return chosen;
    }

    /// <summary>The last segment along a history; null where there is none.</summary>
    public static WalSegmentName? FindLast(TimelineHistory history, WalInventory inventory, IReadOnlySet<WalSegmentName> others, WalSegmentSize size) =>
        FindOn(history, LastNumber(history, inventory, others, size), size, inventory, others);

    /// <summary>Whether the history has left the segment's timeline before it, or where it begins.</summary>
    public static bool IsLeft(TimelineHistory history, WalSegmentName segment, WalSegmentSize size) =>
        history.EndOf(segment.Timeline) is { } end && segment.StartLsn(size) >= end;

    private static ulong LastNumber(TimelineHistory history, WalInventory inventory, IReadOnlySet<WalSegmentName> others, WalSegmentSize size) =>
        SegmentsOn(history, inventory, size)
            .Concat(others.Where(segment => IsOn(history, segment, size)))
            .Select(segment => segment.Number(size))
            .DefaultIfEmpty(0ul)
            .Max();

    private static IEnumerable<WalSegmentName> SegmentsOn(TimelineHistory history, WalInventory inventory, WalSegmentSize size) =>
        history.Switches.Select(past => past.Timeline).Append(history.Timeline).SelectMany(inventory.SegmentsOf).Where(segment => IsOn(history, segment, size));

    private static bool IsOn(TimelineHistory history, WalSegmentName segment, WalSegmentSize size) =>
        history.BeginOf(segment.Timeline) is not null && !IsLeft(history, segment, size);

    /// <summary>The segment that has all of the history's WAL of that number: where a timeline begins inside, its first segment has the old one's part too.</summary>
    private static WalSegmentName Needed(TimelineHistory history, ulong number, WalSegmentSize size) =>
        WalSegmentName.FromNumber(history.TimelineAt(new Lsn(((number + 1) * size.Bytes) - 1)), number, size);

    /// <summary>What an old timeline has of the segment in which the next one begins leads to the switch only, and to no later segment.</summary>
    private static WalSegmentName? FindLink(
        TimelineHistory history, ulong number, ulong last, WalSegmentSize size, WalInventory inventory, IReadOnlySet<WalSegmentName> others) =>
        FindOn(history, number, size, inventory, others) is { } found && (number >= last || found == Needed(history, number, size)) ? found : null;

    private static ulong LastNeeded(ulong last, ulong stop, Lsn? until, WalSegmentSize size) =>
        until is { } end ? Math.Clamp((end.Value - 1) / size.Bytes, stop, last) : last;

    /// <summary>Recovery tries the newest timeline that has begun by the segment, then the older ones (xlogrecovery.c, XLogFileReadAnyTLI).</summary>
    public static WalSegmentName? FindOn(
        TimelineHistory history, ulong number, WalSegmentSize size, WalInventory inventory, IReadOnlySet<WalSegmentName> others)
    {
        foreach (var timeline in history.Switches.Select(past => past.Timeline).Append(history.Timeline).Reverse())
        {
            var begins = history.BeginOf(timeline) is { } begin ? begin.Value / size.Bytes : 0;
            var ends = history.EndOf(timeline) is { } end ? (end.Value - 1) / size.Bytes : ulong.MaxValue;
            var segment = WalSegmentName.FromNumber(timeline, number, size);
            if (number >= begins && number <= ends && (inventory.Contains(segment) || others.Contains(segment)))
            {
                return segment;
            }
        }

        return null;
    }
}

/// <param name="First">The segment that leads on from a backup's own WAL.</param>
/// <param name="IsThere">In the archive, or with what else recovery will find.</param>
internal sealed record WalContinuation(WalSegmentName First, bool IsThere);
