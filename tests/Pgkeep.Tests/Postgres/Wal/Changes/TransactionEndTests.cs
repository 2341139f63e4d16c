using Pgkeep.Postgres;
using Pgkeep.Postgres.Wal;
using Pgkeep.Postgres.Wal.Changes;
using Pgkeep.Tests.Support;
using Xunit;

namespace Pgkeep.Tests.Postgres.Wal.Changes;

public sealed class TransactionEndTests
{
    private const byte HasInfo = 0x80;

    private static readonly DateTimeOffset Noon = new(2025, 1, 8, 12, 0, 0, 123, 456, TimeSpan.Zero);
    private static readonly byte[] NoonBytes = BitConverter.GetBytes((Noon - new DateTimeOffset(2000, 1, 1, 0, 0, 0, TimeSpan.Zero)).Ticks / 10);

    /// <summary>A database, two subtransactions, two files; an abort has no invalidations.</summary>
    private static readonly byte[] Main =
    [
        .. NoonBytes, 7, 0, 0, 0, 5, 0, 0, 0, 0x7F, 6, 0, 0,
        2, 0, 0, 0, 10, 0, 0, 0, 11, 0, 0, 0,
        2, 0, 0, 0, 0x7F, 6, 0, 0, 5, 0, 0, 0, 0, 64, 0, 0, 0x7F, 6, 0, 0, 5, 0, 0, 0, 1, 64, 0, 0,
    ];

    private readonly WalRecordBody _body = new();

    [Theory]
    [InlineData(WalManagers.Commit, nameof(WalMomentKind.Commit), true)]
    [InlineData(WalManagers.Abort, nameof(WalMomentKind.Abort), false)]
    public void An_end_lists_subtransactions_and_files(byte operation, string kind, bool isCommit)
    {
        Assert.True(TransactionEnd.TryRead(Of(0xD110, operation | HasInfo, Main), _body, out var end));

        Assert.Equal((kind, isCommit, Noon, 77u, new Oid(5), true), (end.Kind.ToString(), end.IsCommit, end.Time, end.Xid, end.Database, end.IsWhole));
        Assert.Equal([10u, 11u], end.Subtransactions.ToArray());
        Assert.Equal(["1663/5/16384", "1663/5/16385"], end.UnlinkedFiles.ToArray().Select(file => file.ToString()));
    }

    [Fact]
    public void An_end_without_a_list_has_none()
    {
        Assert.True(TransactionEnd.TryRead(Of(0xD110, WalManagers.Commit, NoonBytes), _body, out var end));

        Assert.Equal((0, 0, true), (end.Subtransactions.Count, end.UnlinkedFiles.Count, end.IsWhole));
    }

    [Fact]
    public void A_restore_point_ends_no_transaction()
    {
        var bytes = WalBuilder.Record(WalManagers.Log, WalManagers.LogRestorePoint, WalBuilder.MainData([.. NoonBytes, .. new byte[64]]), 0, default);

        Assert.False(TransactionEnd.TryRead(Held(0xD110, bytes, bytes.Length), _body, out _));
    }

    /// <summary>Wherever it is cut behind the time, the end is known, and that something is missing; never a part of a list.</summary>
    [Fact]
    public void What_is_cut_off_is_known_to_be()
    {
        var bytes = WalBuilder.Record(WalManagers.Transaction, WalManagers.Commit | HasInfo, WalBuilder.MainData(Main), 77, default);
        var begin = bytes.Length - Main.Length;
        for (var length = begin + NoonBytes.Length; length < bytes.Length; length++)
        {
            Assert.True(TransactionEnd.TryRead(Held(0xD110, bytes, length), _body, out var end));

            Assert.False(end.IsWhole);
            Assert.Equal(length < begin + 32 ? 0 : 2, end.Subtransactions.Count);
            Assert.Equal(0, end.UnlinkedFiles.Count);
        }

        Assert.False(TransactionEnd.TryRead(Held(0xD110, bytes, begin + NoonBytes.Length - 1), _body, out _));
    }

    [Theory]
    [InlineData(20, 0xFF)]
    [InlineData(23, 0x7F)]
    public void A_list_that_is_longer_than_the_record_is_none(int offset, byte value)
    {
        var main = Main.ToArray();
        main[offset] = value;

        Assert.True(TransactionEnd.TryRead(Of(0xD110, WalManagers.Commit | HasInfo, main), _body, out var end));

        Assert.Equal((0, 0, false), (end.Subtransactions.Count, end.UnlinkedFiles.Count, end.IsWhole));
    }

    private WalRecord Of(ushort magic, int info, byte[] main)
    {
        var bytes = WalBuilder.Record(WalManagers.Transaction, (byte)info, WalBuilder.MainData(main), 77, default);
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
