using Pgkeep.Archive.Prefetch;
using Pgkeep.Diagnostics;
using Pgkeep.Posix;
using Pgkeep.Postgres;
using Pgkeep.Repository;
using Pgkeep.Repository.Prefetch;

namespace Pgkeep.Archive;

internal enum FetchResult
{
    Fetched,

    /// <summary>Proven: the archive is the right one, it could be read, and the file is not in it and cannot be expected there.</summary>
    Absent,
}

/// <summary>
/// <c>get-wal %f %p</c>. To PostgreSQL "absent" means "the WAL ends here, start the server", so it is answered only where it is proven; a hole
/// in the archive, a store that cannot be read and a damaged file are failures.
/// </summary>
internal sealed class WalFetch
{
    private readonly ArchiveStores _stores;
    private readonly PrefetchSettings? _prefetch;
    private readonly TimeProvider _time;

    /// <summary>The timeline that recovery is pinned to; null where nobody said.</summary>
    public TimelineId? Pinned { get; init; }

    /// <summary>Whether the server is known to end its recovery at a target, or along a timeline, that somebody has named to it.</summary>
    public Func<bool> HasTarget { get; init; } = () => false;

    /// <param name="prefetch">Null where nothing is fetched ahead.</param>
    public WalFetch(ArchiveStores stores, PrefetchSettings? prefetch, TimeProvider time)
    {
        _stores = stores;
        _prefetch = prefetch;
        _time = time;
    }

    /// <param name="destination"><c>%p</c>: its last part differs from the name asked for.</param>
    public async Task<FetchResult> RunAsync(string name, string destination, CancellationToken cancellationToken)
    {
        if (!WalFileName.TryParse(name, out var file))
        {
            throw new PgkeepException(ErrorKind.WalInvalid, $"\"{name}\" is not the name of a WAL file", "restore_command passes %f %p, in this order");
        }

        var identity = await RepositoryMarker.RequireAsync(_stores.Marked[0], cancellationToken);
        var temporary = destination + ".pgkeep";
        var prefetch = file.Kind == WalFileKind.Segment ? _prefetch : null;
        var left = await LeaveAsync(file, destination, cancellationToken);
        try
        {
            for (var attempt = 1; !await TryGetAsync(file, temporary, prefetch, left, identity, cancellationToken) && !await TryGetReceivedAsync(file, temporary, destination, identity, cancellationToken)
                && !TryGetOwn(file, temporary, destination, left, identity); attempt++)
            {
                // A receiver may have stored it between the two looks: then it is in the archive by now.
                var absence = new AbsenceProof(_stores.Archive, identity, destination) { Left = left };
                if (!await absence.TryProveAsync(file, cancellationToken))
                {
                    _ = attempt < 3 ? true : throw new PgkeepException(ErrorKind.StorageFailed, $"\"{_stores.Archive.Describe(file.Name)}\" is listed and cannot be opened");
                    continue;
                }

                // A rotation replaces the marker before it moves the archive: what was listed was this cluster's if the marker still is.
                if (await RepositoryMarker.RequireAsync(_stores.Marked[0], cancellationToken) != identity)
                {
                    throw new PgkeepException(ErrorKind.RepositoryLocked, $"the archive \"{_stores.Archive.Describe("")}\" went over to another cluster meanwhile");
                }

                var beginning = new TimelineBeginning(_stores.Archive, identity, destination) { Left = left, IsPinned = Pinned is not null, HasTarget = HasTarget };
                if (file is { Kind: WalFileKind.Segment, Segment: { } segment } && await beginning.TryWriteAsync(segment, temporary, cancellationToken))
                {
                    break;
                }

                RemoveUnlessWanted(prefetch?.Directory, file);
                return FetchResult.Absent;
            }

            new SoundCopy(_stores.Archive, identity).Check(file, temporary);
            FileSystem.Rename(temporary, destination);
        }
        catch
        {
            Remove(temporary);
            throw;
        }

        if (prefetch is not null)
        {
            PrefetchStart.Run(prefetch, file.Segment!.Value, identity.WalSegmentSize);
        }

        return FetchResult.Fetched;
    }

    /// <summary>False where it is not stored.</summary>
    private async ValueTask<bool> TryGetAsync(
        WalFileName file, string path, PrefetchSettings? prefetch, LeftTimeline? left, RepositoryIdentity identity, CancellationToken cancellationToken)
    {
        if (left?.IsBefore(file.Segment!.Value, identity.WalSegmentSize) is true)
        {
            return false;
        }

        if (prefetch is not null && await new PrefetchedSegment(prefetch.Directory, _stores.Archive, _time).TryTakeAsync(file, path, cancellationToken))
        {
            left?.Cut(path, file.Segment!.Value, identity.WalSegmentSize);
            return true;
        }

        if (!await new SoundCopy(_stores.Archive, identity).TryWriteAsync(file, path, cancellationToken))
        {
            return false;
        }

        left?.Cut(path, file.Segment!.Value, identity.WalSegmentSize);
        return true;
    }

