using System.Text;
using Pgkeep.Postgres;
using Pgkeep.Postgres.Wal;
using Pgkeep.Search.Names;
using Pgkeep.Tests.Support;

namespace Pgkeep.Tests.Search;

/// <summary>What a backup tells of the database that <see cref="CatalogWal"/> writes for.</summary>
internal static class KnownNames
{
    public static RelationNames Create()
    {
        var names = new RelationNames();
        names.Set(Catalog.Databases, Row(CatalogWal.Database, "shop", tablespace: 1663, database: 0));
        var rows = new Dictionary<TupleId, CatalogRow>
        {
            [new TupleId(0, 1)] = Row(17001, "orders", 20001),
            [new TupleId(0, 2)] = Row(17002, "items", 20002),
            [new TupleId(0, 3)] = Row(17003, "orders_view", 0, 'v'),
            [new TupleId(0, 4)] = Row(1259, "pg_class", CatalogWal.RelationsFile),
        };
        foreach (var row in rows.Values)
        {
            names.Set(Catalog.Relations, row);
        }

        names.Track(Catalog.Relations, new Oid(CatalogWal.Database), new RelationFileLocator(new Oid(1663), new Oid(CatalogWal.Database), new Oid(CatalogWal.RelationsFile)), rows);
        names.TrackDatabases();
        return names;
    }

    private static CatalogRow Row(uint oid, string name, uint fileNode = 0, char kind = 'r', uint tablespace = 0, uint database = CatalogWal.Database) => new()
    {
        Database = new Oid(database),
        Oid = new Oid(oid),
        Name = Encoding.UTF8.GetBytes(name),
        Schema = new Oid(2200),
        FileNode = new Oid(fileNode),
        Tablespace = new Oid(tablespace),
        Kind = kind,
    };
}
