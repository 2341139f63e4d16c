using Pgkeep.Repository;

namespace Pgkeep.Search;

/// <summary>
/// Which segments a search reads. An index may leave out those in which no transaction ends that can match, none that does has written anything, and no catalogue is changed that names
/// rest on: a transaction's rows lie before its end, and a table's name may have changed anywhere.
/// </summary>
internal interface ISegmentChoice
{
    /// <param name="all">Consecutive segments of the history that is followed.</param>
    /// <returns>Parts of it, in the order of the WAL.</returns>
    IEnumerable<WalRun> Choose(WalRun all, FindQuery query);
}

/// <summary>Without an index, all of them.</summary>
internal sealed class AllSegments : ISegmentChoice
{
    public IEnumerable<WalRun> Choose(WalRun all, FindQuery query) => [all];
}
