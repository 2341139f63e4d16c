using System.IO.Hashing;
using Pgkeep.Postgres;
using Pgkeep.Postgres.Wal.Index;

namespace Pgkeep.Tests.Support;

/// <summary>The index of a segment that lies in memory.</summary>
internal static class IndexedSegment
{
    /// <param name="number">Which of the segments in a builder's bytes.</param>
    public static WalSegmentIndex? TryMake(WalBuilder wal, Lsn start, int number = 0)
    {
        var length = (int)wal.SegmentSize.Bytes;
        var bytes = wal.ToArray().AsSpan(number * length, length);
        var builder = new WalIndexBuilder(WalSegmentName.FromLsn(TimelineId.First, start + (ulong)(number * length), wal.SegmentSize));
        for (var offset = 0; offset < length; offset += 256 * 1024)
        {
            builder.Add(bytes.Slice(offset, 256 * 1024));
        }

        return builder.Build(XxHash128.HashToUInt128(bytes));
    }

    public static WalSegmentIndex Make(WalBuilder wal, Lsn start, int number = 0) => TryMake(wal, start, number) ?? throw new InvalidOperationException("the segment has no index");
}
