using Pgkeep.Diagnostics;
using Pgkeep.Postgres;
using Pgkeep.Repository;

namespace Pgkeep.Archive;

/// <summary>
/// Shows that a file which is not stored is one that nothing follows: to PostgreSQL "absent" means that the WAL ends. What later WAL needs is missing instead, and
/// that is a failure.
/// </summary>
internal sealed class AbsenceProof
{
    private readonly WalArchive _archive;
    private readonly RepositoryIdentity _identity;
    private readonly WalSegmentSize _size;
    private readonly string _destination;

    /// <param name="destination">restore_command's <c>%p</c>.</param>
    public AbsenceProof(WalArchive archive, RepositoryIdentity identity, string destination)
    {
        (_archive, _identity, _size) = (archive, identity, identity.WalSegmentSize);
        _destination = destination;
    }

    /// <summary>Where the recovery leaves the segment's timeline; null where it does not, or nobody knows.</summary>
    public LeftTimeline? Left { get; init; }

    /// <summary>False where it was stored meanwhile.</summary>
    public async ValueTask<bool> TryProveAsync(WalFileName file, CancellationToken cancellationToken)
    {
        // Before the archive: what a receiver goes over from lies here, or in the archive by the time of its listing.
        var received = new ReceivedWal(_archive, _identity).Segments;
        var inventory = await _archive.ListAsync(cancellationToken);
        if (inventory.Contains(file.Name) && !IsBehind(file))
        {
            return false;
        }

        var known = inventory.With(received);
        if (!known.Files.Any())
        {
            // The marker was written together with the first file, and no cleanup removes the last one.
            throw new PgkeepException(
                ErrorKind.WalMissing,
                $"the archive \"{_archive.Describe("")}\" is empty: this cannot be the end of the WAL",
                "check WAL_ARCHIVE_DIR (pgkeep config show), and that the disk is mounted");
        }

        switch (file.Kind)
        {
            // A first timeline has no history, and recovery that is to stay on it asks for one all the same.
            case WalFileKind.History when file.Timeline > TimelineId.First && known.FindFrom(file.Timeline) is { } of:
                _ = OwnWal.ReadHistory(_destination, file.Timeline) is { Switches.Count: > 0 } ? true : throw Hole(file.Name, $"\"{of.File.Name}\" is");
                break;
            case WalFileKind.Segment when IsBehind(file):
                RequireEnd(file.Segment!.Value, known);
                break;
            case WalFileKind.Segment when !OwnWal.Has(_destination, file.Segment!.Value, _identity):
                _ = await FindLaterAsync(file.Segment!.Value, known, cancellationToken) is { } later ? throw Hole(file.Name, $"{later} is") : true;
                break;
        }

        return true;
    }

    private bool IsBehind(WalFileName file) => Left?.IsBefore(file.Segment!.Value, _size) is true;

    /// <summary>
    /// Of a segment behind the point in which its timeline was left, stored or not: the recovery asks for it because it got none of its own, and there its WAL ends.
    /// Not where WAL of its own follows, and not where the server would find the left one's in its pg_wal.
    /// </summary>
    private void RequireEnd(WalSegmentName wanted, WalInventory known)
    {
        var (history, number) = (Left!.History, wanted.Number(_size));
        var coverage = new WalCoverage(known, new Dictionary<TimelineId, TimelineHistory>(), _size);
        if (coverage.HasFrom(history, number))
        {
            throw Hole(coverage.Needed(history, number).ToString(), $"WAL of timeline {history.Timeline} that goes on from there is");
        }

        if (OwnWal.Has(_destination, wanted, _identity))
        {
            throw new PgkeepException(
                ErrorKind.WalInvalid,
                $"the server has \"{wanted}\" in its pg_wal, which was written after timeline {history.Timeline} had left timeline {wanted.Timeline} at {Left.End}: the recovery must not go on there",
                "move that file out of pg_wal: the recovery then ends where the timeline was left");
        }
    }

    /// <summary>
    /// What is there behind a segment that recovery has to come across, on its own timeline or on one that left it later. The segment in which a timeline
    /// was left is whole on the next one only, and may be missing on the old one.
    /// </summary>
    private async ValueTask<string?> FindLaterAsync(WalSegmentName wanted, WalInventory known, CancellationToken cancellationToken)
    {
        if (known.SegmentsOf(wanted.Timeline)
            .Where(segment => segment.CompareTo(wanted) > 0 && Left?.IsBefore(segment, _size) is not true)
            .Cast<WalSegmentName?>().FirstOrDefault() is { } own)
        {
            return await LiesBeforeTimelineAsync(wanted, cancellationToken) ? null : $"\"{own}\"";
        }

        if (!wanted.IsValidFor(_size) || !known.Timelines.Any(timeline => timeline > wanted.Timeline))
        {
            return null;
        }

        // A damaged history leads nowhere, and recovery along it has failed before it asks for a segment.
        var histories = (await WalHistories.ReadAsync(_archive, known, cancellationToken)).ByTimeline;
        var (coverage, number) = (new WalCoverage(known, histories, _size), wanted.Number(_size));
        return histories.Values.Where(LeadsAcross).Select(history => $"WAL of timeline {history.Timeline}, which goes on from there,").FirstOrDefault();

        bool LeadsAcross(TimelineHistory history) => history.Timeline > wanted.Timeline
            && history.BeginOf(wanted.Timeline) is { } begin && begin.Value / _size.Bytes <= number
            && history.EndOf(wanted.Timeline) is { } end && number < end.Value / _size.Bytes
            && coverage.HasFrom(history, number + 1);
    }

    /// <summary>Recovery asks for a segment on every timeline it knows, also on those that begin after it.</summary>
    private async ValueTask<bool> LiesBeforeTimelineAsync(WalSegmentName wanted, CancellationToken cancellationToken)
    {
        var history = await _archive.ReadHistoryAsync(wanted.Timeline, cancellationToken);
        return history.BeginOf(wanted.Timeline) is { } begin && wanted.CompareTo(WalSegmentName.FromLsn(wanted.Timeline, begin, _size)) < 0;
    }

    private PgkeepException Hole(string name, string what) => new(
        ErrorKind.WalMissing,
        $"\"{_archive.Describe(name)}\" is missing, and {what} stored: the archive has a hole",
        "recovery must not end here; look for the file in the server's old pg_wal, or choose a target before it");
}
