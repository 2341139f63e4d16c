using Pgkeep.Diagnostics;
using Pgkeep.Posix;
using Pgkeep.Postgres;
using Pgkeep.Repository;

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

    public WalFetch(ArchiveStores stores) => _stores = stores;

    /// <param name="destination"><c>%p</c>: its last part differs from the name asked for.</param>
    public async Task<FetchResult> RunAsync(string name, string destination, CancellationToken cancellationToken)
    {
        if (!WalFileName.TryParse(name, out var file))
        {
            throw new PgkeepException(ErrorKind.WalInvalid, $"\"{name}\" is not the name of a WAL file", "restore_command passes %f %p, in this order");
        }

        var identity = await RepositoryMarker.RequireAsync(_stores.Marked[0], cancellationToken);
        var content = await _stores.Archive.ReadAsync(file, cancellationToken);
        if (content is null)
        {
            await ProveAbsentAsync(file, destination, identity, cancellationToken);
            // A rotation replaces the marker before it moves the archive: what was listed was this cluster's if the marker still is.
            return await RepositoryMarker.RequireAsync(_stores.Marked[0], cancellationToken) == identity
                ? FetchResult.Absent
                : throw new PgkeepException(ErrorKind.RepositoryLocked, $"the archive \"{_stores.Archive.Describe("")}\" went over to another cluster meanwhile");
        }

        Check(file, content, identity);
        WriteFile(destination, content);
        return FetchResult.Fetched;
    }

    private void Check(WalFileName file, byte[] content, RepositoryIdentity identity)
    {
        if (file.Kind != WalFileKind.Segment)
        {
            return;
        }

        var path = _stores.Archive.Describe(file.Name);
        if (!WalSegmentContent.TryCheck(content, file.Segment!.Value, out var segment, out var problem))
        {
            throw new PgkeepException(ErrorKind.WalInvalid, $"the stored \"{path}\" {problem}");
        }

        if (segment.SystemIdentifier != identity.SystemIdentifier)
        {
            throw new PgkeepException(
                ErrorKind.RepositoryMismatch, $"the stored \"{path}\" is of the cluster {segment.SystemIdentifier}, and the repository of {identity.SystemIdentifier}");
        }
    }

    private async ValueTask ProveAbsentAsync(WalFileName file, string destination, RepositoryIdentity identity, CancellationToken cancellationToken)
    {
        var inventory = await _stores.Archive.ListAsync(cancellationToken);
        if (!inventory.Files.Any())
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
    }

    /// <summary>
    /// What the archive does not have the server may have itself: a restore puts the backup's own segments, and those of the old server, into its
    /// pg_wal, beside %p, where it looks after the archive has said no.
    /// </summary>
    private static bool IsInDirectoryOf(string destination, WalSegmentName wanted, RepositoryIdentity identity)
    {
        var path = Path.Combine(Path.GetDirectoryName(destination) ?? "", wanted.ToString());
        try
        {
            return File.Exists(path)
                && WalSegmentContent.TryCheck(File.ReadAllBytes(path), wanted, out var segment, out _)
                && segment.SystemIdentifier == identity.SystemIdentifier;
        }
        catch (Exception thrown) when (PosixError.IsInputOutput(thrown))
        {
            throw PosixError.From(thrown, "read", path);
        }
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

    private static void WriteFile(string destination, byte[] content)
    {
        var temporary = destination + ".pgkeep";
        try
        {
            // Recovery makes what it keeps durable itself (xlogarchive.c, KeepFileRestoredFromArchive).
            File.WriteAllBytes(temporary, content);
            FileSystem.Rename(temporary, destination);
        }
        catch (Exception thrown) when (thrown is PgkeepException || PosixError.IsInputOutput(thrown))
        {
            Remove(temporary);
            throw PosixError.From(thrown, "write", destination);
        }
    }
}
