using System.Diagnostics.CodeAnalysis;
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
    /// <summary>A segment's first page, which tells whose it is.</summary>
    private const int FirstPageLength = 8192;

    private readonly ArchiveStores _stores;
    private readonly PrefetchSettings? _prefetch;
    private readonly TimeProvider _time;

    /// <summary>The timeline that recovery is pinned to; null where nobody said.</summary>
    public TimelineId? Pinned { get; init; }

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
        try
        {
            for (var attempt = 1; !await TryGetAsync(file, temporary, prefetch, identity, cancellationToken) && !await TryGetReceivedAsync(file, temporary, destination, identity, cancellationToken); attempt++)
            {
                // A receiver may have stored it between the two looks: then it is in the archive by now.
                if (!await ProveAbsentAsync(file, destination, identity, cancellationToken))
                {
                    _ = attempt < 3 ? true : throw new PgkeepException(ErrorKind.StorageFailed, $"\"{_stores.Archive.Describe(file.Name)}\" is listed and cannot be opened");
                    continue;
                }

                // A rotation replaces the marker before it moves the archive: what was listed was this cluster's if the marker still is.
                if (await RepositoryMarker.RequireAsync(_stores.Marked[0], cancellationToken) != identity)
                {
                    throw new PgkeepException(ErrorKind.RepositoryLocked, $"the archive \"{_stores.Archive.Describe("")}\" went over to another cluster meanwhile");
                }

                RemoveUnlessWanted(prefetch?.Directory, file);
                return FetchResult.Absent;
            }

            Check(file, temporary, identity);
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

    /// <summary>False where it is not stored. Recovery makes what it keeps durable itself (xlogarchive.c, KeepFileRestoredFromArchive).</summary>
    private async ValueTask<bool> TryGetAsync(WalFileName file, string path, PrefetchSettings? prefetch, RepositoryIdentity identity, CancellationToken cancellationToken)
    {
        if (prefetch is not null && await new PrefetchedSegment(prefetch.Directory, _stores.Archive, _time).TryTakeAsync(file, path, cancellationToken))
        {
            return true;
        }

        PgkeepException? failure = null;
        for (var stored = await _stores.Archive.FindAsync(file.Name, cancellationToken);
            stored is not null;
            stored = await _stores.Archive.FindNextAsync(file.Name, stored, cancellationToken))
        {
            try
            {
                await CopyAsync(stored, file, path, cancellationToken);
                Check(file, path, identity);
                return true;
            }
            catch (PgkeepException damaged)
            {
                // It may have a sound copy under another suffix.
                failure ??= damaged;
            }
        }

        return failure is null ? false : throw failure;
    }

    private async ValueTask CopyAsync(string stored, WalFileName file, string path, CancellationToken cancellationToken)
    {
        try
        {
            await using var plain = new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.Read, bufferSize: 0);
            await _stores.Archive.CopyAsync(stored, file, plain, cancellationToken);
        }
        catch (Exception thrown) when (PosixError.IsInputOutput(thrown))
        {
            throw PosixError.From(thrown, "write", path);
        }
    }

    private void Check(WalFileName file, string content, RepositoryIdentity identity)
    {
        if (file.Kind != WalFileKind.Segment)
        {
            return;
        }

        var path = _stores.Archive.Describe(file.Name);
        if (!TryReadSegment(content, file.Segment!.Value, out var segment, out var problem))
        {
            throw new PgkeepException(ErrorKind.WalInvalid, $"the stored \"{path}\" {problem}");
        }

        if (segment.SystemIdentifier != identity.SystemIdentifier)
        {
            throw new PgkeepException(
                ErrorKind.RepositoryMismatch, $"the stored \"{path}\" is of the cluster {segment.SystemIdentifier}, and the repository of {identity.SystemIdentifier}");
        }
    }

    private static bool TryReadSegment(string path, WalSegmentName name, [NotNullWhen(true)] out WalSegmentContent? segment, out string problem)
    {
        try
        {
            using var file = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
            var page = new byte[FirstPageLength];
            var length = RandomAccess.Read(file, page, 0);
            return WalSegmentContent.TryCheck(page.AsSpan(0, length), RandomAccess.GetLength(file), name, out segment, out problem);
        }
        catch (Exception thrown) when (PosixError.IsInputOutput(thrown))
        {
            throw PosixError.From(thrown, "read", path);
        }
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

        var until = await LeftInAsync(segment, destination, identity.WalSegmentSize, cancellationToken);
        return await receiving.TryCopyAsync(segment, path, destination, _stores.Archive, WorkingDirectory.IsStandby, until, cancellationToken);
    }

    /// <summary>Where the recovery leaves a segment's timeline inside of it: what was received behind that is another server's.</summary>
    private async ValueTask<Lsn?> LeftInAsync(WalSegmentName segment, string destination, WalSegmentSize size, CancellationToken cancellationToken)
    {
        if (Pinned is { } pinned)
        {
            return ReceivedWal.LeftIn(segment, ReadOwnHistory(pinned, destination) ?? await _stores.Archive.ReadHistoryAsync(pinned, cancellationToken), size);
        }

        var inventory = await _stores.Archive.ListAsync(cancellationToken);
        var histories = await WalHistories.ReadAsync(_stores.Archive, inventory, cancellationToken);
        return ReceivedWal.LeftIn(segment, histories.ByTimeline.Values, size);
    }

    /// <summary>From the server's pg_wal, where a restore puts those that the archive does not have; null where it has none.</summary>
    private static TimelineHistory? ReadOwnHistory(TimelineId timeline, string destination)
    {
        var path = Path.Combine(Path.GetDirectoryName(destination) ?? "", timeline.ToHex() + ".history");
        try
        {
            return File.Exists(path) && TimelineHistory.TryParse(timeline, File.ReadAllText(path), out var history, out _) ? history : null;
        }
        catch (Exception thrown) when (PosixError.IsInputOutput(thrown))
        {
            throw PosixError.From(thrown, "read", path);
        }
    }

    /// <summary>False where it was stored meanwhile.</summary>
    private async ValueTask<bool> ProveAbsentAsync(WalFileName file, string destination, RepositoryIdentity identity, CancellationToken cancellationToken)
    {
        // Before the archive: what a receiver goes over from lies here, or in the archive by the time of its listing.
        var received = new ReceivedWal(_stores.Archive, identity).Segments;
        var inventory = await _stores.Archive.ListAsync(cancellationToken);
        if (inventory.Contains(file.Name))
        {
            return false;
        }

        var known = inventory.With(received);
        if (!known.Files.Any())
        {
            // The marker was written together with the first file, and no cleanup removes the last one.
            throw new PgkeepException(
                ErrorKind.WalMissing,
                $"the archive \"{_stores.Archive.Describe("")}\" is empty: this cannot be the end of the WAL",
                "check WAL_ARCHIVE_DIR (pgkeep config show), and that the disk is mounted");
        }

        switch (file.Kind)
        {
            // A first timeline has no history, and recovery that is to stay on it asks for one all the same.
            case WalFileKind.History when file.Timeline > TimelineId.First && known.FindFrom(file.Timeline) is { } of:
                _ = IsHistoryInDirectoryOf(destination, file) ? true : throw Hole(file, $"\"{of.File.Name}\" is");
                break;
            case WalFileKind.Segment:
                var wanted = file.Segment!.Value;
                if (await FindLaterAsync(wanted, known, identity, cancellationToken) is { } later && !IsInDirectoryOf(destination, wanted, identity))
                {
                    throw Hole(file, $"{later} is");
                }

                break;
        }

        return true;
    }

    /// <summary>
    /// What is there behind a segment that recovery has to come across, on its own timeline or on one that left it later. The segment in which a timeline
    /// was left is whole on the next one only, and may be missing on the old one.
    /// </summary>
    private async ValueTask<string?> FindLaterAsync(WalSegmentName wanted, WalInventory known, RepositoryIdentity identity, CancellationToken cancellationToken)
    {
        if (known.SegmentsOf(wanted.Timeline).Where(segment => segment.CompareTo(wanted) > 0).Cast<WalSegmentName?>().FirstOrDefault() is { } own)
        {
            return await LiesBeforeTimelineAsync(wanted, identity, cancellationToken) ? null : $"\"{own}\"";
        }

        var size = identity.WalSegmentSize;
        if (!wanted.IsValidFor(size) || !known.Timelines.Any(timeline => timeline > wanted.Timeline))
        {
            return null;
        }

        // A damaged history leads nowhere, and recovery along it has failed before it asks for a segment.
        var histories = (await WalHistories.ReadAsync(_stores.Archive, known, cancellationToken)).ByTimeline;
        var (coverage, number) = (new WalCoverage(known, histories, size), wanted.Number(size));
        return histories.Values.Where(LeadsAcross).Select(history => $"WAL of timeline {history.Timeline}, which goes on from there,").FirstOrDefault();

        bool LeadsAcross(TimelineHistory history) => history.Timeline > wanted.Timeline
            && history.BeginOf(wanted.Timeline) is { } begin && begin.Value / size.Bytes <= number
            && history.EndOf(wanted.Timeline) is { } end && number < end.Value / size.Bytes
            && coverage.HasFrom(history, number + 1);
    }

    /// <summary>As <see cref="IsInDirectoryOf"/> (xlogarchive.c, RestoreArchivedFile, not_available).</summary>
    private static bool IsHistoryInDirectoryOf(string destination, WalFileName file)
    {
        var path = Path.Combine(Path.GetDirectoryName(destination) ?? "", file.Name);
        try
        {
            return FileStatus.OfTarget(path) is not null && TimelineHistory.TryParse(file.Timeline, File.ReadAllText(path), out var history, out _) && history.Switches.Count > 0;
        }
        catch (Exception thrown) when (PosixError.IsInputOutput(thrown))
        {
            throw PosixError.From(thrown, "read", path);
        }
    }

    /// <summary>
    /// What the archive does not have the server may have itself: a restore puts the backup's own segments, and those of the old server, into its
    /// pg_wal, beside %p, where it looks after the archive has said no.
    /// </summary>
    private static bool IsInDirectoryOf(string destination, WalSegmentName wanted, RepositoryIdentity identity)
    {
        var path = Path.Combine(Path.GetDirectoryName(destination) ?? "", wanted.ToString());
        return FileStatus.OfTarget(path) is not null && TryReadSegment(path, wanted, out var segment, out _) && segment.SystemIdentifier == identity.SystemIdentifier;
    }

    /// <summary>Recovery asks for a segment on every timeline it knows, also on those that begin after it.</summary>
    private async ValueTask<bool> LiesBeforeTimelineAsync(WalSegmentName wanted, RepositoryIdentity identity, CancellationToken cancellationToken)
    {
        var history = await _stores.Archive.ReadHistoryAsync(wanted.Timeline, cancellationToken);
        return history.BeginOf(wanted.Timeline) is { } begin
            && wanted.CompareTo(WalSegmentName.FromLsn(wanted.Timeline, begin, identity.WalSegmentSize)) < 0;
    }

    private PgkeepException Hole(WalFileName file, string what) => new(
        ErrorKind.WalMissing,
        $"\"{_stores.Archive.Describe(file.Name)}\" is missing, and {what} stored: the archive has a hole",
        "recovery must not end here; look for the file in the server's old pg_wal, or choose a target before it");

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
