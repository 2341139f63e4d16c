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
    public static WalChain Prove(
        BackupMetadata backup, TimelineHistory history, WalInventory inventory, IReadOnlySet<WalSegmentName> others, Func<string, string> describe)
    {
        var size = new WalSegmentSize(backup.Cluster.WalSegmentSize);
        var last = LastNumber(history, inventory, others, size);
        var stop = backup.StopWal.Number(size);
        var lastName = backup.StartWal;
        for (var number = backup.StartWal.Number(size); number <= Math.Max(last, stop); number++)
        {
            if (FindOn(history, number, size, inventory, others) is not { } found)
            {
                if (backup.EndsInPart && number == stop && last <= stop)
                {
                    lastName = backup.StopWal;
                    continue;
                }

                var missing = WalSegmentName.FromNumber(history.TimelineAt(WalSegmentName.FromNumber(history.Timeline, number, size).StartLsn(size)), number, size);
                throw new PgkeepException(
                    ErrorKind.WalMissing,
                    number < stop || (number == stop && !backup.EndsInPart)
                        ? $"\"{describe(missing.ToString())}\" is missing, and the backup is not consistent without it"
                        : $"\"{describe(missing.ToString())}\" is missing, and later segments are stored: the archive has a hole",
                    "nothing was changed",
                    "look for the segment in the server's old pg_wal, and archive it by hand: pgkeep archive-wal PATH NAME");
            }

            lastName = found;
        }

        return new WalChain(history.Timeline, backup.StartWal, lastName, checked((int)(lastName.Number(size) - backup.StartWal.Number(size) + 1)));
    }

    /// <summary>
    /// The timeline that recovery would call the latest one: the highest whose history goes through the backup. PostgreSQL looks for it by asking
    /// for one history after another and stops at the first that is not there, so a missing one in between is a failure here.
    /// </summary>
    /// <param name="newest">The highest timeline that has a history.</param>
    /// <param name="passedOver">Timelines that are not meant, and with them what comes of them: those of undone restores, and those begun after the target.</param>
    public static async ValueTask<TimelineHistory> ChooseTimelineAsync(
        BackupMetadata backup, TimelineId newest, HashSet<TimelineId> passedOver, Func<TimelineId, ValueTask<TimelineHistory>> read)
    {
        var chosen = await read(backup.Timeline);
        for (var timeline = backup.Timeline.Value + 1; timeline <= newest.Value; timeline++)
        {
            var history = await read(new TimelineId(timeline));
            var isPassedOver = passedOver.Contains(history.Timeline) || history.Switches.Any(past => passedOver.Contains(past.Timeline));
            chosen = !isPassedOver && history.Contains(backup.Timeline, backup.StopLsn) ? history : chosen;
        }

        return chosen;
    }

    private static ulong LastNumber(TimelineHistory history, WalInventory inventory, IReadOnlySet<WalSegmentName> others, WalSegmentSize size)
    {
        var timelines = history.Switches.Select(past => past.Timeline).Append(history.Timeline).ToHashSet();
        return timelines.SelectMany(inventory.SegmentsOf)
            .Concat(others.Where(segment => timelines.Contains(segment.Timeline)))
            .Where(segment => history.EndOf(segment.Timeline) is not { } end || segment.StartLsn(size) < end)
            .Select(segment => segment.Number(size))
            .DefaultIfEmpty(0ul)
            .Max();
    }

    /// <summary>Recovery tries the newest timeline that has begun by the segment, then the older ones (xlogrecovery.c, XLogFileReadAnyTLI).</summary>
    private static WalSegmentName? FindOn(
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
