using System.Buffers.Binary;

namespace Pgkeep.Postgres.Wal.Changes;

/// <summary>
/// Which transactions were under way, written with each checkpoint and by the background writer. One that is older than all of them and of which no end was seen was cut off by a
/// crash. Valid as long as the record is.
/// </summary>
// PostgreSQL src/include/storage/standbydefs.h, xl_running_xacts; the same in 13 to 18
internal readonly ref struct RunningTransactions
{
    private const byte Running = 0x10;
    private const int SubtransactionsOffset = 4;
    private const int NextOffset = 12;
    private const int OldestOffset = 16;
    private const int XidsOffset = 24;

    /// <summary>The next to be given out.</summary>
    public required uint NextXid { get; init; }

    public required uint OldestXid { get; init; }

    /// <summary>Prepared ones too, and subtransactions as far as the server had them at hand.</summary>
    public required PackedNumbers Xids { get; init; }

    /// <summary>The order of transactions, which begins anew after 2^32.</summary>
    // PostgreSQL src/backend/access/transam/transam.c, TransactionIdPrecedes
    public static bool Precedes(uint first, uint second) => unchecked((int)(first - second)) < 0;

    /// <param name="body">Of the record.</param>
    /// <returns>False for other records, and where the record is not what it should be or not all of it is held.</returns>
    public static bool TryRead(in WalRecord record, WalRecordBody body, out RunningTransactions running)
    {
        running = default;
        if (!record.IsOf(WalManagers.Standby, Running) || body.MainData(record) is not { Length: >= XidsOffset } main)
        {
            return false;
        }

        var count = (long)BinaryPrimitives.ReadUInt32LittleEndian(main) + BinaryPrimitives.ReadUInt32LittleEndian(main[SubtransactionsOffset..]);
        if (count * sizeof(uint) > main.Length - XidsOffset)
        {
            return false;
        }

        running = new RunningTransactions
        {
            NextXid = BinaryPrimitives.ReadUInt32LittleEndian(main[NextOffset..]),
            OldestXid = BinaryPrimitives.ReadUInt32LittleEndian(main[OldestOffset..]),
            Xids = new PackedNumbers(main.Slice(XidsOffset, (int)count * sizeof(uint))),
        };
        return true;
    }
}
