using System.IO.Hashing;
using Pgkeep.Diagnostics;
using Pgkeep.Postgres;
using Pgkeep.Repository;
using Pgkeep.Storage.Local;
using Pgkeep.Streams;

namespace Pgkeep.Archive.Index;

/// <summary>
/// Makes the indexes of stored segments that are missing, damaged or of another content, and removes those of segments that are gone. It may be broken off at any time,
/// and run beside archive-wal.
/// </summary>
internal sealed class IndexRun
{
    /// <summary>A multiple of every block size.</summary>
    private const int PieceLength = 256 * 1024;

    private readonly WalArchive _archive;
    private readonly WalIndexStore _indexes;

    private IndexRun(WalArchive archive, WalIndexStore indexes) => (_archive, _indexes) = (archive, indexes);

    /// <param name="jobs">Segments that are read at a time.</param>
    public static async Task<IndexResult> RunAsync(RepositoryLayout layout, int jobs, CancellationToken cancellationToken)
    {
        await RepositoryMarker.RequireAsync(new LocalStorage(layout.BackupDirectory), cancellationToken);
        using var storing = ArchiveLock.Share(layout);
        var archive = ArchiveStores.Of(layout).Archive;
        return await new IndexRun(archive, WalIndexStore.Of(layout, archive)).RunAsync(jobs, cancellationToken);
    }

    private async Task<IndexResult> RunAsync(int jobs, CancellationToken cancellationToken)
    {
        // An index is written when its segment is stored: one that is listed before the segments, and has none, is of one that is gone.
        var indexed = await _indexes.ListAsync(cancellationToken);
        var inventory = await _archive.ListAsync(cancellationToken);
        var segments = inventory.Files.Where(file => file.File.Kind == WalFileKind.Segment).OrderBy(file => file.File.Name, StringComparer.Ordinal).ToList();
        var outcomes = new Outcome[segments.Count];
        await Parallel.ForEachAsync(
            Enumerable.Range(0, segments.Count),
            new ParallelOptions { MaxDegreeOfParallelism = jobs, CancellationToken = cancellationToken },
            async (i, stop) => outcomes[i] = await IndexAsync(segments[i], stop));
        var gone = indexed.Where(segment => !inventory.Contains(segment)).ToList();
        foreach (var segment in gone)
        {
            await _indexes.DeleteAsync(segment, cancellationToken);
        }

        await _indexes.RemoveLeftoversAsync(cancellationToken);
        return new IndexResult(
            segments.Count,
            outcomes.Count(outcome => outcome.IsCurrent),
            outcomes.Count(outcome => outcome.Problem is null && !outcome.IsCurrent),
            gone.Count,
            [.. outcomes.Select((outcome, i) => (outcome.Problem, segments[i].File.Segment!.Value)).Where(item => item.Problem is not null).Select(item => new SegmentWithoutIndex(item.Value, item.Problem!))]);
    }

    private async ValueTask<Outcome> IndexAsync(StoredWalFile stored, CancellationToken cancellationToken)
    {
        try
        {
            return await _indexes.FindAsync(stored, cancellationToken) is not null
                ? new Outcome(IsCurrent: true, null)
                : new Outcome(IsCurrent: false, await MakeAsync(stored, cancellationToken));
        }
        catch (PgkeepException failure) when (failure.Kind is ErrorKind.RepositoryCorrupt or ErrorKind.WalInvalid)
        {
            return new Outcome(IsCurrent: false, failure.Message);
        }
    }

    /// <returns>Why there is none; null where there is.</returns>
    private async ValueTask<string?> MakeAsync(StoredWalFile stored, CancellationToken cancellationToken)
    {
        var path = _archive.Describe(stored.Stored.Name);
        await using var file = await _archive.OpenStoredAsync(stored, cancellationToken);
        if (file is null)
        {
            return $"\"{path}\" was removed meanwhile";
        }

        await using var content = StoredWalStream.Open(file, stored.Stored.Name, path);
        if (content.Identity is { } identity && identity.Name != stored.File.Name)
        {
            return $"\"{path}\" was stored as \"{identity.Name}\"";
        }

        var indexing = Read(content, stored.File.Segment!.Value, cancellationToken);
        if (indexing.Index is not { } index)
        {
            return $"\"{path}\" {indexing.Problem}";
        }

        await _indexes.WriteAsync(index, content.Identity is null ? stored : null, cancellationToken);
        return null;
    }

    /// <summary>To the end, behind which the content is what was stored.</summary>
    private static SegmentIndexing Read(StoredWalStream content, WalSegmentName segment, CancellationToken cancellationToken)
    {
        var indexing = new SegmentIndexing(segment);
        var digest = new XxHash128();
        var piece = GC.AllocateUninitializedArray<byte>(PieceLength);
        for (int length; (length = content.ReadAtLeast(piece, piece.Length, throwOnEndOfStream: false)) > 0;)
        {
            cancellationToken.ThrowIfCancellationRequested();
            digest.Append(piece.AsSpan(0, length));
            indexing.Add(piece.AsSpan(0, length));
        }

        indexing.Finish(QuickDigest.Of(digest));
        return indexing;
    }

    private readonly record struct Outcome(bool IsCurrent, string? Problem);
}

/// <param name="Segments">That are stored.</param>
/// <param name="Current">That had an index.</param>
/// <param name="Made">That have one now.</param>
/// <param name="Removed">Indexes of segments that are gone.</param>
internal sealed record IndexResult(int Segments, int Current, int Made, int Removed, IReadOnlyList<SegmentWithoutIndex> Problems);

/// <param name="Problem">A sentence.</param>
internal sealed record SegmentWithoutIndex(WalSegmentName Segment, string Problem);
