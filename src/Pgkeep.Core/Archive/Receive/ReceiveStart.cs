using Pgkeep.Postgres;
using Pgkeep.Repository;

namespace Pgkeep.Archive.Receive;

/// <summary>Where a session goes on, decided from what is durable here and from the server's history, as if nobody remembered the session before.</summary>
/// <param name="Timeline">To stream.</param>
/// <param name="From">Where the stream begins: at a segment's beginning, or shortly before <paramref name="KeptUntil"/>.</param>
/// <param name="KeptUntil">What the plain file has up to here stays; what the server sends of it again must be the same.</param>
internal sealed record ReceiveStart(TimelineId Timeline, Lsn From, Lsn KeptUntil)
{
    /// <summary>That much is asked for again: enough to notice that the server's WAL is not the one that was received.</summary>
    private const uint Overlap = 8192;

    /// <summary>Whether neither the archive nor the receiver's directory has anything that leads here.</summary>
    public bool IsFirst { get; private init; }

    /// <summary>An old timeline's last segment of which more was received than the server's history has of it; null mostly.</summary>
    public ReceivedSegment? Diverged { get; private init; }

    /// <param name="history">Of the server's timeline.</param>
    /// <param name="received">In this receiver's directory; those that are complete are in the archive already.</param>
    /// <param name="durable">Up to where the server was told that WAL is durable here; null where nobody knows.</param>
    /// <param name="origin">Where to begin when there is nothing yet: the slot's position, or else the server's.</param>
    public static ReceiveStart Plan(
        TimelineHistory history, WalSegmentSize size, IEnumerable<ReceivedSegment> received, WalInventory archive, Lsn? durable, Lsn origin)
    {
        var archived = history.Switches.Select(past => past.Timeline).Append(history.Timeline)
            .SelectMany(archive.SegmentsOf)
            .Where(segment => IsOn(history, segment, size))
            .Select(segment => (WalSegmentName?)segment)
            .Max();
        var current = received
            .Where(segment => IsOn(history, segment.Name, size) && (archived is not { } last || segment.Name.CompareTo(last) > 0))
            .MaxBy(segment => segment.Name);
        if (current is not null)
        {
            return Continue(current, history, size, durable);
        }

        if (archived is { } newest)
        {
            var next = newest.Next(size).StartLsn(size);
            // The new timeline's first segment begins with a copy of what the old one has of it, so it is received from its beginning.
            return history.EndOf(newest.Timeline) is { } end && next >= end ? Begin(history, size, end) : new ReceiveStart(newest.Timeline, next, next);
        }

        return Begin(history, size, origin) with { IsFirst = true };
    }

    /// <summary>At the beginning of the segment that holds a position.</summary>
    public static ReceiveStart Begin(TimelineHistory history, WalSegmentSize size, Lsn origin)
    {
        var timeline = history.TimelineAt(origin);
        var start = WalSegmentName.FromLsn(timeline, origin, size).StartLsn(size);
        return new ReceiveStart(timeline, start, start);
    }

    /// <summary>Whether a segment is part of what leads to the server's timeline.</summary>
    public static bool IsOn(TimelineHistory history, WalSegmentName segment, WalSegmentSize size) =>
        segment.IsValidFor(size) && history.BeginOf(segment.Timeline) is { } begin
        && segment.StartLsn(size) + size.Bytes > begin
        && (history.EndOf(segment.Timeline) is not { } end || segment.StartLsn(size) < end);

    private static ReceiveStart Continue(ReceivedSegment current, TimelineHistory history, WalSegmentSize size, Lsn? durable)
    {
        var start = current.Name.StartLsn(size);
        if (history.EndOf(current.Name.Timeline) is { } left && left < start + size.Bytes)
        {
            // However much of the old one's part is here: the new timeline's segment brings all of it, and the old one's is never whole.
            return Begin(history, size, left) with { Diverged = current.Extent?.End > left ? current : null };
        }

        // Pages that follow from each other show what was written, not that all of it reached the disk before a power cut; what was acknowledged did.
        var kept = current.Extent is { IsSound: true, End: var end } && durable is { } acknowledged && acknowledged > start
            ? (acknowledged < end ? acknowledged : end)
            : start;
        var from = kept > start ? new Lsn(Math.Max(start.Value, (kept.Value - 1) / Overlap * Overlap)) : start;
        return new ReceiveStart(current.Name.Timeline, from, kept);
    }
}
