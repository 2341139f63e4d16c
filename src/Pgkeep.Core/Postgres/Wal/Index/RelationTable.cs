namespace Pgkeep.Postgres.Wal.Index;

/// <summary>The relations that a segment's records name.</summary>
internal sealed class RelationTable
{
    /// <summary>So many neighbouring file numbers are found without a look into the dictionary.</summary>
    private const int RecentCount = 256;

    private readonly Dictionary<(ulong Place, uint FileNode), RelationCounter> _all = [];
    private readonly RelationCounter?[] _recent = new RelationCounter?[RecentCount];

    public long Memory => _all.Values.Sum(counter => counter.Memory);

    /// <param name="place">As <see cref="WalRecordBlocks.NamedBlock"/>.</param>
    public RelationCounter Find(ulong place, uint fileNode)
    {
        ref var recent = ref _recent[fileNode % RecentCount];
        if (recent is null || recent.FileNode != fileNode || recent.Place != place)
        {
            recent = FindOrAdd(place, fileNode);
        }

        return recent;
    }

    public IReadOnlyList<RelationChanges> ToList() =>
    [
        .. _all.Values.OrderBy(counter => counter.Relation.Tablespace).ThenBy(counter => counter.Relation.Database).ThenBy(counter => counter.Relation.FileNode).Select(counter => counter.ToChanges()),
    ];

    private RelationCounter FindOrAdd(ulong place, uint fileNode)
    {
        if (!_all.TryGetValue((place, fileNode), out var counter))
        {
            _all.Add((place, fileNode), counter = new RelationCounter(place, fileNode));
        }

        return counter;
    }
}
