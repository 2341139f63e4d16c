using Pgkeep.Postgres.Wal;
using Pgkeep.Postgres.Wal.Changes;
using Pgkeep.Postgres.Wal.Index;
using Pgkeep.Search.Names;

namespace Pgkeep.Search;

/// <summary>
/// Decides, segment after segment, whether a search must read it, from what its index says and from what the search knows by then. Left out is only what the search would pass over: no
/// change of what is asked for, no change of a catalogue that names rest on, and no end of a transaction that may match. A record that lies in two segments is in neither's
/// index; it is put together from both and looked at by itself.
/// </summary>
internal sealed class SegmentChoice
{
    private readonly FindQuery _query;
    private readonly TransactionSearch _search;
    private readonly RelationNames _names;
    private readonly ISegmentIndexes _indexes;
    private readonly IReadOnlySet<ulong> _required;
    private readonly HashSet<ulong> _passed = [];
    private readonly WalRecordBody _body = new();
    private (ulong Number, WalSegmentIndex? Index)[] _recent = [];

    /// <param name="required">To be read whatever their indexes say.</param>
    public SegmentChoice(FindQuery query, TransactionSearch search, RelationNames names, ISegmentIndexes indexes, IReadOnlySet<ulong> required)
    {
        (_query, _search, _names, _indexes, _required) = (query, search, names, indexes, required);
        KnownCatalogs = names.CatalogFiles.ToHashSet();
    }

    /// <summary>
    /// A catalogue was rewritten, and where its rows are now lies in segments that may have been passed over: all must be read.
    /// </summary>
    public bool IsVoid { get; private set; }

    /// <summary>Those of the snapshot; of one that came later every image counts, for nothing else tells its rows.</summary>
    private HashSet<RelationFileLocator> KnownCatalogs { get; }

    /// <param name="isBeforeRead">Whether the segment before was read.</param>
    /// <param name="last">The last one of the search.</param>
    public async ValueTask<bool> WantsAsync(ulong number, bool isBeforeRead, ulong last, CancellationToken cancellationToken)
    {
        var index = await FindAsync(number, cancellationToken);
        if (index is null || _required.Contains(number) || index.CutRecords.Count > 0 || Matters(index)
            || (isBeforeRead && Crosses(await FindAsync(number - 1, cancellationToken), index))
            || (number < last && index.Ends is { Open: not null } or { IsInsideHead: true } && Crosses(index, await FindAsync(number + 1, cancellationToken))))
        {
            return true;
        }

        _passed.Add(number);
        _search.Pass(index);
        if (_query.Table is not null)
        {
            foreach (var changes in index.Relations.Where(changes => HasAskedRows(changes) && _names.FindCatalog(changes.Relation) is null))
            {
                _search.NoteNameless(changes.Relation);
            }
        }

        return false;
    }

    /// <summary>Segments that were passed over and that have something of a transaction that was found: without them its rows are not counted in full.</summary>
    public async Task<IReadOnlyList<ulong>> FindMissedAsync(CancellationToken cancellationToken)
    {
        var missed = new List<ulong>();
        if (_search.FoundXids.Count == 0)
        {
            return missed;
        }

        var xids = _search.FoundXids.Order().ToArray();
        foreach (var number in _passed.Order())
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (await _indexes.FindAsync(number, cancellationToken) is not { } index || HasAny(index.Unfinished, xids) || HasAny(index.Committed, xids) || HasAny(index.Aborted, xids))
            {
                missed.Add(number);
            }
        }

