using System.Buffers.Binary;
using System.Text;
using Pgkeep.Postgres.Wal.Changes;

namespace Pgkeep.Postgres.Wal.Index;

/// <summary>Makes the index of a segment while its pages go by, without an allocation for a record that changes rows. Not for two threads.</summary>
internal sealed class WalIndexBuilder : IWalRecordVisitor
{
    /// <summary>What a segment may need for its index; one of 16 MB needs a hundredth.</summary>
    private const long MaxMemory = 64 * 1024 * 1024;

    /// <summary>Records between two looks at the memory.</summary>
    private const long RecordsBetweenLooks = 1 << 16;

    // PostgreSQL src/include/catalog/pg_control.h, XLOG_CHECKPOINT_SHUTDOWN, XLOG_CHECKPOINT_ONLINE, XLOG_END_OF_RECOVERY, XLOG_FPI_FOR_HINT, XLOG_FPI; struct CheckPoint: redo, ThisTimeLineID, PrevTimeLineID
    private const byte CheckpointShutdown = 0x00;
    private const byte CheckpointOnline = 0x10;
    private const byte EndOfRecovery = 0x90;
    private const byte ImageForHint = 0xA0;
    private const byte Image = 0xB0;
    private const int CheckpointTimelineOffset = 8;
    private const int CheckpointLength = 16;

    private readonly WalRecordBlocks _blocks = new();
    private readonly WalRecordBody _body = new();
    private readonly RelationTable _relations = new();
    private readonly TransactionTable _transactions = new();
    private readonly List<IndexedRestorePoint> _restorePoints = [];
    private readonly List<IndexedCheckpoint> _checkpoints = [];
    private readonly List<CreatedFile> _created = [];
    private readonly List<UnlinkedFile> _unlinked = [];
    private readonly List<TruncatedFile> _truncated = [];
    private readonly List<TruncatedTable> _truncatedTables = [];
    private readonly List<IndexedDatabaseChange> _databases = [];
    private readonly List<ChangedRelationMap> _maps = [];
    private readonly List<Lsn> _cut = [];

    private readonly WalSegmentName _name;
    private WalPageHeader? _first;
    private WalRecordReader? _reader;
    private WalFormat? _format;

    public WalIndexBuilder(WalSegmentName name) => _name = name;

    /// <summary>A lower-case fact about the segment for which it gets no index; null as long as there is none.</summary>
    public string? Problem { get; private set; }

    /// <param name="pages">Whole ones, the next; the first time, the segment's first page among them.</param>
    public void Add(ReadOnlySpan<byte> pages)
    {
        if (Problem is not null || (_reader is null && !TryBegin(pages)))
        {
            return;
        }

        if (!_reader!.Read(pages, this))
        {
            Problem ??= _reader.Stop?.Problem ?? "ends early";
        }
    }

    /// <param name="content">XXH128 of all that was added.</param>
    /// <returns>Null where there is a <see cref="Problem"/>.</returns>
    public WalSegmentIndex? Build(UInt128 content)
    {
        if (Problem is null && (_first?.SegmentSize is not { } size || _reader!.NextPage != _name.StartLsn(size) + size.Bytes))
        {
            Problem = "is not whole";
        }

        return Problem is not null ? null : new WalSegmentIndex
        {
            Name = _name,
            Cluster = _first!.SystemIdentifier!.Value,
            SegmentSize = _first.SegmentSize!.Value,
            BlockSize = (int)_first.BlockSize!.Value,
            Content = content,
            Format = _format!,
            FirstTimeline = _first.Timeline,
            Ends = WalSegmentEnds.Of(_reader!),
            Records = _reader!.Records,
            FirstCommit = _transactions.FirstCommit,
            LastCommit = _transactions.LastCommit,
            CommitTimes = _transactions.CommitTimes,
            Commits = _transactions.Commits,
            Aborts = _transactions.Aborts,
            RestorePoints = _restorePoints,
            Checkpoints = _checkpoints,
            Relations = _relations.ToList(),
            CreatedFiles = _created,
            UnlinkedFiles = _unlinked,
            TruncatedFiles = _truncated,
            TruncatedTables = _truncatedTables,
            Databases = _databases,
            RelationMaps = _maps,
            Committed = _transactions.Committed,
            Aborted = _transactions.Aborted,
            Unfinished = _transactions.Unfinished,
            LateEndings = _transactions.LateEndings,
            CutRecords = _cut,
        };
    }

