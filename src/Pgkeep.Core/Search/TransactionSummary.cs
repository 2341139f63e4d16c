using Pgkeep.Postgres;
using Pgkeep.Postgres.Wal;
using Pgkeep.Search.Names;

namespace Pgkeep.Search;

/// <summary>
/// Makes of what a transaction wrote what it did to relations. TRUNCATE and DROP TABLE write no record of their own (wal_level = replica): a table that is emptied gets a new file in
/// its row of pg_class, and the commit unlinks the old one; so does one that is rewritten, but its new file belonged to a table of the transaction's own before, whose rows
/// it was filled with (src/backend/commands/cluster.c, make_new_heap, swap_relation_files).
/// </summary>
internal sealed class TransactionSummary
{
    private readonly RelationNames _names;
    private readonly HashSet<RelationFileLocator> _unlinked;
    private readonly bool _knowsUnlinked;
    private readonly Dictionary<(Oid Database, Oid Relation), Change> _changes = [];
    private readonly Dictionary<RelationFileLocator, Change> _unknown = [];

    private TransactionSummary(RelationNames names, RelationFileLocator[] unlinked, bool knowsUnlinked) => (_names, _unlinked, _knowsUnlinked) = (names, [.. unlinked], knowsUnlinked);

    /// <param name="parts">The transaction and its subtransactions.</param>
    /// <param name="edits">Theirs, in the order of the WAL, and not yet committed.</param>
    /// <param name="unlinked">Files that go with the commit.</param>
    /// <param name="knowsUnlinked">Whether that is all of them.</param>
    public static IReadOnlyList<FoundRelation> Of(
        IReadOnlyList<OpenTransaction> parts, IReadOnlyList<CatalogEdit> edits, RelationNames names, RelationFileLocator[] unlinked, bool knowsUnlinked)
    {
        var summary = new TransactionSummary(names, unlinked, knowsUnlinked);
        foreach (var count in parts.SelectMany(part => part.Counts))
        {
            summary.Add(count);
        }

        summary.AddEdits(edits);
        foreach (var (database, relation) in parts.SelectMany(part => part.Truncated))
        {
            summary.ChangeOf(database, relation, names.FindRelation(database, relation)).Fate = RelationFate.Truncated;
        }

        summary.AddUnlinked();
        return [.. summary._changes.Values.Concat(summary._unknown.Values).Where(change => !change.IsTransient).Select(summary.Describe)];
    }

    private void Add(RelationCount count)
    {
        // The file of a catalogue that is rewritten has its name with the commit.
        var change = (count.Relation ?? _names.FindByFile(count.File)) is { } row ? ChangeOf(row.Database, row.Oid, row) : UnknownOf(count.File);
        change.Inserted += count.Inserted;
        change.Updated += count.Updated;
        change.Deleted += count.Deleted;
    }

    private void AddEdits(IReadOnlyList<CatalogEdit> edits)
    {
        var owners = new Dictionary<RelationFileLocator, Oid>();
        foreach (var edit in edits.Where(edit => edit.Catalog.Catalog == Catalog.Relations))
        {
            if ((edit.Old ?? edit.New) is not { } row)
            {
                continue;
            }

            var change = ChangeOf(row.Database, row.Oid, row);
            change.First ??= edit;
            change.Last = edit;
            if (edit.New is { } changed && _names.FileOf(changed) is { } file && !owners.TryAdd(file, changed.Oid) && owners[file] != changed.Oid)
            {
                change.HasFileOfAnother = true;
            }
        }

        foreach (var change in _changes.Values.Where(change => change.First is not null))
        {
            Judge(change);
        }
    }

