using Pgkeep.Postgres;

namespace Pgkeep.Search.Names;

/// <summary>One catalogue of a database under the file that it has: its rows by where they lie, old versions too until their transaction has ended.</summary>
internal sealed class TrackedCatalog(Catalog catalog, Oid database)
{
    public Catalog Catalog { get; } = catalog;

    /// <summary>0 for pg_database.</summary>
    public Oid Database { get; } = database;

    public Dictionary<TupleId, CatalogRow> Rows { get; init; } = [];
}