    public bool Visit(in WalRecord record)
    {
        if (_reader!.Records % RecordsBetweenLooks == 0 && _relations.Memory + _transactions.Memory > MaxMemory)
        {
            return Refuse("changes more blocks than an index is made for");
        }

        if (!_blocks.TryRead(record))
        {
            return VisitOther(record);
        }

        var header = record.Header;
        if (header.Manager == WalManagers.Transaction)
        {
            VisitTransaction(record, _blocks.MainData(record));
            return true;
        }

        if (_blocks.Blocks.IsEmpty)
        {
            return VisitOther(record);
        }

        _transactions.AddRecord(header.Xid);
        var relation = AddBlocks();
        if (HeapChange.TryGetOperation(header, out var operation) && !relation.TryAddChange(operation, _blocks.MainData(record)))
        {
            _cut.Add(record.Start);
        }

        return true;
    }

    private bool TryBegin(ReadOnlySpan<byte> pages)
    {
        if (!WalPageHeader.TryParse(pages, out _first, out var problem) || _first is not { SegmentSize: { } size, BlockSize: { } block, SystemIdentifier: not null })
        {
            return Refuse($"does not begin with a segment's first page{(problem.Length > 0 ? ": " + problem : "")}");
        }

        if (!WalFormat.TryGet(_first.Magic, out _format)
            || block is < WalSegmentEnding.SmallestBlock or > WalSegmentEnding.LargestBlock
            || !uint.IsPow2(block)
            || !_name.IsValidFor(size)
            || pages.Length % block != 0)
        {
            return Refuse("is of no known version, or of a cluster with other pages");
        }

        _reader = new WalRecordReader(_name.StartLsn(size), size, (int)block, WalSegmentIndex.HeldLength) { WantsWhole = IsWantedWhole };
        return true;
    }

    /// <summary>Of others the headers are enough, which name the blocks.</summary>
    private static bool IsWantedWhole(WalRecordHeader header) => header.Manager switch
    {
        WalManagers.Heap or WalManagers.Heap2 => HeapChange.TryGetOperation(header, out var operation) && operation is (HeapOperation.Delete or HeapOperation.MultiInsert or HeapOperation.Truncate),
        WalManagers.Log => header.Operation is not (ImageForHint or Image),
        WalManagers.Transaction or WalManagers.Storage or WalManagers.Database or WalManagers.RelationMap => true,
        _ => false,
    };

    private bool Refuse(string problem)
    {
        Problem = problem;
        return false;
    }

    /// <returns>The relation of the first block.</returns>
    private RelationCounter AddBlocks()
    {
        ref readonly var first = ref _blocks.Blocks[0];
        var counter = _relations.Find(first.Place, first.FileNode);
        counter.AddBlock(first.Fork, first.Block, isSameRecord: false);
        var before = counter;
        foreach (ref readonly var block in _blocks.Blocks[1..])
        {
            var relation = _relations.Find(block.Place, block.FileNode);
            relation.AddBlock(block.Fork, block.Block, isSameRecord: relation == before);
            before = relation;
        }

        return counter;
    }

    private void VisitTransaction(in WalRecord record, ReadOnlySpan<byte> main)
    {
        if (WalMoment.TryGetKind(record.Header, out var kind) && (record.Header.Info & TransactionEnd.HasInfo) == 0 && kind is WalMomentKind.Commit or WalMomentKind.Abort)
        {
            var time = main.Length >= WalMoment.TimeLength ? BinaryPrimitives.ReadInt64LittleEndian(main) : long.MaxValue;
            if (WalMoment.IsTime(time))
            {
                _transactions.AddEnd(new TransactionTable.Ending(kind, record.Header.Xid, record.Start, record.End, time));
                return;
            }
        }

        if (!TransactionEnd.TryRead(record, main, out var end))
        {
            _transactions.AddRecord(record.Header.Xid);
            return;
        }

        _transactions.AddEnd(new TransactionTable.Ending(end.Kind, end.Xid, record.Start, record.End, BinaryPrimitives.ReadInt64LittleEndian(main)), end.Subtransactions);
        if (!end.IsWhole)
        {
            _cut.Add(record.Start);
        }

        var files = end.UnlinkedFiles;
        for (var i = 0; i < files.Count; i++)
        {
            _unlinked.Add(new UnlinkedFile(files[i], end.IsCommit, end.Xid, record.Start));
        }
    }

