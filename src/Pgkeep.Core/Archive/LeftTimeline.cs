using Pgkeep.Posix;
using Pgkeep.Postgres;

namespace Pgkeep.Archive;

/// <summary>
/// Where a recovery leaves the timeline of a segment that it asks for. It asks for a segment on every timeline of its history, and follows the parent's where it does
/// not get its own, whatever was written there since: a server that was left may have gone on, and have archived that. It must get none of it.
/// </summary>
/// <param name="History">Of the timeline that the recovery follows.</param>
/// <param name="End">Of the segment's timeline in it.</param>
// PostgreSQL src/backend/access/transam/xlogrecovery.c, XLogFileReadAnyTLI, which compares a segment with where a timeline begins, and not with where it ends
internal sealed record LeftTimeline(TimelineHistory History, Lsn End)
{
    /// <summary>Null where the history does not leave the segment's timeline.</summary>
    public static LeftTimeline? Of(WalSegmentName segment, TimelineHistory history) => history.EndOf(segment.Timeline) is { } end ? new LeftTimeline(history, end) : null;

    /// <summary>What to set for a recovery along a timeline. Both, for get-wal knows nothing of PostgreSQL's own setting.</summary>
    public static string HintFor(TimelineId timeline) =>
        $"to follow timeline {timeline}: recovery_target_timeline = '{timeline}', and get-wal --timeline {timeline} in the restore_command";

    /// <summary>Whether nothing of a segment is part of what the recovery follows.</summary>
    public bool IsBefore(WalSegmentName segment, WalSegmentSize size) => End <= segment.StartLsn(size);

    public bool IsWithin(WalSegmentName segment, WalSegmentSize size) => End > segment.StartLsn(size) && End < segment.StartLsn(size) + size.Bytes;

    /// <summary>Makes zero what is behind the end in a segment's plain file: there the WAL ends for the recovery.</summary>
    public void Cut(string path, WalSegmentName segment, WalSegmentSize size)
    {
        if (!IsWithin(segment, size))
        {
            return;
        }

        try
        {
            using var file = File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite);
            RandomAccess.SetLength(file, (long)(End - segment.StartLsn(size)));
            RandomAccess.SetLength(file, size.Bytes);
        }
        catch (Exception thrown) when (PosixError.IsInputOutput(thrown))
        {
            throw PosixError.From(thrown, "write", path);
        }
    }
}
