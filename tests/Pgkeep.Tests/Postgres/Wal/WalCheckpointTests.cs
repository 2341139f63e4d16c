using System.Buffers.Binary;
using Pgkeep.Postgres.Wal;
using Pgkeep.Tests.Support;
using Xunit;

namespace Pgkeep.Tests.Postgres.Wal;

public sealed class WalCheckpointTests
{
    private const ulong Next = (3ul << 32) + 750;

    [Theory]
    [InlineData(WalManagers.Log, 0x00, 88, true)]
    [InlineData(WalManagers.Log, 0x10, 88, true)]
    [InlineData(WalManagers.Log, 0x10, 32, true)]
    [InlineData(WalManagers.Log, 0x10, 31, false)]
    [InlineData(WalManagers.Log, 0x90, 88, false)]
    [InlineData(WalManagers.Transaction, 0x00, 88, false)]
    public void A_checkpoint_tells_the_next_number(byte manager, byte operation, int length, bool expected)
    {
        var main = new byte[88];
        BinaryPrimitives.WriteUInt64LittleEndian(main.AsSpan(24), Next);
        var bytes = WalBuilder.Record(manager, operation, WalBuilder.MainData(main[..length]), 0, default);
        Assert.True(WalFormat.TryGet(0xD110, out var format));

        var isRead = WalCheckpoint.TryReadNextXid(new WalRecord(format, WalRecordHeader.Read(bytes), default, default, bytes), new WalRecordBody(), out var next);

        Assert.Equal((expected, expected ? Next : 0), (isRead, next.Value));
    }
}
