using System.Text;
using Pgkeep.Diagnostics;
using Pgkeep.Postgres;

namespace Pgkeep.Backup;

/// <summary>
/// Whether a standby is still on the timeline of its backup_label where the backup ends. pg_control tells late: a standby writes its minimum recovery
/// point and that one's timeline when it writes a page, and may have replayed long past a switch by then.
/// </summary>
internal static class StandbyTimeline
{
    /// <param name="timeline">Of backup_label.</param>
    /// <param name="histories">That the standby has in its pg_wal: with them it finds its way to a newer timeline.</param>
    /// <param name="segments">That it has there. A history alone proves no switch: that of a restore that was undone is kept as well.</param>
    public static void Require(
        TimelineId timeline, Lsn stop, WalSegmentSize size, IEnumerable<TimelineHistory> histories, IReadOnlySet<WalSegmentName> segments)
    {
        if (FindSwitch(timeline, stop, size, histories, segments) is { } history)
        {
            throw Switched(timeline, history.Timeline, $": timeline {timeline} ends at {history.EndOf(timeline)}, and WAL is replayed up to {stop}");
        }
    }

    /// <summary>The history along which the standby has left the timeline before the stop; null where it has not.</summary>
    public static TimelineHistory? FindSwitch(
        TimelineId timeline, Lsn stop, WalSegmentSize size, IEnumerable<TimelineHistory> histories, IReadOnlySet<WalSegmentName> segments) =>
        histories.FirstOrDefault(history => history.EndOf(timeline) is { } end && end < stop && segments.Any(segment =>
            segment.Timeline > timeline && history.BeginOf(segment.Timeline) is not null && segment.Number(size) == WalSegmentName.EndingAt(timeline, stop, size).Number(size)));

    public static PgkeepException Switched(TimelineId from, TimelineId to, string detail = "") => new(
        ErrorKind.ServerUnsuitable,
        $"the standby went over from timeline {from} to {to} while the backup ran, or since its last restartpoint{detail}",
        "take the backup again when the standby has replayed a checkpoint of the new primary");

    public static TimelineHistory Parse(TimelineId timeline, byte[] content) =>
        TimelineHistory.TryParse(timeline, Encoding.UTF8.GetString(content), out var history, out var problem)
            ? history
            : throw new PgkeepException(ErrorKind.WalInvalid, $"the server's \"pg_wal/{ArchivingProof.HistoryOf(timeline)}\" {problem}");
}
