using System.Buffers.Binary;

namespace Pgkeep.Postgres.Wal;

/// <summary>What the record of a checkpoint tells of the cluster.</summary>
// PostgreSQL src/include/catalog/pg_control.h, struct CheckPoint, and XLOG_CHECKPOINT_SHUTDOWN, XLOG_CHECKPOINT_ONLINE
internal static class WalCheckpoint
{
    public const byte Shutdown = 0x00;
    public const byte Online = 0x10;

    /// <summary>Behind redo, the two timelines and fullPageWrites, which 17 follows with wal_level in what was padding.</summary>
    private const int NextXidOffset = 24;

    /// <summary>False for other records, and where the record is not what it should be.</summary>
    /// <param name="next">The number that the next transaction would have got.</param>
    /// <param name="body">To decode it with.</param>
    public static bool TryReadNextXid(in WalRecord record, WalRecordBody body, out FullTransactionId next)
    {
        next = default;
        if (!(record.IsOf(WalManagers.Log, Shutdown) || record.IsOf(WalManagers.Log, Online))
            || !body.TryDecode(record, out _)
            || body.MainData(record) is not { Length: >= NextXidOffset + sizeof(ulong) } main)
        {
            return false;
        }

        next = new FullTransactionId(BinaryPrimitives.ReadUInt64LittleEndian(main[NextXidOffset..]));
        return true;
    }
}
