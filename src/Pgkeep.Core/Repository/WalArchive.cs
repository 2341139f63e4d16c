using Pgkeep.Diagnostics;
using Pgkeep.Postgres;
using Pgkeep.Storage;
using Pgkeep.Streams;
using Pgkeep.Streams.Codecs;

namespace Pgkeep.Repository;

internal enum StoreResult
{
    Stored,

    /// <summary>The same content was there already, and is durable.</summary>
    AlreadyStored,
}

/// <summary>
/// The WAL of one cluster in its store. Nothing in it is ever replaced: a name that is taken is either the same content, which is success,
/// or another, which is a failure with both checksums. Everything read from it is checked against what was stored.
/// </summary>
internal sealed class WalArchive
{
    /// <summary>Any suffix of a name counts as that name; new files are written with the first.</summary>
    private static readonly string[] Suffixes = [".gz", "", ".zst"];

    private readonly IStorage _storage;
    private readonly string _prefix;

    /// <param name="folder">Of the archive inside the store; empty for its top.</param>
    public WalArchive(IStorage storage, string folder)
    {
        _storage = storage;
        _prefix = folder.Length == 0 ? "" : folder + "/";
    }

    public string Describe(string name) => _storage.Describe(_prefix + name);

    /// <summary>The stored name (with its suffix), or null where the store says that no such file is there.</summary>
    public async ValueTask<string?> FindAsync(string name, CancellationToken cancellationToken)
    {
        foreach (var suffix in Suffixes)
        {
            var stream = await _storage.OpenReadAsync(_prefix + name + suffix, cancellationToken);
            if (stream is not null)
            {
                await stream.DisposeAsync();
                return name + suffix;
            }
        }

        return null;
    }

    /// <summary>Compresses and stores a file under its name, durable when this returns.</summary>
    public async ValueTask<StoreResult> StoreAsync(
        WalFileName file, ReadOnlyMemory<byte> content, SystemIdentifier identifier, int level, DateTimeOffset writtenAt, CancellationToken cancellationToken)
    {
        var stored = await FindAsync(file.Name, cancellationToken);
        if (stored is null)
        {
            var identity = new WalIdentity(identifier, content.Length, Sha256Digest.Of(content.Span), writtenAt, file.Name);
            if (await _storage.TryCreateAsync(_prefix + file.Name + Suffixes[0], Compress(content.Span, identity, level), cancellationToken))
            {
                return StoreResult.Stored;
            }

            // Another archive-wal of the same server was faster.
            stored = file.Name + Suffixes[0];
        }

        await CompareAsync(stored, file, content, cancellationToken);
        await _storage.ConfirmAsync(_prefix + stored, cancellationToken);
        // Rare: most often the process that stored it was killed before it could say so, and left its temporary name.
        await RemoveLeftoversAsync(cancellationToken);
        return StoreResult.AlreadyStored;
    }

    /// <summary>The plain content, checked. Null where the store says that no such file is there.</summary>
    public async ValueTask<byte[]?> ReadAsync(WalFileName file, CancellationToken cancellationToken)
    {
        var stored = await FindAsync(file.Name, cancellationToken);
        return stored is null ? null : await ReadStoredAsync(stored, file, cancellationToken);
    }

    /// <summary>A timeline's stored history; that of a first timeline, which has none, where nothing is stored.</summary>
    public async ValueTask<TimelineHistory> ReadHistoryAsync(TimelineId timeline, CancellationToken cancellationToken)
    {
        var name = timeline.ToHex() + ".history";
        if (timeline.Value == 1 || !WalFileName.TryParse(name, out var file) || await ReadAsync(file, cancellationToken) is not { } content)
        {
            return timeline.Value == 1
                ? TimelineHistory.Initial(timeline)
                : throw new PgkeepException(ErrorKind.WalMissing, $"\"{Describe(name)}\" is missing: nothing tells where timeline {timeline} begins");
        }

        return TimelineHistory.TryParse(timeline, System.Text.Encoding.UTF8.GetString(content), out var history, out var problem)
            ? history
            : throw new PgkeepException(ErrorKind.RepositoryCorrupt, $"\"{Describe(name)}\" {problem}");
    }

    /// <summary>When the server wrote a file, as it says itself; by its listing where another tool stored it.</summary>
    public async ValueTask<DateTimeOffset> ReadWrittenAtAsync(StoredWalFile file, CancellationToken cancellationToken)
    {
        if (await _storage.OpenReadAsync(_prefix + file.Stored.Name, cancellationToken) is not { } stream)
        {
            return file.Stored.Modified;
        }

        await using (stream)
        {
            var start = new byte[512];
            var length = await stream.ReadAtLeastAsync(start, start.Length, throwOnEndOfStream: false, cancellationToken);
            return GzipHeader.TryReadSubfield(start.AsSpan(0, length), out var subfield) && WalIdentity.TryRead(subfield, out var identity)
                ? identity!.WrittenAt
                : file.Stored.Modified;
        }
    }

    public async ValueTask<WalInventory> ListAsync(CancellationToken cancellationToken) =>
        WalInventory.Of(await _storage.ListAsync(_prefix.TrimEnd('/'), cancellationToken));

    /// <summary>Lists the whole archive, so it is not for every segment: backups do it.</summary>
    public ValueTask RemoveLeftoversAsync(CancellationToken cancellationToken) => _storage.RemoveLeftoversAsync(_prefix.TrimEnd('/'), cancellationToken);

    public ValueTask DeleteAsync(string storedName, CancellationToken cancellationToken) => _storage.DeleteAsync(_prefix + storedName, cancellationToken);

    private static byte[] Compress(ReadOnlySpan<byte> content, WalIdentity identity, int level)
    {
        using var buffer = new MemoryStream(content.Length / 3);
        using (var gzip = FrameStream.Gzip(buffer, level, identity.ToBytes()))
        {
            gzip.Write(content);
            gzip.Complete();
        }

        return buffer.ToArray();
    }

    private async ValueTask CompareAsync(string stored, WalFileName file, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        var present = await ReadStoredAsync(stored, file, cancellationToken);
        if (!content.Span.SequenceEqual(present))
        {
            throw new PgkeepException(
                ErrorKind.WalConflict,
                $"\"{Describe(stored)}\" holds other content: stored {Sha256Digest.Of(present)}, offered {Sha256Digest.Of(content.Span)}",
                "two servers archive into one place: a copy of the server was started without recovery.signal or with archive_mode on, or a standby was promoted twice",
                "nothing was changed; find out which server is the right one before moving the stored file away by hand");
        }
    }

    private async ValueTask<byte[]> ReadStoredAsync(string stored, WalFileName file, CancellationToken cancellationToken)
    {
        var path = Describe(stored);
        var stream = await _storage.OpenReadAsync(_prefix + stored, cancellationToken)
            ?? throw new PgkeepException(ErrorKind.WalMissing, $"\"{path}\" was there a moment ago and is gone");
        await using (stream)
        {
            return StoredWal.Decode(await StoredContent.ReadAllAsync(stream, path, cancellationToken), stored, file, path);
        }
    }
}
