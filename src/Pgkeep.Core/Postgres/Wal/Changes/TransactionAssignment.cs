namespace Pgkeep.Postgres.Wal.Changes;

/// <summary>Which transaction subtransactions belong to, written where one has 64 that no record has told of. Valid as long as the record is.</summary>
// PostgreSQL src/include/access/xact.h, xl_xact_assignment; src/backend/access/transam/xact.c, AssignTransactionId
internal readonly ref struct TransactionAssignment
{
    public required uint TopXid { get; init; }

    public required PackedNumbers Subtransactions { get; init; }

    /// <param name="body">Of the record.</param>
    /// <returns>False for other records, and where the record is not what it should be or not all of it is held.</returns>
    public static bool TryRead(in WalRecord record, WalRecordBody body, out TransactionAssignment assignment)
    {
        assignment = default;
        if (record.Header.Manager != WalManagers.Transaction || (record.Header.Operation & WalManagers.TransactionMask) != WalManagers.Assignment)
        {
            return false;
        }

        var data = new MainDataCursor(body.MainData(record));
        assignment = new TransactionAssignment { TopXid = data.UInt32(), Subtransactions = new PackedNumbers(data.CountedItems(sizeof(uint))) };
        return !data.IsShort;
    }
}
