namespace Pgkeep.Postgres.Wal;

/// <summary>
/// The resource managers, by number, and those of their operations that something here rests on. The names of all operations are in
/// <see cref="WalFormat"/>.
/// </summary>
// PostgreSQL src/include/access/rmgrlist.h, the same in 13 to 18; the operations from the header of each
internal static class WalManagers
{
    public const byte Log = 0;
    public const byte Transaction = 1;
    public const byte Storage = 2;
    public const byte Database = 4;
    public const byte Tablespace = 5;
    public const byte RelationMap = 7;
    public const byte Standby = 8;
    public const byte Heap2 = 9;
    public const byte Heap = 10;

    /// <summary>XLOG_SWITCH: the segment ends with this record (src/include/catalog/pg_control.h).</summary>
    public const byte LogSwitch = 0x40;

    /// <summary>XLOG_PARAMETER_CHANGE.</summary>
    public const byte LogParameterChange = 0x60;

    /// <summary>XLOG_RESTORE_POINT.</summary>
    public const byte LogRestorePoint = 0x70;

    /// <summary>Transaction records have their operation in three bits; the fourth says that xinfo follows (src/include/access/xact.h, XLOG_XACT_OPMASK).</summary>
    public const byte TransactionMask = 0x70;

    public const byte Commit = 0x00;
    public const byte Abort = 0x20;
    public const byte CommitPrepared = 0x30;
    public const byte AbortPrepared = 0x40;
    public const byte Assignment = 0x50;

    /// <summary>XLOG_TBLSPC_CREATE (src/include/commands/tablespace.h).</summary>
    public const byte TablespaceCreate = 0x00;

    /// <summary>The first number that an extension may take, from 15 on (src/include/access/rmgr.h, RM_MIN_CUSTOM_ID).</summary>
    public const byte FirstCustom = 128;

    /// <summary>So many have a name.</summary>
    public const int BuiltInCount = 22;

    private static readonly string[] Names =
    [
        "XLOG", "Transaction", "Storage", "CLOG", "Database", "Tablespace", "MultiXact", "RelMap", "Standby", "Heap2", "Heap", "Btree", "Hash", "Gin", "Gist", "Sequence", "SPGist",
        "BRIN", "CommitTs", "ReplicationOrigin", "Generic", "LogicalMessage",
    ];

    /// <summary>As pg_waldump names it; an extension's by its number.</summary>
    public static string NameOf(byte manager) => manager < Names.Length ? Names[manager] : $"custom{manager:D3}";
}
