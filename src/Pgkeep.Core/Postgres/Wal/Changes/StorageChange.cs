namespace Pgkeep.Postgres.Wal.Changes;

internal enum StorageOperation
{
    /// <summary>A fork's file comes to be. It is removed again where the transaction does not commit.</summary>
    Create,

    /// <summary>The file is cut off; mostly by VACUUM, and by TRUNCATE of a relation that the same transaction created.</summary>
    Truncate,
}

/// <summary>What a truncation cuts off (SMGR_TRUNCATE_*).</summary>
[Flags]
internal enum TruncatedForks
{
    None = 0,
    Main = 1,
    VisibilityMap = 2,
    FreeSpaceMap = 4,
}

/// <summary>A file of a relation created or cut off. That files are unlinked, a <see cref="TransactionEnd"/> says.</summary>
/// <param name="Fork">That is created; of a truncation see <paramref name="Truncated"/>.</param>
/// <param name="Blocks">That are left of the main fork by a truncation.</param>
// PostgreSQL src/include/catalog/storage_xlog.h, xl_smgr_create, xl_smgr_truncate
internal readonly record struct StorageChange(StorageOperation Operation, RelationFileLocator Relation, RelationFork Fork, uint Blocks, TruncatedForks Truncated)
{
    private const byte Create = 0x10;
    private const byte Truncate = 0x20;

    /// <param name="body">Of the record.</param>
    /// <returns>False for other records, and where the record is not what it should be or not all of it is held.</returns>
    public static bool TryRead(in WalRecord record, WalRecordBody body, out StorageChange change)
    {
        change = default;
        if (record.Header.Manager != WalManagers.Storage)
        {
            return false;
        }

        var data = new MainDataCursor(body.MainData(record));
        switch (record.Header.Operation)
        {
            case Create:
                var (relation, fork) = (data.Locator(), data.UInt32());
                change = new StorageChange(StorageOperation.Create, relation, (RelationFork)fork, 0, TruncatedForks.None);
                return !data.IsShort && fork <= (uint)RelationFork.Init;
            case Truncate:
                var (blocks, truncated, flags) = (data.UInt32(), data.Locator(), data.UInt32());
                change = new StorageChange(StorageOperation.Truncate, truncated, RelationFork.Main, blocks, (TruncatedForks)flags);
                return !data.IsShort;
            default:
                return false;
        }
    }
}
