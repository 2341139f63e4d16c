using Pgkeep.Postgres;
using Pgkeep.Postgres.Wal;
using Pgkeep.Postgres.Wal.Changes;

namespace Pgkeep.Search.Names;

/// <summary>
/// Which relation a file is, at the position that reading has reached. What a transaction changes counts from its record on, for nobody else touches a relation that it renames
/// or gives another file before it has ended; what it took back is restored.
/// </summary>
internal sealed class RelationNames
{
    private readonly Dictionary<RelationFileLocator, TrackedCatalog> _catalogs = [];
    private readonly Dictionary<RelationFileLocator, CatalogRow> _byFile = [];
    private readonly Dictionary<(Oid Database, Oid Relation), CatalogRow> _relations = [];
    private readonly Dictionary<(Oid Database, Oid Schema), CatalogRow> _schemas = [];
    private readonly Dictionary<Oid, CatalogRow> _databases = [];
    private readonly HashSet<Oid> _copied = [];

    public IEnumerable<CatalogRow> Relations => _relations.Values;

    public IEnumerable<RelationFileLocator> CatalogFiles => _catalogs.Keys;

    /// <summary>Is told every relation that becomes known or changes.</summary>
    public Action<CatalogRow>? Seen { get; set; }

    /// <summary>Before so many relations become known.</summary>
    public void EnsureCapacity(int relations)
    {
        _relations.EnsureCapacity(relations);
        _byFile.EnsureCapacity(relations);
    }

    public TrackedCatalog? FindCatalog(in RelationFileLocator file) => _catalogs.GetValueOrDefault(file);

    public CatalogRow? FindByFile(in RelationFileLocator file) => _byFile.GetValueOrDefault(file);

    public CatalogRow? FindRelation(Oid database, Oid relation) => _relations.GetValueOrDefault((database, relation));

    /// <summary>Whether a database was made from another in the WAL that was read, page by page.</summary>
    public bool IsCopied(Oid database) => _copied.Contains(database);

    /// <summary>Null where it is not known; of a schema, its OID stands for it.</summary>
    public string? FindDatabaseName(Oid database) => _databases.GetValueOrDefault(database)?.NameText;

    public RelationName Describe(CatalogRow row)
    {
        var isShared = row.Tablespace == CatalogOids.SharedTablespace;
        return new RelationName(
            isShared ? null : FindDatabaseName(row.Database) ?? row.Database.ToString(),
            _schemas.GetValueOrDefault((row.Database, row.Schema))?.NameText ?? CatalogOids.NameOfSchema(row.Schema) ?? row.Schema.ToString(),
            row.NameText);
    }

    /// <summary>Null where it has no file, or none that can be told because its database's tablespace is not known.</summary>
    public RelationFileLocator? FileOf(CatalogRow row)
    {
        if (row.FileNode.Value == 0)
        {
            return null;
        }

        if (row.Tablespace == CatalogOids.SharedTablespace)
        {
            return new RelationFileLocator(row.Tablespace, default, row.FileNode);
        }

        return row.Tablespace.Value != 0 ? new RelationFileLocator(row.Tablespace, row.Database, row.FileNode)
            : _databases.GetValueOrDefault(row.Database) is { } database ? new RelationFileLocator(database.Tablespace, row.Database, row.FileNode)
            : null;
    }

    /// <summary>From now on its rows are in the file; what was known under another is forgotten.</summary>
    public void Track(Catalog catalog, Oid database, in RelationFileLocator file, Dictionary<TupleId, CatalogRow> rows)
    {
        foreach (var (old, tracked) in _catalogs)
        {
            if (tracked.Catalog == catalog && tracked.Database == database)
            {
                _catalogs.Remove(old);
                break;
            }
        }

        _catalogs[file] = new TrackedCatalog(catalog, database) { Rows = rows };
    }

    /// <summary>pg_class, pg_database and some others have their files in the relation map: VACUUM FULL of one, and a new database, write a new one.</summary>
    public void TakeMap(in RelationMapChange map)
    {
        var (catalog, relation) = map.Database.Value == 0 ? (Catalog.Databases, CatalogOids.Databases) : (Catalog.Relations, CatalogOids.Relations);
        var database = map.Database;
        if (catalog == Catalog.Relations && !_catalogs.Values.Any(known => known.Catalog == Catalog.Relations && known.Database == database))
        {
            _copied.Add(database);
        }

        if (map.Find(relation) is { } fileNode && new RelationFileLocator(map.Tablespace, map.Database, fileNode) is var file && !_catalogs.ContainsKey(file))
        {
            Track(catalog, map.Database, file, []);
        }

        for (var i = 0; i + 1 < map.Mappings.Count; i += 2)
        {
            if (FindMapped(map.Database, new Oid(map.Mappings[i])) is { } row && row.FileNode.Value != map.Mappings[i + 1])
            {
                Set(Catalog.Relations, row.With(fileNode: new Oid(map.Mappings[i + 1])));
            }
        }
    }

    /// <summary>Where no backup tells its file, it is the one that initdb gave it.</summary>
    public void TrackDatabases()
    {
        if (!_catalogs.Values.Any(catalog => catalog.Catalog == Catalog.Databases))
        {
            Track(Catalog.Databases, default, new RelationFileLocator(CatalogOids.SharedTablespace, default, CatalogOids.Databases), []);
        }
    }