    private static void RemoveUnlessWanted(PrefetchDirectory? directory, WalFileName file)
    {
        try
        {
            directory?.RemoveUnlessWanted(file.Segment!.Value);
        }
        catch (PgkeepException)
        {
            // The answer is proven, whatever lies there.
        }
    }

    /// <summary>What a receiver has of the segment, where the archive has none: the end of the WAL lies there.</summary>
    private async ValueTask<bool> TryGetReceivedAsync(WalFileName file, string path, string destination, RepositoryIdentity identity, CancellationToken cancellationToken)
    {
        var receiving = new ReceivedWal(_stores.Archive, identity);
        if (file is not { Kind: WalFileKind.Segment, Segment: { } segment } || !receiving.Has(segment))
        {
            return false;
        }

        var until = Pinned is { } pinned
            ? ReceivedWal.LeftIn(segment, await ReadPinnedAsync(pinned, destination, cancellationToken), identity.WalSegmentSize)
            : await LeftByAnyAsync(segment, destination, receiving, identity.WalSegmentSize, cancellationToken);
        return await receiving.TryCopyAsync(segment, path, destination, _stores.Archive, WorkingDirectory.IsStandby, until, cancellationToken);
    }

    /// <summary>
    /// Nobody said which timeline the recovery follows, and one may have left the segment's inside of it: what was received behind that is lost to a recovery that
    /// stays, and another server's to one that does not. A standby gets what is common to both and asks again.
    /// </summary>
    private async ValueTask<Lsn?> LeftByAnyAsync(WalSegmentName segment, string destination, ReceivedWal receiving, WalSegmentSize size, CancellationToken cancellationToken)
    {
        var inventory = await _stores.Archive.ListAsync(cancellationToken);
        var histories = (await WalHistories.ReadAsync(_stores.Archive, inventory, cancellationToken)).ByTimeline.Values.ToList();
        var end = ReceivedWal.LeftIn(segment, histories, size);
        if (end is null || WorkingDirectory.IsStandby || !(receiving.FurthestEnd(segment, destination) > end))
        {
            return end;
        }

        var others = histories.Where(history => history.EndOf(segment.Timeline) > segment.StartLsn(size)).Select(history => history.Timeline);
        throw new PgkeepException(
            ErrorKind.Configuration,
            $"the WAL of \"{segment}\" that was received goes on behind {end}, where another timeline has left timeline {segment.Timeline}: nobody said which of them the recovery follows",
            [.. others.Order().Prepend(segment.Timeline).Select(LeftTimeline.HintFor)]);
    }

    /// <summary>
    /// The server's own copy of the segment in which its recovery leaves the timeline, where that goes on behind: the server would take it as it is when the answer
    /// is "absent".
    /// </summary>
    private static bool TryGetOwn(WalFileName file, string path, string destination, LeftTimeline? left, RepositoryIdentity identity)
    {
        if (left is null || !left.IsWithin(file.Segment!.Value, identity.WalSegmentSize) || !OwnWal.Has(destination, file.Segment.Value, identity))
        {
            return false;
        }

        try
        {
            File.Copy(OwnWal.PathOf(destination, file.Name), path, overwrite: true);
        }
        catch (Exception thrown) when (PosixError.IsInputOutput(thrown))
        {
            throw PosixError.From(thrown, "copy the server's own segment to", path);
        }

        left.Cut(path, file.Segment.Value, identity.WalSegmentSize);
        return true;
    }

    /// <summary>Null where the recovery does not leave the file's timeline, or nobody said which one it follows.</summary>
    private async ValueTask<LeftTimeline?> LeaveAsync(WalFileName file, string destination, CancellationToken cancellationToken) =>
        Pinned is { } pinned && file is { Kind: WalFileKind.Segment, Segment: { } segment } && segment.Timeline < pinned
            ? LeftTimeline.Of(segment, await ReadPinnedAsync(pinned, destination, cancellationToken))
            : null;

    private async ValueTask<TimelineHistory> ReadPinnedAsync(TimelineId pinned, string destination, CancellationToken cancellationToken) =>
        OwnWal.ReadHistory(destination, pinned) ?? await _stores.Archive.ReadHistoryAsync(pinned, cancellationToken);

    private static void Remove(string path)
    {
        try
        {
            FileSystem.Delete(path);
        }
        catch (PgkeepException)
        {
            // The failure that brought us here is the one to report.
        }
    }
}
