using System.Text;
using Pgkeep.Postgres;
using Pgkeep.Repository;

namespace Pgkeep.Search.Names;

/// <summary>
/// Takes over the names of a backup. They were read while the server was running, at some moment after the backup's start: what the WAL says from there on is laid over them once
/// more, and ends with the same.
/// </summary>
internal sealed class CatalogLoading
{
    private const int ChunkLength = 64 * 1024;

    private readonly RelationNames _names;
    private readonly Dictionary<string, CatalogRow> _databases = [];
    private readonly Dictionary<string, CatalogRow>.AlternateLookup<ReadOnlySpan<char>> _byName;

    // Kept until all are there: a table that grows to its size leaves as much behind as it needs.
    private readonly List<(Catalog Catalog, TupleId Place, CatalogRow Row)> _rows = [];
    private byte[] _chunk = [];
    private int _used;

    private CatalogLoading(RelationNames names)
    {
        _names = names;
        _byName = _databases.GetAlternateLookup<ReadOnlySpan<char>>();
    }

    /// <returns>Why the names are not known; null where they are.</returns>
    /// <exception cref="Diagnostics.PgkeepException">The file is missing or damaged.</exception>
    public static string? Run(RelationNames names, StoredBackup backup, CancellationToken cancellationToken)
    {
        var loading = new CatalogLoading(names);
        var reader = CatalogReader.Read(backup, loading.Take, cancellationToken);
        if (!reader.HasDatabases)
        {
            return $"{backup.Name} was taken by an older pgkeep, which did not note which files belong to which database";
        }

        loading.Complete();
        return null;
    }

    private void Take(in CatalogEntry entry)
    {
        Span<char> name = stackalloc char[entry.Database.Length];
        name = name[..Encoding.UTF8.GetChars(entry.Database, name)];
        if (entry.List == CatalogList.Databases)
        {
            var row = new CatalogRow { Database = default, Oid = entry.Oid, Name = Keep(entry.Database), Tablespace = entry.Tablespace };
            _databases[name.ToString()] = row;
            _rows.Add((Catalog.Databases, entry.Place, row));
        }
        else if (_byName.TryGetValue(name, out var database))
        {
            if (entry.List == CatalogList.Schemas)
            {
                _rows.Add((Catalog.Schemas, entry.Place, new CatalogRow { Database = database.Oid, Oid = entry.Oid, Name = Keep(entry.Schema) }));
            }
            else
            {
                AddRelation(entry, database);
            }
        }
    }

    private void AddRelation(in CatalogEntry entry, CatalogRow database) => _rows.Add((Catalog.Relations, entry.Place, new CatalogRow
    {
        Database = database.Oid,
        Oid = entry.Oid,
        Name = Keep(entry.Relation),
        Schema = entry.SchemaOid,
        FileNode = entry.FileNode,

        // As the row has it: the database's own is 0 there.
        Tablespace = entry.Tablespace == database.Tablespace ? default : entry.Tablespace,
        Kind = entry.Kind,
    }));

    private void Complete()
    {
        _names.EnsureCapacity(_rows.Count);
        foreach (var (catalog, _, row) in _rows)
        {
            _names.Set(catalog, row);
        }

        var counts = _rows.CountBy(row => (row.Catalog, row.Row.Database)).ToDictionary();
        var places = counts.ToDictionary(count => count.Key, count => new Dictionary<TupleId, CatalogRow>(count.Value));
        foreach (var (catalog, place, row) in _rows)
        {
            places[(catalog, row.Database)][place] = row;
        }

        foreach (var row in _rows.Where(row => row.Catalog == Catalog.Relations).Select(row => row.Row))
        {
            if (CatalogOids.CatalogOf(row.Oid) is not { } catalog)
            {
                continue;
            }

            var database = catalog == Catalog.Databases ? default : row.Database;
            if (_names.FileOf(row) is { } file && places.Remove((catalog, database), out var rows))
            {
                _names.Track(catalog, database, file, rows);
            }
        }
    }

    /// <summary>The names lie one behind the other: an object for each of 300,000 would be most of the memory.</summary>
    private ReadOnlyMemory<byte> Keep(ReadOnlySpan<byte> name)
    {
        if (_used + name.Length > _chunk.Length)
        {
            (_chunk, _used) = (new byte[Math.Max(ChunkLength, name.Length)], 0);
        }

        name.CopyTo(_chunk.AsSpan(_used));
        var kept = _chunk.AsMemory(_used, name.Length);
        _used += name.Length;
        return kept;
    }
}
