using Pgkeep.Diagnostics;
using Pgkeep.Postgres;
using Pgkeep.Storage;
using Pgkeep.Streams;

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
    /// <summary>Any suffix of a name counts as that name, and of several copies the first is taken that is sound; new files are written with the first.</summary>
    public static readonly IReadOnlyList<string> Suffixes = [".gz", "", ".zst"];

    /// <summary>Longer than any call that looks ahead takes.</summary>
    private static readonly TimeSpan LongestFresh = TimeSpan.FromMinutes(5);

    private readonly IStorage _storage;
    private readonly string _prefix;

    /// <param name="folder">Of the archive inside the store; empty for its top.</param>
    public WalArchive(IStorage storage, string folder)
    {
        _storage = storage;
        _prefix = folder.Length == 0 ? "" : folder + "/";
    }

    public TimeProvider Time { get; init; } = TimeProvider.System;

    public string Describe(string name) => _storage.Describe(_prefix + name);

    /// <summary>The stored name (with its suffix), or null where the store says that no such file is there.</summary>
    public async ValueTask<string?> FindAsync(string name, CancellationToken cancellationToken) => (await FindStoredAsync(name, cancellationToken))?.Name;

    /// <summary>The copy to try after one that is damaged; null where there is none.</summary>
    /// <param name="stored">From here, or from <see cref="FindAsync"/>.</param>
    public async ValueTask<string?> FindNextAsync(string name, string stored, CancellationToken cancellationToken)
    {
        foreach (var suffix in Suffixes.SkipWhile(suffix => name + suffix != stored).Skip(1))
        {
            if (await _storage.FindAsync(_prefix + name + suffix, cancellationToken) is { } found)
            {
                return found.Name;
            }
        }

        return null;
    }

    /// <summary>
    /// The copy to read by somebody who cannot begin again: the first that is sound, read through for that, or the last one there is, which nobody has read yet. Null
    /// where the store says that no such file is there.
    /// </summary>
    public async ValueTask<string?> FindSoundAsync(WalFileName file, CancellationToken cancellationToken)
    {
        var stored = await FindAsync(file.Name, cancellationToken);
        while (stored is not null && await FindNextAsync(file.Name, stored, cancellationToken) is { } next && !await IsSoundAsync(stored, file, cancellationToken))
        {
            stored = next;
        }

        return stored;
    }

    /// <summary>Compresses and stores a file under its name, durable when this returns.</summary>
    /// <param name="writtenAt">By the server.</param>
    /// <param name="threads">That compress it.</param>
    public async ValueTask<StoreResult> StoreAsync(
        WalFileName file, WalContent content, SystemIdentifier identifier, int level, DateTimeOffset writtenAt, int threads, CancellationToken cancellationToken)
    {
        if (await FindStoredAsync(file.Name, cancellationToken) is { } stored)
        {
            await ConfirmAsync(stored, file, content, cancellationToken);
            return StoreResult.AlreadyStored;
        }

        using (var pending = Encode(file, content, identifier, level, writtenAt, threads, cancellationToken))
        {
            if (pending.TryPublish())
            {
                await SyncNamesAsync(cancellationToken);
                return StoreResult.Stored;
            }
        }

        // Another archive-wal of the same server was faster.
        await ConfirmAsync(await _storage.FindAsync(_prefix + file.Name + Suffixes[0], cancellationToken) ?? throw Gone(file.Name), file, content, cancellationToken);
        return StoreResult.AlreadyStored;
    }

    public ValueTask<StoreResult> StoreAsync(
        WalFileName file, ReadOnlyMemory<byte> content, SystemIdentifier identifier, int level, DateTimeOffset writtenAt, CancellationToken cancellationToken) =>
        StoreAsync(file, WalContent.Of(content), identifier, level, writtenAt, threads: 1, cancellationToken);

    /// <summary>The file as it will be stored, complete and durable, but under no name yet.</summary>
    public IPendingObject Encode(
        WalFileName file, WalContent content, SystemIdentifier identifier, int level, DateTimeOffset writtenAt, int threads, CancellationToken cancellationToken)
    {
        var pending = _storage.Create(_prefix + file.Name + Suffixes[0]);
        try
        {
            WalEncoder.Encode(content, pending, file, identifier, writtenAt, level, threads, cancellationToken);
            return pending;
        }
        catch
        {
            pending.Dispose();
            throw;
        }
    }

    /// <summary>Makes durable what was published.</summary>
    public ValueTask SyncNamesAsync(CancellationToken cancellationToken) => _storage.SyncNamesAsync(_prefix.TrimEnd('/'), cancellationToken);

    /// <summary>
    /// Writes the plain content of a file of any size. The last check is made when the last of it is written: what was written before a failure is
    /// worth nothing.
    /// </summary>
    /// <param name="stored">From <see cref="FindAsync"/>.</param>
    /// <param name="plain">What it throws passes through.</param>
    public async ValueTask CopyAsync(string stored, WalFileName file, Stream plain, CancellationToken cancellationToken)
    {
        await using var stream = await OpenStoredAsync(stored, cancellationToken);
        StoredWal.Decode(stream, stored, file, Describe(stored), plain, cancellationToken);
    }

    /// <summary>
    /// What a stored file says of itself. Null where the store says that no such file is there, and where it says nothing of itself: it is plain, or
    /// another tool stored it.
    /// </summary>
    public async ValueTask<WalIdentity?> ReadIdentityAsync(WalFileName file, CancellationToken cancellationToken)
    {
        if (await FindAsync(file.Name, cancellationToken) is not { } stored || stored == file.Name)
        {
            return null;
        }

        await using var stream = await OpenStoredAsync(stored, cancellationToken);
        return StoredWal.ReadIdentity(stream, file, Describe(stored));
    }

    /// <summary>The same for a listed file.</summary>
    public ValueTask<WalIdentity?> ReadIdentityAsync(StoredWalFile file, CancellationToken cancellationToken) =>
        file.Stored.Name == file.File.Name ? ValueTask.FromResult<WalIdentity?>(null) : ReadIdentityAsync(file.Stored.Name, cancellationToken);

    /// <summary>A file as a listing has it; null where the store says that no such file is there.</summary>
    public async ValueTask<StoredWalFile?> FindStoredAsync(WalFileName file, CancellationToken cancellationToken) =>
        await FindStoredAsync(file.Name, cancellationToken) is { } stored ? new StoredWalFile(file, stored) : null;

    /// <summary>The plain content of a file that is small, checked, from the first copy that is sound. Null where the store says that no such file is there.</summary>
    public async ValueTask<byte[]?> ReadAsync(WalFileName file, CancellationToken cancellationToken)
    {
        PgkeepException? failure = null;
        for (var stored = await FindAsync(file.Name, cancellationToken); stored is not null; stored = await FindNextAsync(file.Name, stored, cancellationToken))
        {
            try
            {
                return await ReadStoredAsync(stored, file, cancellationToken);
            }
            catch (PgkeepException damaged)
            {
                failure ??= damaged;
            }
        }

        return failure is null ? null : throw failure;
    }

    /// <summary>A listed file as it is stored. Null where it is gone since.</summary>
    public ValueTask<Stream?> OpenStoredAsync(StoredWalFile file, CancellationToken cancellationToken) => _storage.OpenReadAsync(_prefix + file.Stored.Name, cancellationToken);

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
    public async ValueTask<DateTimeOffset> ReadWrittenAtAsync(StoredWalFile file, CancellationToken cancellationToken) =>
        (await ReadIdentityAsync(file.Stored.Name, cancellationToken))?.WrittenAt ?? file.Stored.Modified;

    public async ValueTask<WalInventory> ListAsync(CancellationToken cancellationToken) =>
        WalInventory.Of(await _storage.ListAsync(_prefix.TrimEnd('/'), cancellationToken));

    /// <summary>What processes that are gone have left.</summary>
    public ValueTask RemoveLeftoversAsync(CancellationToken cancellationToken) => _storage.RemoveLeftoversAsync(_prefix.TrimEnd('/'), cancellationToken);

    public ValueTask DeleteAsync(string storedName, CancellationToken cancellationToken) => _storage.DeleteAsync(_prefix + storedName, cancellationToken);

    private async ValueTask<bool> IsSoundAsync(string stored, WalFileName file, CancellationToken cancellationToken)
    {
        try
        {
            await CopyAsync(stored, file, Stream.Null, cancellationToken);
            return true;
        }
        catch (PgkeepException)
        {
            return false;
        }
    }

    private async ValueTask<StoredObject?> FindStoredAsync(string name, CancellationToken cancellationToken)
    {
        foreach (var suffix in Suffixes)
        {
            if (await _storage.FindAsync(_prefix + name + suffix, cancellationToken) is { } found)
            {
                return found;
            }
        }

        return null;
    }

    /// <summary>Of a file that is stored already: success only where it holds what is offered.</summary>
    private async ValueTask ConfirmAsync(StoredObject stored, WalFileName file, WalContent content, CancellationToken cancellationToken)
    {
        if (!await IsFreshAndEqualAsync(stored, file, content, cancellationToken))
        {
            await CompareAsync(stored.Name, file, content, cancellationToken);
        }

        await _storage.ConfirmAsync(_prefix + stored.Name, cancellationToken);
    }

    /// <summary>
    /// What a call that looked ahead stored a moment ago is offered now in its turn: it is enough then that the offered content has the checksum in the stored
    /// file's header, and that the stored file has its end. An older file is read back as a whole (<see cref="CompareAsync"/>), for this may be the last chance to have it replaced.
    /// </summary>
    private async ValueTask<bool> IsFreshAndEqualAsync(StoredObject stored, WalFileName file, WalContent content, CancellationToken cancellationToken)
    {
        var age = Time.GetUtcNow() - stored.Modified;
        if (age < TimeSpan.Zero || age > LongestFresh)
        {
            return false;
        }

        await using var stream = await OpenStoredAsync(stored.Name, cancellationToken);
        return StoredWalStream.ReadIdentity(stream, Describe(stored.Name)) is { } identity
            && identity.Name == file.Name
            && identity.PlainSize == content.Length
            && GzipTrailer.TryReadAtEnd(stream, out var trailer)
            && trailer.Length == content.Length
            && content.QuickDigest() == identity.Digest;
    }

    private async ValueTask CompareAsync(string stored, WalFileName file, WalContent content, CancellationToken cancellationToken)
    {
        await using var stream = await OpenStoredAsync(stored, cancellationToken);
        await using var offered = content.OpenStream();
        if (!WalComparison.HasContent(stream, stored, file, Describe(stored), offered, out var digest, cancellationToken))
        {
            throw new PgkeepException(
                ErrorKind.WalConflict,
                $"\"{Describe(stored)}\" holds other content: stored {digest}, offered {content.Sha256()}",
                "two servers archive into one place: a copy of the server was started without recovery.signal or with archive_mode on, or a standby was promoted twice",
                "nothing was changed; find out which server is the right one before moving the stored file away by hand");
        }
    }

    /// <summary>Null where the stored file has none, or is gone.</summary>
    private async ValueTask<WalIdentity?> ReadIdentityAsync(string stored, CancellationToken cancellationToken)
    {
        if (await _storage.OpenReadAsync(_prefix + stored, cancellationToken) is not { } stream)
        {
            return null;
        }

        await using (stream)
        {
            return StoredWalStream.ReadIdentity(stream, Describe(stored));
        }
    }

    private PgkeepException Gone(string stored) => new(ErrorKind.WalMissing, $"\"{Describe(stored)}\" was there a moment ago and is gone");

    private async ValueTask<byte[]> ReadStoredAsync(string stored, WalFileName file, CancellationToken cancellationToken)
    {
        await using var stream = await OpenStoredAsync(stored, cancellationToken);
        return StoredWal.Decode(stream, stored, file, Describe(stored), cancellationToken);
    }

    private async ValueTask<Stream> OpenStoredAsync(string stored, CancellationToken cancellationToken) =>
        await _storage.OpenReadAsync(_prefix + stored, cancellationToken)
        ?? throw Gone(stored);
}
