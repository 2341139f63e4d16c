namespace Pgkeep.Postgres.Wal.Changes;

internal enum DatabaseOperation
{
    /// <summary>
    /// A directory is copied, all files in it, without a record for each: CREATE DATABASE up to 14 and with STRATEGY FILE_COPY, and, with the database as its own source,
    /// ALTER DATABASE SET TABLESPACE, which also drops the directory that it leaves.
    /// </summary>
    Copy,

    /// <summary>An empty directory is made, and the records that follow fill it; from 15 on.</summary>
    Create,

    /// <summary>Directories are removed with everything in them. The files are gone before the transaction commits.</summary>
    Drop,
}

/// <summary>The directory of a database in a tablespace comes or goes. Valid as long as the record is.</summary>
// PostgreSQL src/include/commands/dbcommands_xlog.h, xl_dbase_create_file_copy_rec, xl_dbase_create_wal_log_rec, xl_dbase_drop_rec; up to 14 xl_dbase_create_rec;
// src/backend/commands/dbcommands.c, movedb
internal readonly ref struct DatabaseChange
{
    private const byte CopyNumber = 0x00;
    private const byte CreateNumber = 0x10;

    public required DatabaseOperation Operation { get; init; }

    public required Oid Database { get; init; }

    /// <summary>One, but for a drop.</summary>
    public required PackedNumbers Tablespaces { get; init; }

    /// <summary>Of a copy.</summary>
    public Oid SourceDatabase { get; init; }

    public Oid SourceTablespace { get; init; }

    /// <summary>The database only changes its tablespace.</summary>
    public bool IsMove => Operation == DatabaseOperation.Copy && SourceDatabase == Database;

    /// <param name="body">Of the record.</param>
    /// <returns>False for other records, and where the record is not what it should be or not all of it is held.</returns>
    public static bool TryRead(in WalRecord record, WalRecordBody body, out DatabaseChange change)
    {
        change = default;
        if (record.Header.Manager != WalManagers.Database)
        {
            return false;
        }

        var operation = record.Header.Operation;
        var isDrop = operation == record.Format.DatabaseDrop;
        if (!isDrop && operation is not (CopyNumber or CreateNumber))
        {
            return false;
        }

        var data = new MainDataCursor(body.MainData(record));
        change = new DatabaseChange
        {
            Operation = isDrop ? DatabaseOperation.Drop : operation == CopyNumber ? DatabaseOperation.Copy : DatabaseOperation.Create,
            Database = data.Oid(),
            Tablespaces = new PackedNumbers(isDrop ? data.CountedItems(sizeof(uint)) : data.Items(1, sizeof(uint))),
            SourceDatabase = operation == CopyNumber ? data.Oid() : default,
            SourceTablespace = operation == CopyNumber ? data.Oid() : default,
        };
        return !data.IsShort;
    }
}
