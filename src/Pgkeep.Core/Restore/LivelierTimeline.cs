using Pgkeep.Postgres;
using Pgkeep.Repository;

namespace Pgkeep.Restore;

/// <summary>
/// A restore follows the timeline with the highest number, as a server does. Where a restore was undone, that is the one that was given up, and the archive does not say so; where the data
/// directory is lost, nothing beside it does either. What was written last tells.
/// </summary>
internal static class LivelierTimeline
{
    /// <param name="followed">By the restore.</param>
    /// <param name="passedOver">That are known not to be meant.</param>
    /// <param name="writtenAt">Of a stored file.</param>
    /// <returns>For a person; null where nothing was written later than on the timeline that is followed.</returns>
    public static async ValueTask<string?> FindAsync(
        TimelineHistory followed, WalInventory inventory, IReadOnlySet<TimelineId> passedOver, WalSegmentSize size, Func<StoredWalFile, ValueTask<DateTimeOffset>> writtenAt)
    {
        if (await LastWriteAsync(followed.Timeline) is not { } own)
        {
            return null;
        }

        foreach (var timeline in inventory.Timelines.Reverse().Where(timeline => timeline != followed.Timeline && !passedOver.Contains(timeline)))
        {
            var isOnTheWay = followed.EndOf(timeline) is not null && !WalChain.IsLeft(followed, inventory.SegmentsOf(timeline)[^1], size);
            if (!isOnTheWay && await LastWriteAsync(timeline) is { } last && last > own)
            {
                return $"timeline {timeline} was written on until {Show(last)}, and timeline {followed.Timeline}, which the restore follows as the newest, until {Show(own)} only: "
                    + $"where timeline {followed.Timeline} was given up, as by the rollback of a restore, the other one is meant: --target-timeline {timeline}";
            }
        }

        return null;

        async ValueTask<DateTimeOffset?> LastWriteAsync(TimelineId timeline)
        {
            var file = inventory.SegmentsOf(timeline) is [.., var last] ? inventory.Find(last.ToString()) : inventory.Find(timeline.ToHex() + ".history");
            return file is null ? null : await writtenAt(file);
        }
    }

    private static string Show(DateTimeOffset moment) => $"{moment.ToLocalTime():yyyy-MM-dd HH:mm:ss zzz}";
}
