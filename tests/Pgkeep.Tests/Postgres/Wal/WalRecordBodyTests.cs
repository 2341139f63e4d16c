using Pgkeep.Postgres;
using Pgkeep.Postgres.Wal;
using Pgkeep.Tests.Support;
using Xunit;

namespace Pgkeep.Tests.Postgres.Wal;

public sealed class WalRecordBodyTests
{
    private const ushort Magic13 = 0xD106;
    private const ushort Magic14 = 0xD10D;
    private const ushort Magic15 = 0xD110;
    private const ushort Magic18 = 0xD118;

    private static readonly byte[] Relation = [0x7F, 6, 0, 0, 5, 0, 0, 0, 0, 64, 0, 0];

    private readonly WalRecordBody _body = new();

    [Fact]
    public void Blocks_and_data_lie_where_the_headers_say()
    {
        byte[] first = [0, 0x70, 3, 0, 100, 0, 32, 0, 0x05, 0, 2, .. Relation, 7, 0, 0, 0];
        byte[] second = [2, 0xA1, 4, 0, 9, 0, 0, 0];
        byte[] origin = [253, 9, 0];
        byte[] body = [.. first, .. second, .. origin, 255, 2, .. new byte[100], 1, 2, 3, 4, 5, 6, 7, 8, 9];

        Assert.True(TryDecode(Magic15, body, out var bytes));

        Assert.Equal(2, _body.Blocks.Length);
        var (a, b) = (_body.Blocks[0], _body.Blocks[1]);
        Assert.Equal((0, "1663/5/16384", RelationFork.Main, 7u), (a.Id, a.Relation.ToString(), a.Fork, a.Block));
        Assert.Equal((true, WalImageCompression.Pglz, (ushort)100, (ushort)32), (a.HasImage, a.ImageCompression, a.ImageLength, a.HoleOffset));
        Assert.Equal((2, a.Relation, RelationFork.FreeSpaceMap, 9u, false), (b.Id, b.Relation, b.Fork, b.Block, b.HasImage));
        Assert.True(a.WillInit);
        Assert.Equal(new byte[100], _body.Image(Of(Magic15, bytes, bytes), a).ToArray());
        Assert.Equal([1, 2, 3], _body.Data(Of(Magic15, bytes, bytes), a).ToArray());
        Assert.Equal([4, 5, 6, 7], _body.Data(Of(Magic15, bytes, bytes), b).ToArray());
        Assert.Equal([8, 9], _body.MainData(Of(Magic15, bytes, bytes)).ToArray());
        Assert.Equal((9, 0u, 100u), (_body.Origin, _body.TopLevelXid, _body.ImageLength));
    }

    /// <summary>The bits of an image changed their meaning in 15.</summary>
    [Theory]
    [InlineData(Magic13, 0x02, nameof(WalImageCompression.Pglz), false)]
    [InlineData(Magic14, 0x06, nameof(WalImageCompression.Pglz), true)]
    [InlineData(Magic14, 0x04, nameof(WalImageCompression.None), true)]
    [InlineData(Magic15, 0x02, nameof(WalImageCompression.None), true)]
    [InlineData(Magic15, 0x04, nameof(WalImageCompression.Pglz), false)]
    [InlineData(Magic15, 0x0A, nameof(WalImageCompression.Lz4), true)]
    [InlineData(Magic18, 0x12, nameof(WalImageCompression.Zstd), true)]
    public void How_an_image_is_stored_is_told_by_the_major(ushort magic, byte bits, string compression, bool applies)
    {
        Assert.True(TryDecode(magic, [0, 0x10, 0, 0, 50, 0, 0, 0, bits, .. Relation, 7, 0, 0, 0, .. new byte[50]], out _));

        Assert.Equal((compression, applies), (_body.Blocks[0].ImageCompression.ToString(), _body.Blocks[0].ImageApplies));
    }

    /// <summary>Only where the image is compressed, the length of the hole is written.</summary>
    [Theory]
    [InlineData(Magic13, 0x03)]
    [InlineData(Magic14, 0x07)]
    [InlineData(Magic15, 0x05)]
    [InlineData(Magic18, 0x09)]
    [InlineData(Magic18, 0x11)]
    public void A_hole_of_a_compressed_image_has_a_length(ushort magic, byte bits)
    {
        Assert.True(TryDecode(magic, [0, 0x10, 0, 0, 50, 0, 24, 0, bits, 0x10, 0x20, .. Relation, 7, 0, 0, 0, .. new byte[50]], out _));

        Assert.Equal((ushort)0x2010, _body.Blocks[0].HoleLength);
    }

