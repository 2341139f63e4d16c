namespace Pgkeep.Storage;

/// <summary>
/// Bytes under a name. A name is relative, with slashes; a leading dot in its last part hides it from <see cref="ListAsync"/>. What a store
/// has accepted is durable when the task ends, and everything it cannot do is thrown as a
/// <see cref="Diagnostics.PgkeepException"/>, so that "absent" is never confused with "cannot tell".
/// </summary>
internal interface IStorage
{
    /// <summary>What a person finds the object under: a path or an address.</summary>
    string Describe(string name);

    /// <summary>Null only where the store answered that there is no such object. The caller disposes the stream.</summary>
    ValueTask<Stream?> OpenReadAsync(string name, CancellationToken cancellationToken);

    /// <summary>Null only where the store answered that there is no such object.</summary>
    ValueTask<StoredObject?> FindAsync(string name, CancellationToken cancellationToken);

    /// <summary>Begins an object that is written in pieces; it has no name before it is published.</summary>
    IPendingObject Create(string name);

    /// <summary>Makes the names durable that were published in a folder.</summary>
    ValueTask SyncNamesAsync(string folder, CancellationToken cancellationToken);

    /// <summary>Stores a whole object that must not exist yet. False, and nothing changed, where the name is taken.</summary>
    ValueTask<bool> TryCreateAsync(string name, ReadOnlyMemory<byte> content, CancellationToken cancellationToken);

    /// <summary>Stores a whole object, replacing another in one step.</summary>
    ValueTask ReplaceAsync(string name, ReadOnlyMemory<byte> content, CancellationToken cancellationToken);

    /// <summary>Stores a whole object that can be made again, replacing another in one step. A crash may take it away or leave anything in its place.</summary>
    ValueTask ReplaceDerivedAsync(string name, ReadOnlyMemory<byte> content, CancellationToken cancellationToken);

    /// <summary>Makes sure that an object which is there already outlives a crash, whoever stored it.</summary>
    ValueTask ConfirmAsync(string name, CancellationToken cancellationToken);

    /// <summary>Objects directly in a folder ("" for the top), in ordinal order of their names; none where the folder is not there.</summary>
    ValueTask<IReadOnlyList<StoredObject>> ListAsync(string folder, CancellationToken cancellationToken);

    /// <summary>Names of the folders directly in a folder, in ordinal order, hidden ones left out.</summary>
    ValueTask<IReadOnlyList<string>> ListFoldersAsync(string folder, CancellationToken cancellationToken);

    /// <summary>Removes what writers that ended too early have left in a folder, under names that no listing shows.</summary>
    ValueTask RemoveLeftoversAsync(string folder, CancellationToken cancellationToken);

    /// <summary>Nothing happens where the object is not there.</summary>
    ValueTask DeleteAsync(string name, CancellationToken cancellationToken);
}

/// <param name="Name">Last part of the name.</param>
/// <param name="Size">Stored bytes.</param>
internal readonly record struct StoredObject(string Name, long Size, DateTimeOffset Modified);