    private void Judge(Change change)
    {
        var (first, last) = (change.First!, change.Last!);
        if (last.IsDeletion)
        {
            change.IsTransient = first.IsInsertion;
            change.Fate = IsGone(last.Old) ? RelationFate.Dropped : RelationFate.None;
            return;
        }

        if (first.IsInsertion)
        {
            change.Fate = RelationFate.Created;
            return;
        }

        // A row that could not be read leaves the old file, if it was unlinked, to be explained by that.
        if (first.Old is not { } before || last.New is not { } after || _names.FileOf(before) is not { } old || _names.FileOf(after) is not { } file || old == file || !IsGone(before))
        {
            return;
        }

        change.Fate = change.HasFileOfAnother ? RelationFate.Rewritten : old.Tablespace != file.Tablespace ? RelationFate.Moved : RelationFate.Truncated;
    }

    /// <summary>What says that it goes and keeps its file is not what it was taken for; and a temporary table's file is no business of recovery.</summary>
    private bool IsGone(CatalogRow? row) => row is not null && (_names.FileOf(row) is not { } file || _unlinked.Contains(file) || !_knowsUnlinked);

    private void AddUnlinked()
    {
        foreach (var file in _unlinked)
        {
            if (_names.FindByFile(file) is { } row)
            {
                var change = ChangeOf(row.Database, row.Oid, row);
                change.Fate = change.Fate == RelationFate.None && change.First is null or { Old: null, IsInsertion: false } ? RelationFate.FileRemoved : change.Fate;
            }
            else if (!_changes.Values.Any(change => IsOf(change, file)))
            {
                UnknownOf(file).Fate = RelationFate.FileRemoved;
            }
        }
    }

    private bool IsOf(Change change, RelationFileLocator file) =>
        (change.First?.Old is { } old && _names.FileOf(old) == file) || (change.First?.New is { } row && _names.FileOf(row) == file) || (change.Last?.Old is { } last && _names.FileOf(last) == file);

    private Change ChangeOf(Oid database, Oid relation, CatalogRow? row)
    {
        if (!_changes.TryGetValue((database, relation), out var change))
        {
            _changes.Add((database, relation), change = new Change { Row = row, Oid = relation, File = row is null ? null : _names.FileOf(row) });
        }

        return change;
    }

    private Change UnknownOf(RelationFileLocator file)
    {
        if (!_unknown.TryGetValue(file, out var change))
        {
            _unknown.Add(file, change = new Change { File = file });
        }

        return change;
    }

    private FoundRelation Describe(Change change) => new()
    {
        Name = change.Row is { } row ? _names.Describe(row) : null,
        File = change.File,
        Oid = change.Oid,
        Kind = change.Row?.Kind ?? default,
        IsInternal = IsInternal(change),
        Inserted = change.Inserted,
        Updated = change.Updated,
        Deleted = change.Deleted,
        Fate = change.Fate,
    };

    /// <summary>A file whose relation is not known is one of the server's own where its number is: initdb gives those below.</summary>
    private static bool IsInternal(Change change) => change.Row is { } row
        ? row.Oid.Value < CatalogOids.FirstNormal || row.Kind is 't' or 'i' or 'I' or 'S' or 'c' || IsTransientName(row.Name.Span)
        : change.File is { } file && file.FileNode.Value < CatalogOids.FirstNormal;

    /// <summary>What a rewrite calls the table that it fills. That of pg_class goes in the new pg_class, which is not followed before the commit.</summary>
    private static bool IsTransientName(ReadOnlySpan<byte> name) =>
        name.StartsWith("pg_temp_"u8) && name.Length > "pg_temp_"u8.Length && !name["pg_temp_"u8.Length..].ContainsAnyExceptInRange((byte)'0', (byte)'9');

    private sealed class Change
    {
        public CatalogRow? Row { get; init; }

        public Oid Oid { get; init; }

        public RelationFileLocator? File { get; init; }

        public long Inserted { get; set; }

        public long Updated { get; set; }

        public long Deleted { get; set; }

        public RelationFate Fate { get; set; }

        public CatalogEdit? First { get; set; }

        public CatalogEdit? Last { get; set; }

        public bool HasFileOfAnother { get; set; }

        /// <summary>Made and dropped by the same transaction.</summary>
        public bool IsTransient { get; set; }
    }
}
