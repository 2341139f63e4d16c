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
            return FollowTimelines(new ReceiveStart(newest.Timeline, next, next), next, history, size);
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
        // Pages that follow from each other show what was written, not that all of it reached the disk before a power cut; what was acknowledged did.
        var kept = current.Extent is { IsSound: true, End: var end } && durable is { } acknowledged && acknowledged > start
            ? (acknowledged < end ? acknowledged : end)
            : start;
        var from = kept > start ? new Lsn(Math.Max(start.Value, (kept.Value - 1) / Overlap * Overlap)) : start;
        var reached = kept > start && durable is { } told && told > kept && IsOnSamePage(kept, told) ? told : kept;
        var followed = FollowTimelines(new ReceiveStart(current.Name.Timeline, from, kept), reached, history, size);
        return followed.Timeline != current.Name.Timeline && current.Extent is { } extent && extent.End > history.EndOf(current.Name.Timeline)
            ? followed with { Diverged = current }
            : followed;
    }

    /// <summary>
    /// A record may end in zeros, so what was acknowledged may lie behind the last byte that is not zero, on its page. It counts where a timeline ended right there,
    /// for the server does not stream from a timeline's end on.
    /// </summary>
    private static bool IsOnSamePage(Lsn kept, Lsn acknowledged) => (kept.Value - 1) / Overlap == (acknowledged.Value - 1) / Overlap;

    /// <summary>The new timeline's first segment begins with a copy of what the old one has of it, so it is received from its beginning.</summary>
    private static ReceiveStart FollowTimelines(ReceiveStart start, Lsn reached, TimelineHistory history, WalSegmentSize size) =>
        history.EndOf(start.Timeline) is { } end && reached >= end ? Begin(history, size, end) : start;
}
