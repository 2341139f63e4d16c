using Pgkeep.Postgres.Wal;
using Pgkeep.Postgres.Wal.Changes;
using Pgkeep.Search.Names;

namespace Pgkeep.Search;

/// <summary>Rows of a relation that one transaction, or subtransaction, has changed.</summary>
/// <param name="relation">As it was when the first of them was; null where it is not known.</param>
/// <param name="catalog">Not null where it is one that is followed.</param>
internal sealed class RelationCount(RelationFileLocator file, CatalogRow? relation, TrackedCatalog? catalog)
{
    public RelationFileLocator File { get; } = file;

    public CatalogRow? Relation { get; } = relation;

    public TrackedCatalog? Catalog { get; } = catalog;

    public long Inserted { get; private set; }

    public long Updated { get; private set; }

    public long Deleted { get; private set; }

    public void Add(in HeapChange change)
    {
        switch (change.Operation)
        {
            case HeapOperation.Insert or HeapOperation.MultiInsert:
                Inserted += change.Rows;
                break;
            case HeapOperation.Update or HeapOperation.HotUpdate:
                Updated += change.Rows;
                break;
            case HeapOperation.Delete when change.TakesBackInsertion:
                Inserted -= change.Rows;
                break;
            case HeapOperation.Delete when change.MovesToPartition:
                // The row is inserted into another partition.
                Updated += change.Rows;
                break;
            case HeapOperation.Delete:
                Deleted += change.Rows;
                break;
        }
    }
}
