using System.Diagnostics.CodeAnalysis;

namespace Pgkeep.Postgres.Wal;

/// <summary>What differs between the majors inside a WAL record: one row each, told by the magic of the page.</summary>
/// <remarks>
/// Sources, each in the branch of that major: src/include/access/xlogrecord.h (BKPIMAGE_*, XLR_BLOCK_ID_*), src/include/access/rmgr.h, src/include/access/xact.h
/// (xl_xact_stats_item), and src/backend/access/rmgrdesc (the functions *_identify). The names were read from the servers' own tables (RmgrTable) of
/// 13.16, 14.23, 15.18, 16.14, 17.11 and 18.6, all 16 operations of each resource manager.
/// </remarks>
internal sealed class WalFormat
{
    private const byte OldCompressed = 0x02;
    private const byte OldApply = 0x04;
    private const byte OldDatabaseDrop = 0x10;

    private WalFormat(ushort magic, params (byte Manager, byte Operation, string Name)[] names)
    {
        Magic = magic;
        Names = new WalRecordNames(names);
    }

    public static IReadOnlyList<WalFormat> All { get; } =
    [
        // 13
        new(0xD106, (4, 0x00, "CREATE"), (4, 0x10, "DROP"), (9, 0x10, "CLEAN"), (9, 0x20, "FREEZE_PAGE"), (9, 0x30, "CLEANUP_INFO"), (18, 0x20, "SETTS"))
        {
            ImagePglz = OldCompressed, ImageApplies = OldApply, DatabaseDrop = OldDatabaseDrop,
        },
        // 14
        new(0xD10D, (1, 0x60, "INVALIDATION"), (4, 0x00, "CREATE"), (4, 0x10, "DROP"), (9, 0x10, "PRUNE"), (9, 0x20, "VACUUM"), (9, 0x30, "FREEZE_PAGE"))
        {
            ImagePglz = OldCompressed, ImageApplies = OldApply, DatabaseDrop = OldDatabaseDrop, HasTopLevelXid = true,
        },
        // 15
        new(
            0xD110,
            (1, 0x60, "INVALIDATION"), (4, 0x00, "CREATE_FILE_COPY"), (4, 0x10, "CREATE_WAL_LOG"), (4, 0x20, "DROP"), (9, 0x10, "PRUNE"), (9, 0x20, "VACUUM"), (9, 0x30, "FREEZE_PAGE"))
        {
            ImageLz4 = 0x08, ImageZstd = 0x10, HasTopLevelXid = true, HasCustomManagers = true, DroppedStatisticsLength = 12,
        },
        // 16
        new(
            0xD113,
            (1, 0x60, "INVALIDATION"), (4, 0x00, "CREATE_FILE_COPY"), (4, 0x10, "CREATE_WAL_LOG"), (4, 0x20, "DROP"), (9, 0x10, "PRUNE"), (9, 0x20, "VACUUM"), (9, 0x30, "FREEZE_PAGE"))
        {
            ImageLz4 = 0x08, ImageZstd = 0x10, HasTopLevelXid = true, HasCustomManagers = true, DroppedStatisticsLength = 12,
        },
        // 17
        new(
            0xD116,
            (0, 0xE0, "CHECKPOINT_REDO"), (1, 0x60, "INVALIDATION"), (4, 0x00, "CREATE_FILE_COPY"), (4, 0x10, "CREATE_WAL_LOG"), (4, 0x20, "DROP"),
            (9, 0x10, "PRUNE_ON_ACCESS"), (9, 0x20, "PRUNE_VACUUM_SCAN"), (9, 0x30, "PRUNE_VACUUM_CLEANUP"))
        {
            ImageLz4 = 0x08, ImageZstd = 0x10, HasTopLevelXid = true, HasCustomManagers = true, DroppedStatisticsLength = 12,
        },
        // 18
        new(
            0xD118,
            (0, 0xE0, "CHECKPOINT_REDO"), (1, 0x60, "INVALIDATION"), (4, 0x00, "CREATE_FILE_COPY"), (4, 0x10, "CREATE_WAL_LOG"), (4, 0x20, "DROP"),
            (9, 0x10, "PRUNE_ON_ACCESS"), (9, 0x20, "PRUNE_VACUUM_SCAN"), (9, 0x30, "PRUNE_VACUUM_CLEANUP"))
        {
            ImageLz4 = 0x08, ImageZstd = 0x10, HasTopLevelXid = true, HasCustomManagers = true, DroppedStatisticsLength = 16,
        },
    ];

    /// <summary>As <see cref="PostgresVersion.WalMagic"/>.</summary>
    public ushort Magic { get; }

    public WalRecordNames Names { get; }

    /// <summary>Of a full-page image: it is compressed with pglz. In 13 and 14 the bit is BKPIMAGE_IS_COMPRESSED, and there is no other way.</summary>
    public byte ImagePglz { get; private init; } = 0x04;

    /// <summary>0 where there is no such bit.</summary>
    public byte ImageLz4 { get; private init; }

    public byte ImageZstd { get; private init; }

    /// <summary>BKPIMAGE_APPLY: replay restores the page from the image, which otherwise is there for comparison only.</summary>
    public byte ImageApplies { get; private init; } = 0x02;

    /// <summary>Whether a record may carry the transaction that its subtransaction belongs to (XLR_BLOCK_ID_TOPLEVEL_XID).</summary>
    public bool HasTopLevelXid { get; private init; }

    public bool HasCustomManagers { get; private init; }

    /// <summary>Bytes of one xl_xact_stats_item in a commit record; 0 where there is none.</summary>
    public int DroppedStatisticsLength { get; private init; }

    /// <summary>XLOG_DBASE_DROP (src/include/commands/dbcommands_xlog.h). Its number in 13 and 14 is XLOG_DBASE_CREATE_WAL_LOG from 15 on.</summary>
    public byte DatabaseDrop { get; private init; } = 0x20;

    public static bool TryGet(ushort magic, [NotNullWhen(true)] out WalFormat? format)
    {
        format = null;
        foreach (var row in All)
        {
            format = row.Magic == magic ? row : format;
        }

        return format is not null;
    }

    public bool HasManager(byte manager) => manager < WalManagers.BuiltInCount || (HasCustomManagers && manager >= WalManagers.FirstCustom);
}
