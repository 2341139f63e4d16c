using Pgkeep.Postgres;

namespace Pgkeep.Search.Names;

/// <summary>The catalogues that are followed.</summary>
internal enum Catalog
{
    /// <summary>pg_class, of each database.</summary>
    Relations,

    /// <summary>pg_namespace, of each database.</summary>
    Schemas,

    /// <summary>pg_database, which is shared.</summary>
    Databases,
}

// PostgreSQL src/include/catalog/pg_class.h, pg_namespace.h, pg_database.h (the OIDs of the catalogues themselves); pg_tablespace.dat; src/include/access/transam.h
internal static class CatalogOids
{
    /// <summary>The tablespace of shared relations, pg_global.</summary>
    public static readonly Oid SharedTablespace = new(1664);

    /// <summary>pg_default.</summary>
    public static readonly Oid DefaultTablespace = new(1663);

    public static readonly Oid Relations = new(1259);

    public static readonly Oid Schemas = new(2615);

    public static readonly Oid Databases = new(1262);

    /// <summary>FirstNormalObjectId: what initdb makes has a lower OID.</summary>
    public const uint FirstNormal = 16384;

    /// <summary>Of those that every database has from the beginning on; null for others.</summary>
    // PostgreSQL src/include/catalog/pg_namespace.dat
    public static string? NameOfSchema(Oid schema) => schema.Value switch
    {
        11 => "pg_catalog",
        99 => "pg_toast",
        2200 => "public",
        _ => null,
    };

    public static Catalog? CatalogOf(Oid relation) =>
        relation == Relations ? Catalog.Relations : relation == Schemas ? Catalog.Schemas : relation == Databases ? Catalog.Databases : null;
}
