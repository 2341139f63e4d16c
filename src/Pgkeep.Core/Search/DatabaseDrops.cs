using Pgkeep.Postgres;
using Pgkeep.Postgres.Wal;
using Pgkeep.Postgres.Wal.Changes;
using Pgkeep.Search.Names;

namespace Pgkeep.Search;

/// <summary>
/// DROP DATABASE, which no rollback and no recovery to a transaction brings back as a whole: it first marks the database as invalid, in its row of pg_database where that lies, then
/// deletes the row, then the files, and then it commits. Before the first of these the database is whole. Older minor versions (below 13.12, 14.9, 15.4) do not mark it.
/// </summary>
// PostgreSQL src/backend/commands/dbcommands.c, dropdb, remove_dbtablespaces, movedb; src/include/catalog/pg_database.h, DATCONNLIMIT_INVALID_DB
internal sealed class DatabaseDrops(RelationNames names, CatalogFollower follower)
{
    private const int Invalid = -2;

    private readonly Dictionary<Oid, Lsn> _invalid = [];

    /// <summary>A row that is changed where it lies; the mark may belong to no transaction.</summary>
    public void TakeInPlace(in WalRecord record, WalRecordBody body)
    {
        if (body.Blocks is not [var block, ..] || names.FindCatalog(block.Relation) is not { Catalog: Catalog.Databases } catalog)
        {
            return;
        }

        if (follower.ReadInPlace(record, body, catalog, out _) is { } row && row.ConnectionLimit == Invalid)
        {
            _invalid[row.Oid] = record.Start;
        }
    }

    public void Take(in WalRecord record, in DatabaseChange change, OpenTransactions open)
    {
        switch (change.Operation)
        {
            case DatabaseOperation.Drop:
                open.Get(record.Header.Xid).AddDatabase(new DroppedDatabase(change.Database, _invalid.GetValueOrDefault(change.Database, record.Start)));
                break;
            case DatabaseOperation.Copy when !change.IsMove && names.FindRelation(change.Database, CatalogOids.Relations) is null:
                names.CopyDatabase(change.SourceDatabase, change.Database);
                break;
        }
    }

    /// <summary>Of a transaction that ends. ALTER DATABASE SET TABLESPACE removes files as well, and a failed CREATE DATABASE; the row tells them apart.</summary>
    public IReadOnlyList<FoundDatabase> Of(IReadOnlyList<OpenTransaction> parts, IReadOnlyList<CatalogEdit> edits) =>
    [
        .. parts.SelectMany(part => part.Databases)
            .Where(database => edits.Any(edit => edit is { IsDeletion: true, Catalog.Catalog: Catalog.Databases } && (edit.Old is null || edit.Old.Oid == database.Oid)))
            .Select(database => new FoundDatabase(database.Oid, names.FindDatabaseName(database.Oid) ?? $"{database.Oid}", database.Position)),
    ];

    /// <summary>After the commit.</summary>
    public void Complete(IReadOnlyList<CatalogEdit> edits)
    {
        foreach (var edit in edits)
        {
            if (edit is { IsDeletion: true, Catalog.Catalog: Catalog.Databases, Old: { } old })
            {
                names.ForgetDatabase(old.Oid);
                _invalid.Remove(old.Oid);
            }
        }
    }
}
