using Pgkeep.Diagnostics;
using Pgkeep.Postgres;
using Pgkeep.Postgres.Wal.Index;
using Pgkeep.Repository;

namespace Pgkeep.Archive;

/// <summary>
/// Refuses a segment that does not go on where the stored one before it ends, as far as that one's index tells. Where anything is missing, nothing is said: what is refused
/// fills the server's disk.
/// </summary>
internal sealed class SegmentContinuity
{
    private readonly WalArchive _archive;
    private readonly WalIndexStore _indexes;

    public SegmentContinuity(WalArchive archive, WalIndexStore indexes) => (_archive, _indexes) = (archive, indexes);

    /// <exception cref="PgkeepException">Another server wrote what is stored before it.</exception>
    public async ValueTask RequireAsync(OfferedSegment segment, CancellationToken cancellationToken)
    {
        if (await FindBeforeAsync(segment.Name, segment.Identity.WalSegmentSize, cancellationToken) is not { } before
            || segment.ReadBeginning() is not { } beginning
            || WalContinuity.FindBreak(before.Ends, beginning) is not { } problem)
        {
            return;
        }

        var timeline = segment.Name.Timeline;
        throw new PgkeepException(
            ErrorKind.WalConflict,
            $"\"{segment.Path}\" does not go on where the stored {before.Name} ends: it {problem}",
            $"two servers write timeline {timeline}: a copy of the server was started without recovery.signal, or one was put back to what it was earlier, and both archive into one place",
            "nothing was stored; find out which server is the right one: the other needs a repository of its own (BACKUP_DIR), or is made anew from a backup",
            $"where this is the right one, move the other's segments of timeline {timeline} out of the archive; to store it after them all the same: rm \"{_indexes.Describe(before.Name)}\"");
    }

    /// <summary>The index of the stored segment that a segment must go on from; null where there is none.</summary>
    public async ValueTask<WalSegmentIndex?> FindBeforeAsync(WalSegmentName segment, WalSegmentSize size, CancellationToken cancellationToken)
    {
        try
        {
            return segment.Number(size) > 0 && await FindNameBeforeAsync(segment, size, cancellationToken) is { } before ? await _indexes.FindAsync(before, cancellationToken) : null;
        }
        catch (PgkeepException)
        {
            return null;
        }
    }

    /// <summary>On its timeline; where the timeline begins in the segment, on the one that it comes from.</summary>
    private async ValueTask<WalSegmentName?> FindNameBeforeAsync(WalSegmentName segment, WalSegmentSize size, CancellationToken cancellationToken)
    {
        var before = segment.Previous(size);
        if (segment.Timeline == TimelineId.First || await _archive.FindAsync(before.ToString(), cancellationToken) is not null)
        {
            return before;
        }

        var history = await _archive.ReadHistoryAsync(segment.Timeline, cancellationToken);
        var begin = history.BeginOf(segment.Timeline);
        return begin is { } position && position >= segment.StartLsn(size) && position < segment.StartLsn(size) + size.Bytes
            ? before with { Timeline = history.TimelineAt(new Lsn(segment.StartLsn(size).Value - 1)) }
            : null;
    }
}
