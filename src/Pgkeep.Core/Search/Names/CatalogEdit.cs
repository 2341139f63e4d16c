using Pgkeep.Postgres;

namespace Pgkeep.Search.Names;

/// <summary>A row of a catalogue that a transaction has inserted, updated or deleted.</summary>
/// <param name="Position">Of the record.</param>
/// <param name="OldPlace">Null of an insertion.</param>
/// <param name="Old">Null of an insertion, and where the row was not known.</param>
/// <param name="NewPlace">Null of a deletion.</param>
/// <param name="New">Null of a deletion, and where the row could not be read.</param>
internal sealed record CatalogEdit(Lsn Position, TrackedCatalog Catalog, TupleId? OldPlace, CatalogRow? Old, TupleId? NewPlace, CatalogRow? New)
{
    public bool IsInsertion => OldPlace is null;

    public bool IsDeletion => NewPlace is null;
}
