using Pgkeep.Postgres;
using Pgkeep.Postgres.Wal;
using Pgkeep.Search.Names;

namespace Pgkeep.Search;

/// <summary>What was read so far of a transaction, or of a subtransaction by itself: which of them ends how, only their ends tell.</summary>
internal sealed class OpenTransaction
{
    /// <summary>Up to so many relations, one after the other is looked at.</summary>
    private const int FewRelations = 8;

    private readonly List<RelationCount> _counts = [];
    private Dictionary<RelationFileLocator, RelationCount>? _byFile;
    private List<CatalogEdit>? _edits;
    private List<(Oid Database, Oid Relation)>? _truncated;
    private List<DroppedDatabase>? _databases;

    public IReadOnlyList<RelationCount> Counts => _counts;

    public IReadOnlyList<CatalogEdit> Edits => _edits ?? [];

    /// <summary>By records that say so, which logical decoding needs.</summary>
    public IReadOnlyList<(Oid Database, Oid Relation)> Truncated => _truncated ?? [];

    /// <summary>Databases whose files were removed.</summary>
    public IReadOnlyList<DroppedDatabase> Databases => _databases ?? [];

    /// <summary>Whether there is nothing but rows.</summary>
    public bool HasRowsOnly => _edits is null && _truncated is null && _databases is null;

    public List<CatalogEdit> EditsToAdd => _edits ??= [];

    public RelationCount CountOf(in RelationFileLocator file, RelationNames names)
    {
        if (_byFile is null)
        {
            for (var i = _counts.Count - 1; i >= 0; i--)
            {
                if (_counts[i].File == file)
                {
                    return _counts[i];
                }
            }
        }
        else if (_byFile.TryGetValue(file, out var known))
        {
            return known;
        }

        var count = new RelationCount(file, names.FindByFile(file), names.FindCatalog(file));
        _counts.Add(count);
        if (_byFile is not null || _counts.Count > FewRelations)
        {
            _byFile ??= [];
            foreach (var other in _byFile.Count == 0 ? _counts : [count])
            {
                _byFile.Add(other.File, other);
            }
        }

        return count;
    }

    public void AddTruncated(Oid database, Oid relation) => (_truncated ??= []).Add((database, relation));

    public void AddDatabase(DroppedDatabase database) => (_databases ??= []).Add(database);
}

/// <param name="Position">Of the first record that takes something of it away that no rollback brings back.</param>
internal sealed record DroppedDatabase(Oid Oid, Lsn Position);