    /// <summary>A record that changes no block, or is refused.</summary>
    private bool VisitOther(in WalRecord record)
    {
        if (!_body.TryDecode(record, out var problem) || !_body.Blocks.IsEmpty)
        {
            return Refuse($"has a record at {record.Start} that {(problem.Length > 0 ? problem : "contradicts itself")}");
        }

        _transactions.AddRecord(record.Header.Xid);
        switch (record.Header.Manager)
        {
            case WalManagers.Log:
                VisitLog(record);
                break;
            case WalManagers.Storage:
                VisitStorage(record);
                break;
            case WalManagers.Database:
                VisitDatabase(record);
                break;
            case WalManagers.Heap:
                VisitTruncation(record);
                break;
            case WalManagers.RelationMap when RelationMapChange.TryRead(record, _body, out var map):
                _maps.Add(new ChangedRelationMap(map.Database, map.Tablespace, record.Header.Xid, record.Start));
                break;
        }

        return true;
    }

    private void VisitTruncation(in WalRecord record)
    {
        if (!HeapChange.TryRead(record, _body, out var change))
        {
            return;
        }

        foreach (var table in change.Truncated.ToArray())
        {
            _truncatedTables.Add(new TruncatedTable(change.Relation.Database, new Oid(table), record.Header.Xid, record.Start));
        }
    }

    private void VisitLog(in WalRecord record)
    {
        var main = _body.MainData(record);
        switch (record.Header.Operation)
        {
            case CheckpointShutdown or CheckpointOnline when main.Length >= CheckpointLength:
                var kind = record.Header.Operation == CheckpointShutdown ? CheckpointKind.Shutdown : CheckpointKind.Online;
                AddCheckpoint(kind, record.Start, new Lsn(BinaryPrimitives.ReadUInt64LittleEndian(main)), main[CheckpointTimelineOffset..]);
                break;
            case EndOfRecovery when main.Length >= CheckpointLength:
                AddCheckpoint(CheckpointKind.EndOfRecovery, record.Start, record.Start, main[CheckpointTimelineOffset..]);
                break;
            case WalManagers.LogRestorePoint when WalMoment.TryReadTime(main, out var time):
                var name = main[WalMoment.TimeLength..];
                var length = name.IndexOf((byte)0);
                _restorePoints.Add(new IndexedRestorePoint(Encoding.UTF8.GetString(length < 0 ? name : name[..length]), record.Start, record.End, time));
                break;
        }
    }

    private void AddCheckpoint(CheckpointKind kind, Lsn at, Lsn redo, ReadOnlySpan<byte> timelines) => _checkpoints.Add(new IndexedCheckpoint(
        kind,
        at,
        redo,
        new TimelineId(BinaryPrimitives.ReadUInt32LittleEndian(timelines)),
        new TimelineId(BinaryPrimitives.ReadUInt32LittleEndian(timelines[sizeof(uint)..]))));

    private void VisitStorage(in WalRecord record)
    {
        if (!StorageChange.TryRead(record, _body, out var change))
        {
            return;
        }

        if (change.Operation == StorageOperation.Create)
        {
            _created.Add(new CreatedFile(change.Relation, change.Fork, record.Header.Xid, record.Start));
        }
        else
        {
            _truncated.Add(new TruncatedFile(change.Relation, change.Blocks, change.Truncated, record.Header.Xid, record.Start));
        }
    }

    private void VisitDatabase(in WalRecord record)
    {
        if (DatabaseChange.TryRead(record, _body, out var change))
        {
            _databases.Add(new IndexedDatabaseChange(
                change.Operation, change.Database, change.Tablespaces.ToArray(), change.SourceDatabase, change.SourceTablespace, record.Header.Xid, record.Start));
        }
    }
}
