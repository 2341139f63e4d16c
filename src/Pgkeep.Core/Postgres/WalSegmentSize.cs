using System.Numerics;

namespace Pgkeep.Postgres;

/// <summary>The size of a cluster's WAL segments, fixed by <c>initdb --wal-segsize</c>.</summary>
// PostgreSQL src/include/access/xlog_internal.h, IsValidWalSegSize and XLogSegmentsPerXLogId
internal readonly record struct WalSegmentSize(uint Bytes)
{
    private const uint Minimum = 1024 * 1024;
    private const uint Maximum = 1024 * 1024 * 1024;

    public static WalSegmentSize Default { get; } = new(16 * 1024 * 1024);

    /// <summary>The segments whose positions share the upper half of their LSN.</summary>
    public uint SegmentsPerLog => (uint)((1UL << 32) / Bytes);

    public static bool IsValid(uint bytes) => bytes is >= Minimum and <= Maximum && BitOperations.IsPow2(bytes);

    /// <summary>Where in its segment a position lies.</summary>
    public uint OffsetOf(Lsn position) => (uint)(position.Value & (Bytes - 1));

    public override string ToString() => $"{Bytes / Minimum} MB";
}
