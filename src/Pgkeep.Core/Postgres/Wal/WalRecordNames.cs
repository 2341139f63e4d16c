namespace Pgkeep.Postgres.Wal;

/// <summary>What pg_waldump calls the operations of the resource managers of one major.</summary>
// PostgreSQL src/backend/access/rmgrdesc, the functions *_identify
internal sealed class WalRecordNames
{
    public const int Operations = 16;

    private const string None = "-";

    /// <summary>By resource manager: the operations 0x00, 0x10 and so on, as far as all majors from 13 to 18 agree on them.</summary>
    private static readonly string[] Shared =
    [
        "CHECKPOINT_SHUTDOWN CHECKPOINT_ONLINE NOOP NEXTOID SWITCH BACKUP_END PARAMETER_CHANGE RESTORE_POINT FPW_CHANGE END_OF_RECOVERY FPI_FOR_HINT FPI - OVERWRITE_CONTRECORD",
        "COMMIT PREPARE ABORT COMMIT_PREPARED ABORT_PREPARED ASSIGNMENT",
        "- CREATE TRUNCATE",
        "ZEROPAGE TRUNCATE",
        "",
        "CREATE DROP",
        "ZERO_OFF_PAGE ZERO_MEM_PAGE CREATE_ID TRUNCATE_ID",
        "UPDATE",
        "LOCK RUNNING_XACTS INVALIDATIONS",
        "REWRITE - - - VISIBLE MULTI_INSERT LOCK_UPDATED NEW_CID - - - - - MULTI_INSERT+INIT",
        "INSERT DELETE UPDATE TRUNCATE HOT_UPDATE HEAP_CONFIRM LOCK INPLACE INSERT+INIT - UPDATE+INIT - HOT_UPDATE+INIT",
        "INSERT_LEAF INSERT_UPPER INSERT_META SPLIT_L SPLIT_R INSERT_POST DEDUP DELETE UNLINK_PAGE UNLINK_PAGE_META NEWROOT MARK_PAGE_HALFDEAD VACUUM REUSE_PAGE META_CLEANUP",
        "INIT_META_PAGE INIT_BITMAP_PAGE INSERT ADD_OVFL_PAGE SPLIT_ALLOCATE_PAGE SPLIT_PAGE SPLIT_COMPLETE MOVE_PAGE_CONTENTS SQUEEZE_PAGE DELETE SPLIT_CLEANUP UPDATE_META_PAGE VACUUM_ONE_PAGE",
        "- CREATE_PTREE INSERT SPLIT VACUUM_PAGE DELETE_PAGE UPDATE_META_PAGE INSERT_LISTPAGE DELETE_LISTPAGE VACUUM_DATA_LEAF_PAGE",
        "PAGE_UPDATE DELETE PAGE_REUSE PAGE_SPLIT - - PAGE_DELETE ASSIGN_LSN",
        "LOG",
        "- ADD_LEAF MOVE_LEAFS ADD_NODE SPLIT_TUPLE PICKSPLIT VACUUM_LEAF VACUUM_ROOT VACUUM_REDIRECT",
        "CREATE_INDEX INSERT UPDATE SAMEPAGE_UPDATE REVMAP_EXTEND DESUMMARIZE - - - INSERT+INIT UPDATE+INIT",
        "ZEROPAGE TRUNCATE",
        "SET DROP",
        "Generic Generic Generic Generic Generic Generic Generic Generic Generic Generic Generic Generic Generic Generic Generic Generic",
        "MESSAGE",
    ];

    private readonly string?[] _names = new string?[Shared.Length * Operations];

    /// <param name="own">Of this major.</param>
    public WalRecordNames(params ReadOnlySpan<(byte Manager, byte Operation, string Name)> own)
    {
        for (var manager = 0; manager < Shared.Length; manager++)
        {
            var names = Shared[manager].Split(' ', StringSplitOptions.RemoveEmptyEntries);
            for (var i = 0; i < names.Length; i++)
            {
                _names[(manager * Operations) + i] = names[i] == None ? null : names[i];
            }
        }

        foreach (var (manager, operation, name) in own)
        {
            _names[(manager * Operations) + (operation >> 4)] = name;
        }
    }

    /// <param name="operation">As <see cref="WalRecordHeader.Operation"/>; of a transaction's record the lower three bits of it.</param>
    public string Of(byte manager, byte operation) =>
        (manager < Shared.Length ? _names[(manager * Operations) + (operation >> 4)] : null) ?? $"UNKNOWN ({operation:x})";
}
