using Pgkeep.Postgres;
using Pgkeep.Postgres.Wal;
using Pgkeep.Postgres.Wal.Changes;
using Pgkeep.Postgres.Wal.Index;
using Pgkeep.Search.Names;

namespace Pgkeep.Search;

/// <summary>
/// Reads record after record and keeps of each transaction what it changed until it ends; what ends and is not asked for is forgotten. Memory grows with the transactions under way, their
/// subtransactions and the relations that each of them changes, and not with rows or with time.
/// </summary>
internal sealed class TransactionSearch : IWalRecordVisitor, IDisposable
{
    /// <summary>Holds every record with rows, and the end of a transaction with some 200,000 subtransactions or 80,000 files.</summary>
    public const int HeldLength = 1024 * 1024;

    /// <summary>Commits do not lie in the WAL in the order of their times: a session reads the clock before it writes.</summary>
    private static readonly TimeSpan Disorder = TimeSpan.FromMinutes(5);

    private readonly FindQuery _query;
    private readonly RelationNames _names;
    private readonly CatalogFollower _follower;
    private readonly OpenTransactions _open = new();
    private readonly DatabaseDrops _drops;
    private readonly List<FoundTransaction> _found = [];
    private readonly WalRecordBody _body = new();
    private uint? _xid;

    /// <param name="pageLength">BLCKSZ.</param>
    public TransactionSearch(FindQuery query, RelationNames names, uint pageLength)
    {
        (_query, _names, _xid) = (query, names, query.Xid);
        _follower = new CatalogFollower(names, pageLength);
        _drops = new DatabaseDrops(names, _follower);
        Near = query.Near is { } moment ? new CommitsNear(moment) : null;
    }

    /// <summary>In the order in which they ended.</summary>
    public IReadOnlyList<FoundTransaction> Found => _found;

    /// <summary>How many there are, those that were not kept included.</summary>
    public long FoundCount { get; private set; }

    /// <summary>Of the name that was asked for, in the order of the WAL.</summary>
    public List<FoundRestorePoint> RestorePoints { get; } = [];

    public CommitsNear? Near { get; }

    /// <summary>The first and the last commit that was read and lies in the time that was asked for.</summary>
    public WalMoment? FirstCommit { get; private set; }

    public WalMoment? LastCommit { get; private set; }

    /// <summary>The record at the position that was asked for, where no transaction wrote it.</summary>
    public string? Ownerless { get; private set; }

    /// <summary>Changes of catalogues that could not be read.</summary>
    public long LostNames => _follower.Lost;

    /// <summary>What is wrong with a record though its checksum fits; null where nothing is.</summary>
    public string? Problem { get; private set; }

    /// <summary>Whether all is read that can matter.</summary>
    public bool IsOver { get; private set; }

    /// <summary>The number that is looked for, as soon as it is known.</summary>
    public uint? AskedXid => _xid;

    /// <summary>Files of rows that were changed as was asked for, and of which nobody knows whether they are the table's.</summary>
    public HashSet<RelationFileLocator> Nameless { get; } = [];

    /// <summary>Those found, and their subtransactions.</summary>
    public HashSet<uint> FoundXids { get; } = [];

    /// <summary>Transactions and subtransactions under way that may match.</summary>
    public IEnumerable<uint> AwaitedXids => _open.All.Where(open => MayMatch(open.Value)).Select(open => open.Key);

    /// <summary>Whether a transaction that ends is one of those, or the one that is looked for.</summary>
    public bool Awaits(in TransactionEnd end)
    {
        if (IsAwaited(end.Xid))
        {
            return true;
        }

        for (var i = 0; i < end.Subtransactions.Count; i++)
        {
            if (IsAwaited(end.Subtransactions[i]))
            {
                return true;
            }
        }

        return false;
    }

    public void NoteNameless(in RelationFileLocator file)
    {
        if (file.FileNode.Value >= CatalogOids.FirstNormal && _names.FindByFile(file) is null)
        {
            Nameless.Add(file);
        }
    }

    /// <summary>Instead of reading a segment that has nothing that is asked for.</summary>
    public void Pass(WalSegmentIndex index)
    {
        if (index is { FirstCommit: { } first, LastCommit: { } last })
        {
            Count(first);
            Count(last);
        }

        IsOver |= index.CommitTimes is { } times && times.Earliest > _query.Until + Disorder;
    }

    public bool Visit(in WalRecord record)
    {
        var isAsked = _query.Position is { } position && record.Start <= position && position < record.End;
        if (!isAsked && !Matters(record))
        {
            return true;
        }

        if (!_body.TryDecode(record, out var problem))
        {
            Problem = $"has a record at {record.Start} that {problem}";
            return false;
        }

        if (isAsked)
        {
            AskFor(record);
        }

        Take(record);
        return !IsOver;
    }

    /// <summary>Those that have not ended where the WAL ends, as far as they were asked for.</summary>
    public void Complete()
    {
        if (_xid is { } xid && _open.Find(xid) is { } part)
        {
            Keep(Describe([part], part.Edits, default, xid) with { Outcome = TransactionOutcome.Unfinished });
        }
    }

    public void Dispose() => _follower.Dispose();

    private static bool Matters(in WalRecord record) => record.Header.Manager is WalManagers.Heap or WalManagers.Heap2 or WalManagers.Transaction or WalManagers.Log or WalManagers.Standby
        or WalManagers.Database or WalManagers.RelationMap;