    [Theory]
    [InlineData(Magic14)]
    [InlineData(Magic18)]
    public void The_top_level_transaction_is_read_from_14_on(ushort magic)
    {
        byte[] body = [252, 1, 2, 0, 0, 255, 1, 0];

        Assert.True(TryDecode(magic, body, out _));
        Assert.Equal(0x201u, _body.TopLevelXid);
        Assert.False(TryDecode(Magic13, body, out _));
    }

    [Theory]
    [InlineData("40, 0, 0, 0")] // no block has this number
    [InlineData("255, 9, 1")] // more data than there are
    [InlineData("255, 1, 1, 1")] // fewer
    [InlineData("254, 255, 255, 255, 255")]
    [InlineData("0, 128, 0, 0, 7, 0, 0, 0")] // the relation of the block before the first
    [InlineData("0, 0, 0, 0, 1, 0, 0")] // cut
    [InlineData("0")]
    [InlineData("0, 0, 5, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 2, 3, 4, 5")] // data that the flags deny
    [InlineData("0, 32, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0")]
    [InlineData("1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 128, 0, 0, 1, 0, 0, 0")] // the same number twice
    [InlineData("0, 7, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0")] // fork 7
    [InlineData("0, 16, 0, 0, 0, 0, 0, 0, 1, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0")] // a hole that is nowhere
    public void What_contradicts_itself_is_refused(string body)
    {
        Assert.False(TryDecode(Magic15, [.. body.Split(',').Select(byte.Parse)], out _));
        Assert.Equal(0, _body.Blocks.Length);
    }

    [Fact]
    public void The_beginning_of_a_record_is_enough_for_its_blocks()
    {
        byte[] body = [0, 0x30, 3, 0, 100, 0, 0, 0, 0x02, .. Relation, 7, 0, 0, 0, 254, 0, 1, 0, 0, .. new byte[100 + 3 + 256]];
        var whole = WalBuilder.Record(10, 0, body, 1, default);

        Assert.True(_body.TryDecode(Of(Magic15, whole, whole.AsSpan(0, 60)), out _));

        Assert.Equal((100u, 1, 256), (_body.ImageLength, _body.Blocks.Length, _body.MainLength));
        Assert.Equal(0, _body.MainData(Of(Magic15, whole, whole.AsSpan(0, 60))).Length);
        Assert.Equal(10, _body.MainData(Of(Magic15, whole, whole.AsSpan(0, whole.Length - 246))).Length);
        Assert.False(_body.TryDecode(Of(Magic15, whole, whole.AsSpan(0, 40)), out _));
    }

    [Fact]
    public void Every_major_has_its_row()
    {
        Assert.Equal(PostgresVersion.All.Select(version => version.WalMagic), WalFormat.All.Select(format => format.Magic));
        Assert.False(WalFormat.TryGet(0xD105, out _));
    }

    [Theory]
    [InlineData(Magic13, 9, 0x10, "CLEAN")]
    [InlineData(Magic14, 9, 0x10, "PRUNE")]
    [InlineData(Magic18, 9, 0x10, "PRUNE_ON_ACCESS")]
    [InlineData(Magic13, 4, 0x10, "DROP")]
    [InlineData(Magic15, 4, 0x20, "DROP")]
    [InlineData(Magic13, 1, 0x60, "UNKNOWN (60)")]
    [InlineData(Magic14, 1, 0x60, "INVALIDATION")]
    [InlineData(Magic18, 10, 0xA0, "UPDATE+INIT")]
    [InlineData(Magic18, 200, 0x10, "UNKNOWN (10)")]
    public void Operations_have_the_names_of_their_major(ushort magic, byte manager, byte operation, string name)
    {
        Assert.True(WalFormat.TryGet(magic, out var format));
        Assert.Equal(name, format.Names.Of(manager, operation));
    }

    private bool TryDecode(ushort magic, byte[] body, out byte[] record)
    {
        record = WalBuilder.Record(10, 0, body, 1, default);
        return _body.TryDecode(Of(magic, record, record), out _);
    }

    private static WalRecord Of(ushort magic, ReadOnlySpan<byte> whole, ReadOnlySpan<byte> held)
    {
        Assert.True(WalFormat.TryGet(magic, out var format));
        return new WalRecord { Format = format, Header = WalRecordHeader.Read(whole), Start = default, End = default, Bytes = held };
    }
}
