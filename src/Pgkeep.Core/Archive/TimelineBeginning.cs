using Pgkeep.Diagnostics;
using Pgkeep.Posix;
using Pgkeep.Postgres;
using Pgkeep.Repository;

namespace Pgkeep.Archive;

/// <summary>
/// The segment in which a timeline began, where nothing is stored of it: the parent's of the same number up to where the timeline left it, and zero behind that. The new
/// timeline's own begins with the same, the parent's number in the headers of its pages included. A recovery that gets it ends there or before; one that does not
/// asks for the parent's next, which goes on with what the parent's server wrote since.
/// </summary>
// PostgreSQL src/backend/access/transam/xlog.c, XLogInitNewTimeline, XLogFileCopy; xlogrecovery.c, XLogFileReadAnyTLI
internal sealed class TimelineBeginning
{
    private readonly WalArchive _archive;
    private readonly RepositoryIdentity _identity;
    private readonly WalSegmentSize _size;
    private readonly string _destination;

    /// <param name="destination">restore_command's <c>%p</c>.</param>
    public TimelineBeginning(WalArchive archive, RepositoryIdentity identity, string destination)
    {
        (_archive, _identity, _size) = (archive, identity, identity.WalSegmentSize);
        _destination = destination;
    }

    /// <summary>Where the recovery leaves the segment's timeline; null where it does not, or nobody knows.</summary>
    public LeftTimeline? Left { get; init; }

    /// <summary>Whether get-wal was told which timeline the recovery follows.</summary>
    public bool IsPinned { get; init; }

    /// <summary>Whether the server would not end its recovery before what somebody has asked for.</summary>
    public required Func<bool> HasTarget { get; init; }

    /// <summary>
    /// Of a segment that is proven absent. False where it is not the one in which a timeline began, or nothing is there to make it of. Throws where nobody said that
    /// the recovery may end there, and the parent goes on.
    /// </summary>
    public async ValueTask<bool> TryWriteAsync(WalSegmentName wanted, string path, CancellationToken cancellationToken)
    {
        // A standby's own comes when the primary has archived it; and with archive_mode = always it would offer this one as a segment.
        if (WorkingDirectory.IsStandby || !wanted.IsValidFor(_size) || OwnWal.Has(_destination, wanted, _identity))
        {
            return false;
        }

        // Before the archive: what a receiver goes over from lies here, or in the archive by the time of its listing.
        var received = new ReceivedWal(_archive, _identity);
        var begun = received.Segments;
        var inventory = await _archive.ListAsync(cancellationToken);
        if (!inventory.HasHistory(wanted.Timeline)
            || await _archive.ReadHistoryAsync(wanted.Timeline, cancellationToken) is not { Switches.Count: > 0 } history
            || history.BeginOf(wanted.Timeline) is not { Value: > 0 } begin || begin.Value / _size.Bytes != wanted.Number(_size) || Left?.End <= begin)
        {
            return false;
        }

        var known = inventory.With(begun);
        var parent = new LeftTimeline(history, begin);
        var name = WalSegmentName.FromNumber(history.TimelineAt(new Lsn(begin.Value - 1)), wanted.Number(_size), _size);
        if (parent.IsWithin(name, _size)
            && (IsPinned || HasTarget() || !GoesOn())
            && !await IsContinuedAsync(wanted, begin, known, cancellationToken)
            && await TryCopyAsync(name, begin, received, path, cancellationToken))
        {
            parent.Cut(path, name, _size);
            return true;
        }

        return IsPinned || !inventory.Contains(name) ? false : throw new PgkeepException(
            ErrorKind.WalMissing,
            $"\"{_archive.Describe(wanted.ToString())}\" is missing, and \"{name}\" goes on behind {begin}, where timeline {wanted.Timeline} has left timeline {name.Timeline}: the recovery would follow that",
            LeftTimeline.HintFor(wanted.Timeline),
            LeftTimeline.HintFor(name.Timeline));

        // The parent, with WAL that a recovery which ends at the switch does not get.
        bool GoesOn() => inventory.Contains(name) || received.FurthestEnd(name, _destination) > begin
            || known.SegmentsOf(name.Timeline).Any(segment => segment.CompareTo(name) > 0);
    }

    /// <summary>Whether the timeline itself is known to have gone further: its own partial segment is stored, or WAL of one that has left it behind its beginning.</summary>
    private async ValueTask<bool> IsContinuedAsync(WalSegmentName wanted, Lsn begin, WalInventory known, CancellationToken cancellationToken)
    {
        var histories = (await WalHistories.ReadAsync(_archive, known, cancellationToken)).ByTimeline.Values;
        var timelines = histories.Where(history => history.EndOf(wanted.Timeline) > begin)
            .SelectMany(history => history.Switches.Select(past => past.Timeline).Append(history.Timeline))
            .Where(timeline => timeline > wanted.Timeline).Append(wanted.Timeline).ToHashSet();
        return known.Files.Any(file => file.File.Segment is { } segment && timelines.Contains(segment.Timeline) && segment.Number(_size) >= wanted.Number(_size));
    }

    /// <summary>What there is of the parent's, if it reaches the switch: being received, whole, or as the new timeline's server has left it.</summary>
    private async ValueTask<bool> TryCopyAsync(WalSegmentName parent, Lsn begin, ReceivedWal received, string path, CancellationToken cancellationToken)
    {
        var copy = new SoundCopy(_archive, _identity);
        if ((await received.TryCopyAsync(parent, path, _destination, _archive, isForStandby: false, begin, cancellationToken) && Reaches(path, parent, begin))
            || await copy.TryWriteAsync(Of(""), path, cancellationToken)
            || (await copy.TryWriteAsync(Of(".partial"), path, cancellationToken) && Reaches(path, parent, begin)))
        {
            return true;
        }

        FileSystem.Delete(path);
        return false;

        WalFileName Of(string suffix) => WalFileName.TryParse(parent + suffix, out var file) ? file : throw new ArgumentException("the name of a segment", nameof(suffix));
    }

    /// <summary>Whether the page is there and sound that ends at the switch or has it inside. Its last record may end with zeros, so within a page nothing can be told.</summary>
    private bool Reaches(string path, WalSegmentName segment, Lsn position)
    {
        using var content = WalContent.Open(path);
        if (!WalSegmentExtent.TryMeasure(content.Length, content.Read, segment, _size, _identity.SystemIdentifier, out var extent))
        {
            return false;
        }

        Span<byte> first = stackalloc byte[WalPageHeader.LongLength];
        content.Read(first, 0);
        return WalPageHeader.TryParse(first, out var header, out _) && header.BlockSize is { } block && (extent.End.Value + block - 1) / block * block >= position.Value;
    }
}