    public void Apply(CatalogEdit edit)
    {
        if (edit.New is { } row)
        {
            edit.Catalog.Rows[edit.NewPlace!.Value] = row;
            Set(edit.Catalog.Catalog, row);
        }
    }

    /// <param name="edits">Of a transaction that has committed, in the order of the WAL.</param>
    public void Commit(IEnumerable<CatalogEdit> edits)
    {
        foreach (var edit in edits)
        {
            if (edit.OldPlace is { } place && edit.Catalog.Rows.GetValueOrDefault(place) == edit.Old)
            {
                edit.Catalog.Rows.Remove(place);
            }

            if (edit.Old is { } old)
            {
                Forget(edit.Catalog.Catalog, old, edit.IsDeletion);
            }
        }
    }

    /// <param name="edits">Of one that was rolled back, in the order of the WAL.</param>
    public void Abort(IEnumerable<CatalogEdit> edits)
    {
        foreach (var edit in edits.Reverse())
        {
            if (edit.New is not { } row)
            {
                continue;
            }

            if (edit.Catalog.Rows.GetValueOrDefault(edit.NewPlace!.Value) == row)
            {
                edit.Catalog.Rows.Remove(edit.NewPlace!.Value);
            }

            Forget(edit.Catalog.Catalog, row, isGone: true);
            if (edit.Old is { } old)
            {
                Set(edit.Catalog.Catalog, old);
            }
        }
    }

    /// <summary>What is known of a row becomes what counts.</summary>
    public void Set(Catalog catalog, CatalogRow row)
    {
        switch (catalog)
        {
            case Catalog.Schemas:
                _schemas[(row.Database, row.Oid)] = row;
                break;
            case Catalog.Databases:
                _databases[row.Oid] = row;
                break;
            default:
                _relations[(row.Database, row.Oid)] = row;
                if (FileOf(row) is { } file)
                {
                    _byFile[file] = row;
                    FollowRewrite(row, file);
                }

                Seen?.Invoke(row);
                break;
        }
    }

    /// <summary>A database that is made as a copy of another has its catalogues, in files of the same numbers.</summary>
    public void CopyDatabase(Oid source, Oid target)
    {
        foreach (var row in _schemas.Values.Where(row => row.Database == source).ToList())
        {
            _schemas[(target, row.Oid)] = row.With(database: target);
        }

        var copies = _relations.Values.Where(row => row.Database == source).ToDictionary(row => row, row => row.With(database: target));
        foreach (var (file, catalog) in _catalogs.Where(pair => pair.Value.Database == source).ToList())
        {
            var copy = new TrackedCatalog(catalog.Catalog, target)
            {
                Rows = catalog.Rows.ToDictionary(row => row.Key, row => copies.GetValueOrDefault(row.Value) ?? row.Value.With(database: target)),
            };
            _catalogs[file with { Database = target }] = copy;
        }

        foreach (var copy in copies.Values)
        {
            Set(Catalog.Relations, copy);
        }
    }

    /// <summary>A database that is gone needs no memory.</summary>
    public void ForgetDatabase(Oid database)
    {
        foreach (var key in _relations.Keys.Where(key => key.Database == database).ToList())
        {
            _relations.Remove(key);
        }

        foreach (var file in _byFile.Keys.Where(file => file.Database == database).ToList())
        {
            _byFile.Remove(file);
        }

        foreach (var file in _catalogs.Keys.Where(file => file.Database == database).ToList())
        {
            _catalogs.Remove(file);
        }
    }

    /// <summary>A shared one is in the pg_class of every database.</summary>
    private CatalogRow? FindMapped(Oid database, Oid relation) =>
        database.Value != 0 ? FindRelation(database, relation) : _databases.Keys.Select(each => FindRelation(each, relation)).FirstOrDefault(row => row is not null);

    /// <summary>pg_namespace has its file in pg_class, not in the relation map.</summary>
    private void FollowRewrite(CatalogRow row, in RelationFileLocator file)
    {
        if (row.Oid == CatalogOids.Schemas && !_catalogs.ContainsKey(file))
        {
            Track(Catalog.Schemas, row.Database, file, []);
        }
    }

    /// <summary>Where another relation has its place by now, that one stays.</summary>
    private void Forget(Catalog catalog, CatalogRow row, bool isGone)
    {
        switch (catalog)
        {
            case Catalog.Schemas when isGone && _schemas.GetValueOrDefault((row.Database, row.Oid)) == row:
                _schemas.Remove((row.Database, row.Oid));
                break;
            case Catalog.Databases when isGone && _databases.GetValueOrDefault(row.Oid) == row:
                _databases.Remove(row.Oid);
                break;
            case Catalog.Relations:
                if (isGone && _relations.GetValueOrDefault((row.Database, row.Oid)) == row)
                {
                    _relations.Remove((row.Database, row.Oid));
                }

                if (FileOf(row) is { } file && _byFile.GetValueOrDefault(file) == row && !IsStillFileOf(row, file))
                {
                    _byFile.Remove(file);
                }

                break;
        }
    }

    private bool IsStillFileOf(CatalogRow row, in RelationFileLocator file) => _relations.GetValueOrDefault((row.Database, row.Oid)) is { } current && FileOf(current) == file;
}
