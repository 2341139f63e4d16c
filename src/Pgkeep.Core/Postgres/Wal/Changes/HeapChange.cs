using System.Buffers.Binary;

namespace Pgkeep.Postgres.Wal.Changes;

internal enum HeapOperation
{
    Insert,

    /// <summary>COPY, INSERT of many rows into catalogues: one record for the rows of one page.</summary>
    MultiInsert,

    Update,

    /// <summary>An update that no index takes part in.</summary>
    HotUpdate,

    Delete,

    /// <summary>TRUNCATE for logical decoding; only with wal_level = logical, and of relations that are decoded.</summary>
    Truncate,

    /// <summary>A row changed where it lies, without a new version and without a transaction: pg_class and pg_database by VACUUM and by CREATE INDEX.</summary>
    InPlace,
}

/// <summary>What happens to rows of a table, catalogues and TOAST tables included. That rows are locked or an insertion is confirmed is none. Valid as long as the record is.</summary>
// PostgreSQL src/include/access/heapam_xlog.h, XLOG_HEAP_*, XLOG_HEAP2_MULTI_INSERT, XLH_DELETE_*, xl_heap_delete, xl_heap_multi_insert, xl_heap_truncate
internal readonly ref struct HeapChange
{
    /// <summary>The longest such record but for a truncation has two images of 32 kB and a page of rows: who holds so much of a record holds all that is asked for here.</summary>
    public const int MaxLength = 256 * 1024;

    private const byte OperationMask = 0x70;
    private const byte MultiInsertNumber = 0x50;
    private const byte None = 0xFF;

    private const int MultiInsertRowsOffset = 2;
    private const int MultiInsertLength = 4;
    private const int DeleteFlagsOffset = 7;
    private const byte DeleteOfSpeculative = 1 << 3;
    private const byte DeleteToMove = 1 << 4;

    public required HeapOperation Operation { get; init; }

    /// <summary>Of a truncation the database only.</summary>
    public required RelationFileLocator Relation { get; init; }

    /// <summary>0 of a truncation, which tells none.</summary>
    public required int Rows { get; init; }

    /// <summary>An insertion of INSERT ... ON CONFLICT that lost is taken back: nobody has deleted a row.</summary>
    public bool TakesBackInsertion { get; init; }

    /// <summary>An update has moved the row to another partition, where it is inserted.</summary>
    public bool MovesToPartition { get; init; }

    /// <summary>OIDs of the tables that TRUNCATE empties; they are not file numbers.</summary>
    public PackedNumbers Truncated { get; init; }

    /// <summary>By xl_info: a lock of a row and the like is none.</summary>
    private static ReadOnlySpan<byte> Operations =>
    [
        (byte)HeapOperation.Insert, (byte)HeapOperation.Delete, (byte)HeapOperation.Update, (byte)HeapOperation.Truncate,
        (byte)HeapOperation.HotUpdate, None, None, (byte)HeapOperation.InPlace,
    ];

    public static bool TryGetOperation(in WalRecordHeader header, out HeapOperation operation)
    {
        var number = header.Info & OperationMask;
        operation = header.Manager == WalManagers.Heap ? (HeapOperation)Operations[number >> 4]
            : header.Manager == WalManagers.Heap2 && number == MultiInsertNumber ? HeapOperation.MultiInsert
            : (HeapOperation)None;
        return operation != (HeapOperation)None;
    }

    /// <param name="body">Of the record.</param>
    /// <returns>False for other records, and where the record is not what it should be or not enough of it is held.</returns>
    public static bool TryRead(in WalRecord record, WalRecordBody body, out HeapChange change)
    {
        change = default;
        if (!TryGetOperation(record.Header, out var operation) || (operation != HeapOperation.Truncate && body.Blocks.IsEmpty))
        {
            return false;
        }

        return TryRead(operation, operation == HeapOperation.Truncate ? default : body.Blocks[0].Relation, body.MainData(record), out change);
    }

    /// <param name="relation">Of the record's first block.</param>
    /// <param name="main">The main data of the record, as far as they are held.</param>
    public static bool TryRead(HeapOperation operation, RelationFileLocator relation, ReadOnlySpan<byte> main, out HeapChange change)
    {
        change = default;
        if (operation == HeapOperation.Truncate)
        {
            return TryReadTruncation(main, out change);
        }

        if (main.Length < ShortestMain(operation))
        {
            return false;
        }

        var flags = operation == HeapOperation.Delete ? main[DeleteFlagsOffset] : 0;
        change = new HeapChange
        {
            Operation = operation,
            Relation = relation,
            Rows = operation == HeapOperation.MultiInsert ? BinaryPrimitives.ReadUInt16LittleEndian(main[MultiInsertRowsOffset..]) : 1,
            TakesBackInsertion = (flags & DeleteOfSpeculative) != 0,
            MovesToPartition = (flags & DeleteToMove) != 0,
        };
        return true;
    }

    private static int ShortestMain(HeapOperation operation) => operation switch
    {
        HeapOperation.Delete => DeleteFlagsOffset + 1,
        HeapOperation.MultiInsert => MultiInsertLength,
        _ => 0,
    };

    private static bool TryReadTruncation(ReadOnlySpan<byte> main, out HeapChange change)
    {
        var data = new MainDataCursor(main);
        var (database, count, _) = (data.Oid(), data.UInt32(), data.UInt32());
        var relations = data.Items(count, sizeof(uint));
        change = new HeapChange
        {
            Operation = HeapOperation.Truncate,
            Relation = new RelationFileLocator(default, database, default),
            Rows = 0,
            Truncated = new PackedNumbers(relations),
        };
        return !data.IsShort;
    }
}
