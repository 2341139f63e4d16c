using Pgkeep.Postgres.Wal;
using Pgkeep.Tests.Support;
using Xunit;

namespace Pgkeep.Tests.Postgres.Wal;

public sealed class WalMomentTests
{
    private const byte HasInfo = 0x80;

    private static readonly DateTimeOffset Noon = new(2025, 1, 8, 12, 0, 0, 123, 456, TimeSpan.Zero);
    private static readonly byte[] NoonBytes = BitConverter.GetBytes((Noon - new DateTimeOffset(2000, 1, 1, 0, 0, 0, TimeSpan.Zero)).Ticks / 10);

    [Theory]
    [InlineData(1, 0x00, nameof(WalMomentKind.Commit))]
    [InlineData(1, 0x80, nameof(WalMomentKind.Commit))]
    [InlineData(1, 0x20, nameof(WalMomentKind.Abort))]
    [InlineData(1, 0xA0, nameof(WalMomentKind.Abort))]
    [InlineData(0, 0x70, nameof(WalMomentKind.RestorePoint))]
    public void A_record_with_a_time_tells_it_to_the_microsecond(byte manager, byte info, string kind)
    {
        Assert.True(TryRead(0xD110, manager, info, [.. NoonBytes, .. new byte[64]], out var moment));

        Assert.Equal((kind, Noon, 77u), (moment.Kind.ToString(), moment.Time, moment.Xid));
    }

    [Theory]
    [InlineData(1, 0x10)]
    [InlineData(1, 0x50)]
    [InlineData(1, 0x60)]
    [InlineData(0, 0x00)]
    [InlineData(10, 0x00)]
    public void Other_records_have_none(byte manager, byte info) => Assert.False(TryRead(0xD110, manager, info, [.. NoonBytes, .. new byte[64]], out _));

    [Theory]
    [InlineData(long.MaxValue)]
    [InlineData(long.MinValue)]
    public void A_time_that_no_clock_shows_is_none(long time) => Assert.False(TryRead(0xD110, 1, 0, BitConverter.GetBytes(time), out _));

    [Fact]
    public void A_record_that_is_too_short_has_none() => Assert.False(TryRead(0xD110, 1, 0, NoonBytes[..7], out _));

    /// <summary>Behind a database, two subtransactions, one relation, one dropped statistic and two invalidations.</summary>
    [Theory]
    [InlineData(0xD106, 0)]
    [InlineData(0xD10D, 0)]
    [InlineData(0xD110, 12)]
    [InlineData(0xD116, 12)]
    [InlineData(0xD118, 16)]
    public void The_transaction_of_a_prepared_commit_is_found_behind_all_else(ushort magic, int statistic)
    {
        var info = 0b11111 | (statistic > 0 ? 1 << 8 : 0);
        byte[] main =
        [
            .. NoonBytes, .. BitConverter.GetBytes(info), .. new byte[8], 2, 0, 0, 0, .. new byte[8], 1, 0, 0, 0, .. new byte[12],
            .. statistic > 0 ? (byte[])[1, 0, 0, 0, .. new byte[statistic]] : [],
            2, 0, 0, 0, .. new byte[32], 0x39, 5, 0, 0,
        ];

        Assert.True(TryRead(magic, 1, WalManagers.CommitPrepared | HasInfo, main, out var commit));
        Assert.True(TryRead(magic, 1, WalManagers.CommitPrepared | HasInfo, main[..^1], out var cut));

        Assert.Equal((0x539u, WalMomentKind.CommitPrepared), (commit.Xid, commit.Kind));
        Assert.Equal(0u, cut.Xid);
    }

    private static bool TryRead(ushort magic, byte manager, byte info, byte[] main, out WalMoment moment)
    {
        Assert.True(WalFormat.TryGet(magic, out var format));
        var bytes = WalBuilder.Record(manager, info, WalBuilder.MainData(main), 77, default);
        return WalMoment.TryRead(new WalRecord { Format = format, Header = WalRecordHeader.Read(bytes), Start = default, End = default, Bytes = bytes }, new WalRecordBody(), out moment);
    }
}
