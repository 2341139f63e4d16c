using Pgkeep.Postgres.Wal.Index;

namespace Pgkeep.Search;

/// <summary>The indexes of the segments of the history that is followed, by their numbers.</summary>
internal interface ISegmentIndexes
{
    /// <summary>Null where there is none, or where it is not of what is stored.</summary>
    ValueTask<WalSegmentIndex?> FindAsync(ulong number, CancellationToken cancellationToken);
}
