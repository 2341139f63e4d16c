using Pgkeep.Diagnostics;
using Pgkeep.Postgres;
using Pgkeep.Postgres.Wal.Index;
using Pgkeep.Storage;
using Pgkeep.Storage.Local;

namespace Pgkeep.Repository;

/// <summary>
/// The indexes of an archive's segments, in <c>wal_index/</c> of the repository wherever the archive lies. All of it is made of the archive and can be made again: it is not
/// fsynced, and an index that is damaged or of another content than the stored one is none.
/// </summary>
internal sealed class WalIndexStore
{
    private const string Suffix = ".idx";

    /// <summary>An index longer than this was not written here.</summary>
    private const int MaxLength = 256 * 1024 * 1024;

    private readonly IStorage _storage;
    private readonly WalArchive _archive;

    public WalIndexStore(IStorage storage, WalArchive archive) => (_storage, _archive) = (storage, archive);

    public static WalIndexStore Of(RepositoryLayout layout, WalArchive archive) => new(new LocalStorage(layout.BackupDirectory), archive);

    public string Describe(WalSegmentName segment) => _storage.Describe(NameOf(segment.ToString()));

    /// <summary>The index of what is stored of a segment; null where there is none, or it cannot be read. What the archive cannot tell of the segment is thrown.</summary>
    public async ValueTask<WalSegmentIndex?> FindAsync(WalSegmentName segment, CancellationToken cancellationToken)
    {
        if (await ReadAsync(segment, cancellationToken) is not { } index
            || !WalFileName.TryParse(segment.ToString(), out var file)
            || await _archive.FindStoredAsync(file, cancellationToken) is not { } stored)
        {
            return null;
        }

        return await IsOfAsync(index, stored, cancellationToken) ? index : null;
    }

    /// <summary>The same for a listed file.</summary>
    public async ValueTask<WalSegmentIndex?> FindAsync(StoredWalFile stored, CancellationToken cancellationToken) =>
        stored.File.Segment is { } segment && await ReadAsync(segment, cancellationToken) is { } index && await IsOfAsync(index, stored, cancellationToken) ? index : null;

    /// <param name="stored">What it was made of, where that does not tell its content's checksum.</param>
    public async ValueTask WriteAsync(WalSegmentIndex index, StoredWalFile? stored, CancellationToken cancellationToken)
    {
        var bound = stored is null ? index : index with { File = new IndexedFile(stored.Stored.Size, stored.Stored.Modified) };
        await _storage.ReplaceDerivedAsync(NameOf(index.Name.ToString()), WalIndexEncoding.Encode(bound), cancellationToken);
    }

    /// <summary>Writes the index of a segment that is stored; what fails is told, and fails nothing.</summary>
    /// <param name="failed">Told with a lower-case fact about the segment.</param>
    public async ValueTask WriteAsync(SegmentIndexing indexing, Action<string>? failed)
    {
        try
        {
            if (indexing.Index is { } index)
            {
                await WriteAsync(index, stored: null, CancellationToken.None);
            }
            else
            {
                failed?.Invoke(indexing.Problem ?? "was not read to its end");
            }
        }
        catch (PgkeepException failure)
        {
            failed?.Invoke($"cannot be indexed: {failure.Message}");
        }
    }

    /// <summary>The segments of which there is an index, sound or not.</summary>
    public async ValueTask<IReadOnlyList<WalSegmentName>> ListAsync(CancellationToken cancellationToken)
    {
        var names = new List<WalSegmentName>();
        foreach (var stored in await _storage.ListAsync(RepositoryLayout.IndexFolderName, cancellationToken))
        {
            if (stored.Name.EndsWith(Suffix, StringComparison.Ordinal) && WalSegmentName.TryParse(stored.Name.AsSpan(0, stored.Name.Length - Suffix.Length), out var segment))
            {
                names.Add(segment);
            }
        }

        return names;
    }

    public ValueTask DeleteAsync(WalSegmentName segment, CancellationToken cancellationToken) => _storage.DeleteAsync(NameOf(segment.ToString()), cancellationToken);

    /// <summary>What processes that are gone have left.</summary>
    public ValueTask RemoveLeftoversAsync(CancellationToken cancellationToken) => _storage.RemoveLeftoversAsync(RepositoryLayout.IndexFolderName, cancellationToken);

    private static string NameOf(string segment) => $"{RepositoryLayout.IndexFolderName}/{segment}{Suffix}";

    private async ValueTask<WalSegmentIndex?> ReadAsync(WalSegmentName segment, CancellationToken cancellationToken)
    {
        try
        {
            if (await _storage.OpenReadAsync(NameOf(segment.ToString()), cancellationToken) is not { } stream)
            {
                return null;
            }

            await using (stream)
            {
                var bytes = new byte[Math.Min(stream.Length, MaxLength)];
                var isRead = await stream.ReadAtLeastAsync(bytes, bytes.Length, throwOnEndOfStream: false, cancellationToken) == bytes.Length;
                return isRead && WalIndexDecoder.TryDecode(bytes, out var index, out _) && index.Name == segment ? index : null;
            }
        }
        catch (Exception thrown) when (thrown is PgkeepException or IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private async ValueTask<bool> IsOfAsync(WalSegmentIndex index, StoredWalFile stored, CancellationToken cancellationToken)
    {
        var identity = await _archive.ReadIdentityAsync(stored, cancellationToken);
        return identity is not null
            ? identity.Digest.Value == index.Content && identity.SystemIdentifier == index.Cluster
            : index.File is { } file && file.Size == stored.Stored.Size && file.Modified == stored.Stored.Modified;
    }
}
