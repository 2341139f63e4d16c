namespace Pgkeep.Storage;

/// <summary>An object on its way into a store. Disposed before it was published, it was never there.</summary>
internal interface IPendingObject : IDisposable
{
    /// <summary>In any order; one thread at a time.</summary>
    void Write(ReadOnlySpan<byte> content, long offset);

    /// <summary>What was written outlives a crash when this returns.</summary>
    void Sync();

    /// <summary>
    /// Gives it its name, after <see cref="Sync"/>. False, and nothing changed, where the name is taken. The name itself outlives a crash only after
    /// <see cref="IStorage.SyncNamesAsync"/>.
    /// </summary>
    bool TryPublish();
}