        return missed;
    }

    private static bool HasAny(NumberSet numbers, uint[] ascending)
    {
        var next = 0;
        foreach (var run in numbers)
        {
            for (; next < ascending.Length && ascending[next] < run.First; next++)
            {
            }

            if (next == ascending.Length)
            {
                return false;
            }

            if (ascending[next] <= run.Last)
            {
                return true;
            }
        }

        return false;
    }

    private async ValueTask<WalSegmentIndex?> FindAsync(ulong number, CancellationToken cancellationToken)
    {
        foreach (var (known, index) in _recent)
        {
            if (known == number)
            {
                return index;
            }
        }

        var found = await _indexes.FindAsync(number, cancellationToken);
        _recent = [.. _recent.Where(entry => entry.Number + 1 >= number), (number, found)];
        return found;
    }

    private bool Matters(WalSegmentIndex index) =>
        index.Databases.Count > 0
        || ChangesMap(index)
        || index.Relations.Any(Matters)
        || (_query.AsksForRelations && index.TruncatedTables.Count > 0)
        || (_query.AsksForRelations && index.UnlinkedFiles.Any(file => file.IsCommit && IsAskedFor(file.Relation)))
        || (_query.RestorePoint is { } name && index.RestorePoints.Any(point => point.Name == name))
        || (_query.Position is { } position && index.Name.StartLsn(index.SegmentSize) <= position && position < index.Name.StartLsn(index.SegmentSize) + index.SegmentSize.Bytes)
        || (_search.AskedXid is { } xid && (index.Unfinished.Contains(xid) || index.Committed.Contains(xid) || index.Aborted.Contains(xid)))
        || _search.AwaitedXids.Any(awaited => index.Committed.Contains(awaited) || index.Aborted.Contains(awaited));

    private bool ChangesMap(WalSegmentIndex index)
    {
        // A new database's catalogues are not known yet, and nothing of them was passed over.
        IsVoid |= index.RelationMaps.Any(map => map.Database.Value == 0 || _names.FindRelation(map.Database, CatalogOids.Relations) is not null) && _passed.Count > 0;
        return index.RelationMaps.Count > 0;
    }

    private bool Matters(RelationChanges changes)
    {
        if (_names.FindCatalog(changes.Relation) is { } catalog)
        {
            return changes.Inserts + changes.Updates + changes.Deletes + changes.Moves > 0
                || (changes.InPlace > 0 && catalog.Catalog == Catalog.Databases)
                || !KnownCatalogs.Contains(changes.Relation);
        }

        return _query.AsksForRelations && HasAskedRows(changes) && IsAskedFor(changes.Relation);
    }

    private bool HasAskedRows(RelationChanges changes) => _query.RowsAsked(changes.Inserts, changes.Updates + changes.Moves, changes.Deletes) > 0;

    private bool IsAskedFor(in RelationFileLocator file) => _query.Table is not { } table || (_names.FindByFile(file) is { } row && table.MayMatch(row));

    /// <summary>Whether the record that goes on from one segment into the next matters, or may.</summary>
    private bool Crosses(WalSegmentIndex? before, WalSegmentIndex? next)
    {
        if (before is { Ends: { Open: null, IsInsideHead: false } } || next is { Ends.Head: null })
        {
            return false;
        }

        if (before is not { Ends.Open: { } open } || next is not { Ends: { Head: { } head, IsInsideHead: false } } || head.Total != open.Remaining)
        {
            return true;
        }

        var whole = open.Clone();
        head.AppendTo(whole);
        // Page headers lie in it, fewer than it has bytes.
        return whole.Held.Length < WalRecordHeader.Length
            || Matters(new WalRecord { Format = before.Format, Header = whole.Header, Start = whole.Start, End = whole.Start + (2UL * whole.TotalLength), Bytes = whole.Held });
    }

    private bool Matters(in WalRecord record)
    {
        if (_query.Position is { } position && record.Start <= position && position < record.End)
        {
            return true;
        }

        switch (record.Header.Manager)
        {
            case WalManagers.Heap or WalManagers.Heap2:
                return !_body.TryDecode(record, out _)
                    || record.Header.Xid == _search.AskedXid
                    || (HeapChange.TryRead(record, _body, out var change)
                        && (_names.FindCatalog(change.Relation) is not null || change.Operation == HeapOperation.Truncate || (_query.AsksForRelations && IsAskedFor(change.Relation))));
            case WalManagers.Transaction:
                return !_body.TryDecode(record, out _) || !TransactionEnd.TryRead(record, _body, out var end) || !end.IsWhole || _search.Awaits(end);
            case WalManagers.Database or WalManagers.RelationMap:
                return true;
            default:
                return _query.RestorePoint is not null && record.Header.Manager == WalManagers.Log;
        }
    }
}
