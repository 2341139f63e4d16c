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
            for (var attempt = 1; !await TryGetAsync(file, temporary, prefetch, cancellationToken) && !await TryGetReceivedAsync(file, temporary, destination, identity, cancellationToken); attempt++)
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
    private async ValueTask<bool> TryGetAsync(WalFileName file, string path, PrefetchSettings? prefetch, CancellationToken cancellationToken)
    {
        if (prefetch is not null && await new PrefetchedSegment(prefetch.Directory, _stores.Archive, _time).TryTakeAsync(file, path, cancellationToken))
        {
            return true;
        }

        if (await _stores.Archive.FindAsync(file.Name, cancellationToken) is not { } stored)
        {
            return false;
        }

        try
        {
            await using var plain = new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.Read, bufferSize: 0);
            await _stores.Archive.CopyAsync(stored, file, plain, cancellationToken);
            return true;
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
        if (file is not { Kind: WalFileKind.Segment, Segment: { } segment } || await receiving.ReadAsync(segment, destination, _stores.Archive, cancellationToken) is not { } content)
        {
            return false;
        }

        try
        {
            await File.WriteAllBytesAsync(path, content, cancellationToken);
            return true;
        }
        catch (Exception thrown) when (PosixError.IsInputOutput(thrown))
        {
            throw PosixError.From(thrown, "write", path);
        }
    }

    /// <summary>False where it was stored meanwhile.</summary>
    private async ValueTask<bool> ProveAbsentAsync(WalFileName file, string destination, RepositoryIdentity identity, CancellationToken cancellationToken)
    {
        var inventory = await _stores.Archive.ListAsync(cancellationToken);
        if (file is { Kind: WalFileKind.Segment, Segment: { } asked } && inventory.Contains(asked))
        {
            return false;
        }

        if (!inventory.Files.Any() && new ReceivedWal(_stores.Archive, identity).IsEmpty)
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
            case WalFileKind.History when file.Timeline > TimelineId.First && inventory.HasHistoryAfter(file.Timeline):
                throw Hole(file, "a later timeline's history is");
            case WalFileKind.Segment:
                var wanted = file.Segment!.Value;
                var later = inventory.SegmentsOf(file.Timeline).Where(segment => segment.CompareTo(wanted) > 0).Cast<WalSegmentName?>().FirstOrDefault();
                if (later is { } found && !IsInDirectoryOf(destination, wanted, identity) && !await LiesBeforeTimelineAsync(wanted, identity, cancellationToken))
                {
                    throw Hole(file, $"\"{found}\" is");
                }

                break;
        }

        return true;
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
