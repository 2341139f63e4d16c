using Pgkeep.Postgres;
using Pgkeep.Postgres.Wal;
using Pgkeep.Postgres.Wal.Changes;
using Pgkeep.Tests.Support;
using Xunit;

namespace Pgkeep.Tests.Postgres.Wal.Changes;

public sealed class ChangeTests
{
    private const ushort Magic14 = 0xD10D;
    private const ushort Magic15 = 0xD110;
    private const ushort Magic18 = 0xD118;
    private const byte Initializes = 0x80;

    private static readonly byte[] Locator = [0x7F, 6, 0, 0, 5, 0, 0, 0, 0, 64, 0, 0];
    private static readonly byte[] Block = [0, 0, 0, 0, .. Locator, 7, 0, 0, 0];

    private readonly WalRecordBody _body = new();

    [Theory]
    [InlineData(10, 0x00, nameof(HeapOperation.Insert))]
    [InlineData(10, 0x00 | Initializes, nameof(HeapOperation.Insert))]
    [InlineData(10, 0x10, nameof(HeapOperation.Delete))]
    [InlineData(10, 0x20, nameof(HeapOperation.Update))]
    [InlineData(10, 0x40 | Initializes, nameof(HeapOperation.HotUpdate))]
    [InlineData(10, 0x70, nameof(HeapOperation.InPlace))]
    public void A_change_of_one_row_names_its_relation(byte manager, byte info, string operation)
    {
        var record = Of(Magic15, manager, info, [.. Block, .. WalBuilder.MainData(new byte[8])]);

        Assert.True(HeapChange.TryRead(record, _body, out var change));

        Assert.Equal((operation, "1663/5/16384", 1), (change.Operation.ToString(), change.Relation.ToString(), change.Rows));
        Assert.False(change.TakesBackInsertion || change.MovesToPartition);
    }

    [Theory]
    [InlineData(10, 0x50)]
    [InlineData(10, 0x60)]
    [InlineData(9, 0x00)]
    [InlineData(9, 0x10)]
    [InlineData(9, 0x40)]
    [InlineData(11, 0x00)]
    public void Other_records_change_no_row(byte manager, byte info) =>
        Assert.False(HeapChange.TryRead(Of(Magic15, manager, info, [.. Block, .. WalBuilder.MainData(new byte[8])]), _body, out _));

    [Fact]
    public void An_insertion_of_many_tells_how_many()
    {
        Assert.True(HeapChange.TryRead(Of(Magic18, 9, 0x50 | Initializes, [.. Block, .. WalBuilder.MainData([8, 0, 0x2C, 1])]), _body, out var change));
        Assert.False(HeapChange.TryRead(Of(Magic18, 9, 0x50, [.. Block, .. WalBuilder.MainData([8, 0, 0x2C])]), _body, out _));

        Assert.Equal((HeapOperation.MultiInsert, 300), (change.Operation, change.Rows));
    }

    [Theory]
    [InlineData(0x08, true, false)]
    [InlineData(0x11, false, true)]
    [InlineData(0x06, false, false)]
    public void A_deletion_tells_why(byte flags, bool takesBack, bool moves)
    {
        Assert.True(HeapChange.TryRead(Of(Magic15, 10, 0x10, [.. Block, .. WalBuilder.MainData([1, 2, 3, 4, 1, 0, 0, flags])]), _body, out var change));

        Assert.Equal((takesBack, moves), (change.TakesBackInsertion, change.MovesToPartition));
    }

    [Fact]
    public void A_logical_truncation_lists_tables()
    {
        byte[] main = [5, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 1, 64, 0, 0, 2, 64, 0, 0];

        Assert.True(HeapChange.TryRead(Of(Magic15, 10, 0x30, WalBuilder.MainData(main)), _body, out var change));
        Assert.False(HeapChange.TryRead(Of(Magic15, 10, 0x30, WalBuilder.MainData(main[..^1])), _body, out _));

        Assert.Equal([0x4001u, 0x4002u], change.Truncated.ToArray());
        Assert.Equal(new Oid(5), change.Relation.Database);
    }

    /// <summary>What is not held is not made up.</summary>
    [Fact]
    public void Half_a_record_is_no_change()
    {
        var bytes = WalBuilder.Record(9, 0x50, [.. Block, .. WalBuilder.MainData([8, 0, 0x2C, 1])], 9, default);

        Assert.False(HeapChange.TryRead(Held(Magic18, bytes, bytes.Length - 1), _body, out _));
    }

    [Fact]
    public void A_created_fork_is_read()
    {
        Assert.True(StorageChange.TryRead(Of(Magic15, 2, 0x10, WalBuilder.MainData([.. Locator, 3, 0, 0, 0])), _body, out var change));
        Assert.False(StorageChange.TryRead(Of(Magic15, 2, 0x10, WalBuilder.MainData([.. Locator, 4, 0, 0, 0])), _body, out _));

        Assert.Equal((StorageOperation.Create, "1663/5/16384", RelationFork.Init), (change.Operation, change.Relation.ToString(), change.Fork));
    }

