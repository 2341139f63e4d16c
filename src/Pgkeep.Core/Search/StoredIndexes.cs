using Pgkeep.Diagnostics;
using Pgkeep.Postgres.Wal.Index;
using Pgkeep.Repository;

namespace Pgkeep.Search;

/// <param name="find">The stored segment of the history at a number; null where there is none.</param>
internal sealed class StoredIndexes(WalIndexStore store, Func<ulong, StoredWalFile?> find) : ISegmentIndexes
{
    public async ValueTask<WalSegmentIndex?> FindAsync(ulong number, CancellationToken cancellationToken)
    {
        try
        {
            return find(number) is { } stored ? await store.FindAsync(stored, cancellationToken) : null;
        }
        catch (PgkeepException)
        {
            // Whoever reads the segment will tell.
            return null;
        }
    }
}