    private void Take(in WalRecord record)
    {
        switch (record.Header.Manager)
        {
            case WalManagers.Heap or WalManagers.Heap2:
                TakeRows(record);
                break;
            case WalManagers.Transaction:
                TakeEnd(record);
                break;
            case WalManagers.Standby when RunningTransactions.TryRead(record, _body, out var running):
                foreach (var lost in _open.RemoveLost(running))
                {
                    _names.Abort(lost.Edits);
                }

                break;
            case WalManagers.Log when _query.RestorePoint is not null && FoundRestorePoint.TryRead(record, _body, out var point):
                if (point.Name == _query.RestorePoint && _query.Covers(point.Time))
                {
                    RestorePoints.Add(point);
                }

                break;
            case WalManagers.Log:
                _follower.LearnImages(record, _body);
                break;
            case WalManagers.Database when DatabaseChange.TryRead(record, _body, out var change):
                _drops.Take(record, change, _open);
                break;
            case WalManagers.RelationMap when RelationMapChange.TryRead(record, _body, out var map):
                _names.TakeMap(map);
                break;
        }
    }

    private void AskFor(in WalRecord record)
    {
        var xid = TransactionEnd.TryRead(record, _body, out var end) ? end.Xid : record.Header.Xid;
        (_xid, Ownerless) = xid != 0
            ? (xid, null)
            : (_xid, $"{WalManagers.NameOf(record.Header.Manager)} {record.Format.Names.Of(record.Header.Manager, record.Header.Operation)}");
        IsOver |= xid == 0;
    }

    private void TakeRows(in WalRecord record)
    {
        if (!HeapChange.TryRead(record, _body, out var change))
        {
            _follower.LearnImages(record, _body);
            return;
        }

        if (change.Operation == HeapOperation.InPlace)
        {
            _follower.LearnImages(record, _body);
            _drops.TakeInPlace(record, _body);
            return;
        }

        var transaction = _open.Get(record.Header.Xid);
        if (change.Operation == HeapOperation.Truncate)
        {
            for (var i = 0; i < change.Truncated.Count; i++)
            {
                transaction.AddTruncated(change.Relation.Database, new Oid(change.Truncated[i]));
            }

            return;
        }

        var count = transaction.CountOf(change.Relation, _names);
        count.Add(change);
        if (count.Catalog is { } catalog)
        {
            _follower.Visit(record, _body, catalog, transaction.EditsToAdd);
        }
    }

    private void TakeEnd(in WalRecord record)
    {
        if (!TransactionEnd.TryRead(record, _body, out var end))
        {
            return;
        }

        var parts = _open.Take(end, _xid, out var isAsked);
        var edits = parts is [var only] ? only.Edits : [.. parts.SelectMany(part => part.Edits).OrderBy(edit => edit.Position)];
        if (end.IsCommit)
        {
            Count(new WalMoment(end.Kind, record.Start, record.End, end.Xid, end.Time));
        }

        if (isAsked || (end.IsCommit && _query.Covers(end.Time) && QueryMatch.MayMatch(_query, parts, end.UnlinkedFiles.Count > 0)))
        {
            var transaction = Describe(parts, edits, end, end.Xid) with { End = record.Start, Before = record.Header.Previous };
            if (isAsked || QueryMatch.Matches(_query, transaction))
            {
                Keep(transaction);
                FoundXids.Add(end.Xid);
                for (var i = 0; i < end.Subtransactions.Count; i++)
                {
                    FoundXids.Add(end.Subtransactions[i]);
                }
            }
        }

        if (end.IsCommit && _query.Table is not null && _query.Covers(end.Time))
        {
            NoteNameless(parts);
        }

        if (end.IsCommit)
        {
            _names.Commit(edits);
            _drops.Complete(edits);
        }
        else
        {
            _names.Abort(edits);
        }

        // A number is given out once.
        IsOver |= isAsked || end.Time > _query.Until + Disorder || Near is { IsComplete: true };
    }

    private void NoteNameless(IReadOnlyList<OpenTransaction> parts)
    {
        foreach (var count in parts.SelectMany(part => part.Counts))
        {
            // Rows that were put in and taken back may be less than none.
            if (count is { Relation: null, Catalog: null } && _query.RowsAsked(Math.Max(0, count.Inserted), count.Updated, count.Deleted) > 0)
            {
                NoteNameless(count.File);
            }
        }
    }

    private bool IsAwaited(uint xid) => xid == _xid || (_open.Find(xid) is { } part && MayMatch(part));

    private bool MayMatch(OpenTransaction part) => QueryMatch.MayMatch(_query, [part], unlinksFiles: false);

    private void Count(WalMoment commit)
    {
        Near?.Add(commit);
        if (_query.Covers(commit.Time))
        {
            FirstCommit ??= commit;
            LastCommit = commit;
        }
    }

    private FoundTransaction Describe(IReadOnlyList<OpenTransaction> parts, IReadOnlyList<CatalogEdit> edits, in TransactionEnd end, uint xid) => new()
    {
        Xid = xid,
        Outcome = end.IsCommit ? TransactionOutcome.Committed : TransactionOutcome.RolledBack,
        Time = end.Xid == 0 ? null : end.Time,
        End = null,
        Before = null,
        IsPrepared = end.Kind is WalMomentKind.CommitPrepared or WalMomentKind.AbortPrepared,
        MayHaveBegunBefore = _open.MayHaveBegunBefore(xid),
        Relations = TransactionSummary.Of(parts, edits, _names, end.UnlinkedFiles.ToArray(), end.IsWhole),
        DroppedDatabases = _drops.Of(parts, edits),
    };

    private void Keep(FoundTransaction transaction)
    {
        FoundCount++;
        if (_found.Count < _query.Limit)
        {
            _found.Add(transaction);
        }
    }
}