    [Fact]
    public void A_truncated_relation_is_read()
    {
        Assert.True(StorageChange.TryRead(Of(Magic15, 2, 0x20, WalBuilder.MainData([9, 1, 0, 0, .. Locator, 3, 0, 0, 0])), _body, out var change));
        Assert.False(StorageChange.TryRead(Of(Magic15, 2, 0x20, WalBuilder.MainData([9, 1, 0, 0, .. Locator, 3, 0, 0])), _body, out _));

        Assert.Equal((StorageOperation.Truncate, 265u, TruncatedForks.Main | TruncatedForks.VisibilityMap), (change.Operation, change.Blocks, change.Truncated));
        Assert.Equal("1663/5/16384", change.Relation.ToString());
    }

    /// <summary>The number of a drop changed in 15.</summary>
    [Theory]
    [InlineData(0xD106, 0x10, nameof(DatabaseOperation.Drop))]
    [InlineData(Magic14, 0x10, nameof(DatabaseOperation.Drop))]
    [InlineData(Magic14, 0x00, nameof(DatabaseOperation.Copy))]
    [InlineData(Magic15, 0x10, nameof(DatabaseOperation.Create))]
    [InlineData(Magic15, 0x20, nameof(DatabaseOperation.Drop))]
    [InlineData(Magic18, 0x00, nameof(DatabaseOperation.Copy))]
    public void A_database_comes_and_goes(ushort magic, byte info, string operation)
    {
        byte[] second = operation == nameof(DatabaseOperation.Drop) ? [2, 0, 0, 0, 0x7F, 6, 0, 0, 8, 0, 0, 0] : [0x7F, 6, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0];

        Assert.True(DatabaseChange.TryRead(Of(magic, 4, info, WalBuilder.MainData([5, 0, 0, 0, .. second])), _body, out var change));

        Assert.Equal((operation, new Oid(5)), (change.Operation.ToString(), change.Database));
        Assert.Equal(operation == nameof(DatabaseOperation.Drop) ? [1663u, 8u] : [1663u], change.Tablespaces.ToArray());
        Assert.Equal(operation == nameof(DatabaseOperation.Copy) ? (1u, 2u) : (0u, 0u), (change.SourceDatabase.Value, change.SourceTablespace.Value));
    }

    [Fact]
    public void A_database_that_is_its_own_source_moves()
    {
        Assert.True(DatabaseChange.TryRead(Of(Magic15, 4, 0, WalBuilder.MainData([5, 0, 0, 0, 8, 0, 0, 0, 5, 0, 0, 0, 9, 0, 0, 0])), _body, out var change));
        Assert.False(DatabaseChange.TryRead(Of(Magic15, 4, 0x30, WalBuilder.MainData(new byte[16])), _body, out _));
        Assert.False(DatabaseChange.TryRead(Of(Magic15, 4, 0x20, WalBuilder.MainData([5, 0, 0, 0, 2, 0, 0, 0, 8, 0, 0, 0])), _body, out _));

        Assert.True(change.IsMove);
    }

    [Fact]
    public void A_map_names_the_files_of_catalogues()
    {
        byte[] map = [0x17, 0x27, 0x59, 0, 2, 0, 0, 0, 0xEB, 4, 0, 0, 1, 64, 0, 0, 0xE1, 4, 0, 0, 2, 64, 0, 0, .. new byte[488]];
        byte[] main = [5, 0, 0, 0, 0x7F, 6, 0, 0, 0, 2, 0, 0, .. map];

        Assert.True(RelationMapChange.TryRead(Of(Magic15, 7, 0, WalBuilder.MainData(main)), _body, out var change));
        Assert.False(RelationMapChange.TryRead(Of(Magic15, 7, 0, WalBuilder.MainData(main[..^1])), _body, out _));

        Assert.Equal((5u, 0x4001u, (Oid?)null), (change.Database.Value, change.Find(new Oid(1259))!.Value.Value, change.Find(new Oid(1))));
    }

    [Fact]
    public void Subtransactions_are_assigned()
    {
        Assert.True(TransactionAssignment.TryRead(Of(Magic15, 1, 0x50, WalBuilder.MainData([9, 0, 0, 0, 2, 0, 0, 0, 10, 0, 0, 0, 11, 0, 0, 0])), _body, out var assignment));
        Assert.False(TransactionAssignment.TryRead(Of(Magic15, 1, 0x50, WalBuilder.MainData([9, 0, 0, 0, 2, 0, 0, 0, 10, 0, 0, 0])), _body, out _));

        Assert.Equal(9u, assignment.TopXid);
        Assert.Equal([10u, 11u], assignment.Subtransactions.ToArray());
    }

    private WalRecord Of(ushort magic, byte manager, byte info, byte[] body)
    {
        var bytes = WalBuilder.Record(manager, info, body, 9, default);
        return Held(magic, bytes, bytes.Length);
    }

    private WalRecord Held(ushort magic, byte[] bytes, int length)
    {
        Assert.True(WalFormat.TryGet(magic, out var format));
        var record = new WalRecord { Format = format, Header = WalRecordHeader.Read(bytes), Start = default, End = default, Bytes = bytes.AsSpan(0, length) };
        Assert.True(_body.TryDecode(record, out var problem), problem);
        return record;
    }
}
