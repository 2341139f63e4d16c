using Pgkeep.Diagnostics;
using Pgkeep.Storage;

namespace Pgkeep.Repository;

/// <summary>
/// <c>repository.json</c>: created by the first command that stores something, and from then on the proof that a store is the right one.
/// Two first commands may run at once; one of them creates it and the other finds it.
/// </summary>
internal static class RepositoryMarker
{
    /// <summary>Null where the store has none.</summary>
    public static async ValueTask<RepositoryIdentity?> ReadAsync(IStorage storage, CancellationToken cancellationToken)
    {
        var stream = await storage.OpenReadAsync(RepositoryLayout.MarkerName, cancellationToken);
        if (stream is null)
        {
            return null;
        }

        await using (stream)
        {
            var content = await StoredContent.ReadAllAsync(stream, storage.Describe(RepositoryLayout.MarkerName), cancellationToken);
            return RepositoryIdentity.FromJson(content, storage.Describe(RepositoryLayout.MarkerName));
        }
    }

    /// <summary>Throws where there is none: then nothing was ever stored here, or this is the wrong place.</summary>
    public static async ValueTask<RepositoryIdentity> RequireAsync(IStorage storage, CancellationToken cancellationToken) =>
        await ReadAsync(storage, cancellationToken)
        ?? throw new PgkeepException(
            ErrorKind.RepositoryMissing,
            $"there is no repository in \"{storage.Describe("")}\": \"{RepositoryLayout.MarkerName}\" is not there",
            "check BACKUP_DIR and WAL_ARCHIVE_DIR (pgkeep config show), and that the disk is mounted");

    /// <summary>Creates the marker where there is none; throws where it names another cluster.</summary>
    public static ValueTask EnsureAsync(IStorage storage, RepositoryIdentity identity, TimeProvider time, CancellationToken cancellationToken) =>
        EnsureAsync(storage, identity, null, time, cancellationToken);

    /// <summary>As <see cref="EnsureAsync(IStorage, RepositoryIdentity, TimeProvider, CancellationToken)"/>; throws also where there was one.</summary>
    /// <param name="witness">Of the cluster; null where its data directory is not on this host.</param>
    public static async ValueTask EnsureAsync(IStorage storage, RepositoryIdentity identity, RepositoryWitness? witness, TimeProvider time, CancellationToken cancellationToken)
    {
        var found = await ReadAsync(storage, cancellationToken);
        if (found is null)
        {
            witness?.RequireNew(identity.SystemIdentifier, storage.Describe(""));
            if (await storage.TryCreateAsync(RepositoryLayout.MarkerName, identity.ToJson(time.GetUtcNow()), cancellationToken))
            {
                return;
            }

            found = await RequireAsync(storage, cancellationToken);
        }

        Compare(found, identity, storage.Describe(""));
    }

    /// <summary>Throws where there is a marker and it names another cluster.</summary>
    public static async ValueTask RequireMatchAsync(IStorage storage, RepositoryIdentity identity, CancellationToken cancellationToken)
    {
        if (await ReadAsync(storage, cancellationToken) is { } found)
        {
            Compare(found, identity, storage.Describe(""));
        }
    }

    private static void Compare(RepositoryIdentity found, RepositoryIdentity wanted, string place)
    {
        if (found.SystemIdentifier != wanted.SystemIdentifier)
        {
            throw new PgkeepException(
                ErrorKind.RepositoryMismatch,
                $"the repository \"{place}\" belongs to the cluster with system identifier {found.SystemIdentifier}, and this is {wanted.SystemIdentifier}",
                "every cluster needs a repository of its own: set BACKUP_DIR to another directory",
                "after pg_upgrade or initdb the identifier is a new one: pgkeep repository rotate keeps the old repository aside and starts the new cluster in its place");
        }

        if (found.WalSegmentSize != wanted.WalSegmentSize)
        {
            throw new PgkeepException(
                ErrorKind.RepositoryMismatch,
                $"the repository \"{place}\" holds WAL segments of {found.WalSegmentSize.Bytes} bytes, and these have {wanted.WalSegmentSize.Bytes}",
                "after pg_resetwal --wal-segsize take a new, empty repository");
        }
    }
}
