using Pgkeep.Postgres;

namespace Pgkeep.Repository;

internal enum CatalogList
{
    Databases,
    Relations,
    Schemas,
}

/// <summary>A line of <c>catalog.json.gz</c>. Valid until the next one is read.</summary>
internal readonly ref struct CatalogEntry
{
    public required CatalogList List { get; init; }

    /// <summary>UTF-8, as all names here.</summary>
    public required ReadOnlySpan<byte> Database { get; init; }

    /// <summary>Of a relation or a schema.</summary>
    public required ReadOnlySpan<byte> Schema { get; init; }

    public required ReadOnlySpan<byte> Relation { get; init; }

    /// <summary>pg_class.relkind.</summary>
    public required char Kind { get; init; }

    public required Oid Oid { get; init; }

    public required Oid FileNode { get; init; }

    /// <summary>0 where the file is too old to tell; the database's default where nothing else was said.</summary>
    public required Oid Tablespace { get; init; }

    public required Oid SchemaOid { get; init; }

    /// <summary>Of the row in pg_database, pg_class or pg_namespace.</summary>
    public required TupleId Place { get; init; }
}

internal delegate void CatalogEntryVisitor(in CatalogEntry entry);
