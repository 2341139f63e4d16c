namespace Pgkeep.Postgres.Wal;

/// <summary>Counts records, the numbers of <c>pg_waldump --stats=record</c>, and what they change.</summary>
// PostgreSQL src/backend/access/transam/xlogstats.c, XLogRecStoreStats; in 13 and 14 src/bin/pg_waldump/pg_waldump.c, XLogDumpCountRecord
internal sealed class WalStatistics
{
    private readonly WalRecordCount[] _counts = new WalRecordCount[(byte.MaxValue + 1) * WalRecordNames.Operations];
    private readonly Dictionary<RelationFileLocator, WalRelationCount> _relations = [];

    // Most records are about a relation that one of the last few was about: a table and its indexes in turn.
    private readonly WalRelationCount?[] _recent = new WalRelationCount?[8];
    private WalFormat? _format;

    public WalRecordCount Total { get; private set; }

    public long Images { get; private set; }

    public long Commits { get; private set; }

    public long Aborts { get; private set; }

    /// <summary>The first and the last commit in the order of the WAL; null where there is none.</summary>
    public WalMoment? FirstCommit { get; private set; }

    public WalMoment? LastCommit { get; private set; }

    /// <summary>Where the first counted record begins, and behind the last; null where there is none.</summary>
    public (Lsn First, Lsn End)? Range { get; private set; }

    /// <summary>Those that the records name as changed. What a record does to files as a whole (a truncation, a drop) is not among them.</summary>
    public IReadOnlyCollection<WalRelationCount> Relations => _relations.Values;

    public IEnumerable<WalManagerCount> Managers
    {
        get
        {
            for (var manager = 0; manager <= byte.MaxValue; manager++)
            {
                var operations = OperationsOf((byte)manager).ToList();
                if (operations.Count > 0)
                {
                    yield return new WalManagerCount(WalManagers.NameOf((byte)manager), operations.Aggregate(default(WalRecordCount), (sum, operation) => sum + operation.Count), operations);
                }
            }
        }
    }

    /// <param name="body">Of the record.</param>
    public void Add(in WalRecord record, WalRecordBody body)
    {
        _format ??= record.Format;
        var header = record.Header;
        var operation = header.Operation >> 4;
        operation &= header.Manager == WalManagers.Transaction ? WalManagers.TransactionMask >> 4 : 0x0F;
        var bytes = header.TotalLength - body.ImageLength;
        _counts[(header.Manager * WalRecordNames.Operations) + operation].Add(bytes, body.ImageLength);
        Total += new WalRecordCount(1, bytes, body.ImageLength);
        Range = (Range?.First ?? record.Start, record.End);
        AddBlocks(body);
    }

    public void Add(WalMoment moment)
    {
        if (moment.IsCommit)
        {
            Commits++;
            FirstCommit ??= moment;
            LastCommit = moment;
        }
        else if (moment.Kind != WalMomentKind.RestorePoint)
        {
            Aborts++;
        }
    }

    /// <summary>Begins anew.</summary>
    public void Clear()
    {
        Array.Clear(_counts);
        _relations.Clear();
        Array.Clear(_recent);
        (Total, Images, Commits, Aborts, FirstCommit, LastCommit, Range) = (default, 0, 0, 0, null, null, null);
    }

    private void AddBlocks(WalRecordBody body)
    {
        foreach (ref readonly var block in body.Blocks)
        {
            CountOf(block.Relation).Add(block);
            Images += block.HasImage ? 1 : 0;
        }
    }

    private WalRelationCount CountOf(in RelationFileLocator relation)
    {
        ref var recent = ref _recent[relation.FileNode.Value % (uint)_recent.Length];
        if (recent is null || recent.Relation != relation)
        {
            recent = _relations.GetValueOrDefault(relation);
            if (recent is null)
            {
                _relations.Add(relation, recent = new WalRelationCount(relation));
            }
        }

        return recent;
    }

    private IEnumerable<WalOperationCount> OperationsOf(byte manager)
    {
        for (var operation = 0; operation < WalRecordNames.Operations; operation++)
        {
            if (_counts[(manager * WalRecordNames.Operations) + operation] is { Records: > 0 } count)
            {
                yield return new WalOperationCount(_format!.Names.Of(manager, (byte)(operation << 4)), count);
            }
        }
    }
}

/// <summary>What records say of one relation.</summary>
internal sealed class WalRelationCount(RelationFileLocator relation)
{
    public RelationFileLocator Relation { get; } = relation;

    /// <summary>Blocks that records name, each as often as it is named.</summary>
    public long Changes { get; private set; }

    public long Images { get; private set; }

    public long ImageBytes { get; private set; }

    public void Add(in WalBlockReference block)
    {
        Changes++;
        Images += block.HasImage ? 1 : 0;
        ImageBytes += block.ImageLength;
    }
}

internal sealed record WalOperationCount(string Name, WalRecordCount Count);

internal sealed record WalManagerCount(string Name, WalRecordCount Count, IReadOnlyList<WalOperationCount> Operations);
