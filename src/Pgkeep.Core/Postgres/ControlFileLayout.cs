using System.Numerics;
using static System.Buffers.Binary.BinaryPrimitives;

namespace Pgkeep.Postgres;

/// <summary>
/// Where the fields of pg_control lie. The three layouts that exist since PostgreSQL 13 differ behind data_checksum_version only:
/// 1700 put wal_level into the checkpoint's padding (20), and 1800 put a bool before the nonce, which moves the CRC to 292.
/// </summary>
/// <remarks>
/// PostgreSQL src/include/catalog/pg_control.h, ControlFileData, as compiled for 64 bits, little-endian. Checked against pg_controldata
/// of 13, 15, 17 and 18.
/// <code>
///   0 uint64      system_identifier            144 TimeLineID  minRecoveryPointTLI
///   8 uint32      pg_control_version           152 XLogRecPtr  backupStartPoint
///  12 uint32      catalog_version_no           160 XLogRecPtr  backupEndPoint
///  16 DBState     state                        168 bool        backupEndRequired
///  24 pg_time_t   time                         172 int         wal_level
///  32 XLogRecPtr  checkPoint                   176 bool        wal_log_hints
///  40 CheckPoint  checkPointCopy:              180 int         MaxConnections
///     40 XLogRecPtr  redo                      184 int         max_worker_processes
///     48 TimeLineID  ThisTimeLineID            188 int         max_wal_senders
///     52 TimeLineID  PrevTimeLineID            192 int         max_prepared_xacts
///     56 bool        fullPageWrites            196 int         max_locks_per_xact
///     64 uint64      nextXid                   200 bool        track_commit_timestamp
///     72 Oid         nextOid                   204 uint32      maxAlign
///     76 uint32      nextMulti                 208 double      floatFormat
///     80 uint32      nextMultiOffset           216 uint32      blcksz
///     84 uint32      oldestXid                 220 uint32      relseg_size
///     88 Oid         oldestXidDB               224 uint32      xlog_blcksz
///     92 uint32      oldestMulti               228 uint32      xlog_seg_size
///     96 Oid         oldestMultiDB             232 uint32      nameDataLen
///    104 pg_time_t   time                      236 uint32      indexMaxKeys
///    112 uint32      oldestCommitTsXid         240 uint32      toast_max_chunk_size
///    116 uint32      newestCommitTsXid         244 uint32      loblksize
///    120 uint32      oldestActiveXid           248 bool        float8ByVal
/// 128 XLogRecPtr  unloggedLSN                  252 uint32      data_checksum_version
/// 136 XLogRecPtr  minRecoveryPoint             256 char[32]    mock_authentication_nonce (1800: bool, then char[32])
///                                              288 pg_crc32c   crc (1800: 292)
/// </code>
/// </remarks>
internal static class ControlFileLayout
{
    private const int SystemIdentifierOffset = 0;
    private const int VersionOffset = 8;
    private const int CatalogVersionOffset = 12;
    private const int StateOffset = 16;
    private const int CheckPointOffset = 32;
    private const int RedoOffset = 40;
    private const int TimelineOffset = 48;
    private const int CheckPointTimeOffset = 104;
    private const int MinRecoveryPointOffset = 136;
    private const int MinRecoveryPointTimelineOffset = 144;
    private const int BackupStartPointOffset = 152;
    private const int BackupEndPointOffset = 160;
    private const int BackupEndRequiredOffset = 168;
    private const int WalLevelOffset = 172;
    private const int MaxConnectionsOffset = 180;
    private const int MaxWorkerProcessesOffset = 184;
    private const int MaxWalSendersOffset = 188;
    private const int MaxPreparedTransactionsOffset = 192;
    private const int MaxLocksPerTransactionOffset = 196;
    private const int FloatFormatOffset = 208;
    private const int BlockSizeOffset = 216;
    private const int RelationSegmentBlocksOffset = 220;
    private const int WalBlockSizeOffset = 224;
    private const int WalSegmentSizeOffset = 228;
    private const int DataChecksumVersionOffset = 252;

    // FLOATFORMAT_VALUE: shows that the writing machine's floating-point format is ours.
    private const double FloatFormat = 1234567.0;

    // PostgreSQL's configure allows 1 to 32 kB for a data block and 1 to 64 kB for a WAL block.
    private const uint MinimumBlockSize = 1024;
    private const uint MaximumBlockSize = 65536;

    /// <summary>Finds the layout by its version number, which has never moved.</summary>
    public static bool TryFind(ReadOnlySpan<byte> bytes, out int checksumOffset, out string problem)
    {
        checksumOffset = 0;
        if (bytes.Length < ControlFile.MinimumLength)
        {
            problem = $"pg_control has {bytes.Length} bytes, which is less than {ControlFile.MinimumLength}";
            return false;
        }

        var version = ReadUInt32LittleEndian(bytes[VersionOffset..]);
        var row = PostgresVersion.All.FirstOrDefault(candidate => candidate.ControlFileVersion == version);
        if (row is null)
        {
            problem = PostgresVersion.All.Any(candidate => candidate.ControlFileVersion == ReverseEndianness(version))
                ? "pg_control was written by a machine of the other byte order"
                : $"the version of pg_control is \"{version}\", which is not known";
            return false;
        }

        checksumOffset = row.ControlFileChecksumOffset;
        problem = "";
        return true;
    }

    /// <summary>Names the first value that no server writes, so that what <see cref="Read"/> returns can be relied on.</summary>
    public static string? FindImpossibleValue(ReadOnlySpan<byte> bytes)
    {
        var state = UInt32(bytes, StateOffset);
        var walLevel = UInt32(bytes, WalLevelOffset);
        var time = ReadInt64LittleEndian(bytes[CheckPointTimeOffset..]);
        var blockSize = UInt32(bytes, BlockSizeOffset);
        var walBlockSize = UInt32(bytes, WalBlockSizeOffset);
        var segmentSize = UInt32(bytes, WalSegmentSizeOffset);
        return ReadDoubleLittleEndian(bytes[FloatFormatOffset..]) != FloatFormat
                ? "pg_control was written by a machine of another floating-point format"
            : state > (uint)ClusterState.InProduction ? $"the cluster state in pg_control is \"{state}\", which is not known"
            : walLevel > (uint)WalLevel.Logical ? $"the wal_level in pg_control is \"{walLevel}\", which is not known"
            : time < 0 || time > DateTimeOffset.MaxValue.ToUnixTimeSeconds() ? $"the checkpoint's time in pg_control is \"{time}\""
            : !IsBlockSize(blockSize) ? $"the block size in pg_control is \"{blockSize}\""
            : !IsBlockSize(walBlockSize) ? $"the WAL block size in pg_control is \"{walBlockSize}\""
            : !WalSegmentSize.IsValid(segmentSize) ? $"the WAL segment size in pg_control is \"{segmentSize}\""
            : UInt32(bytes, RelationSegmentBlocksOffset) == 0 ? "the relation segment size in pg_control is \"0\""
            : null;
    }

    public static ControlFile Read(ReadOnlySpan<byte> bytes) => new()
    {
        SystemIdentifier = new SystemIdentifier(ReadUInt64LittleEndian(bytes[SystemIdentifierOffset..])),
        ControlFileVersion = UInt32(bytes, VersionOffset),
        CatalogVersion = UInt32(bytes, CatalogVersionOffset),
        State = (ClusterState)UInt32(bytes, StateOffset),
        CheckPoint = LsnAt(bytes, CheckPointOffset),
        CheckPointRedo = LsnAt(bytes, RedoOffset),
        CheckPointTimeline = new TimelineId(UInt32(bytes, TimelineOffset)),
        CheckPointTime = DateTimeOffset.FromUnixTimeSeconds(ReadInt64LittleEndian(bytes[CheckPointTimeOffset..])),
        MinRecoveryPoint = LsnAt(bytes, MinRecoveryPointOffset),
        MinRecoveryPointTimeline = new TimelineId(UInt32(bytes, MinRecoveryPointTimelineOffset)),
        BackupStartPoint = LsnAt(bytes, BackupStartPointOffset),
        BackupEndPoint = LsnAt(bytes, BackupEndPointOffset),
        BackupEndRequired = bytes[BackupEndRequiredOffset] != 0,
        WalLevel = (WalLevel)UInt32(bytes, WalLevelOffset),
        MaxConnections = ReadInt32LittleEndian(bytes[MaxConnectionsOffset..]),
        MaxWorkerProcesses = ReadInt32LittleEndian(bytes[MaxWorkerProcessesOffset..]),
        MaxWalSenders = ReadInt32LittleEndian(bytes[MaxWalSendersOffset..]),
        MaxPreparedTransactions = ReadInt32LittleEndian(bytes[MaxPreparedTransactionsOffset..]),
        MaxLocksPerTransaction = ReadInt32LittleEndian(bytes[MaxLocksPerTransactionOffset..]),
        BlockSize = UInt32(bytes, BlockSizeOffset),
        RelationSegmentBlocks = UInt32(bytes, RelationSegmentBlocksOffset),
        WalBlockSize = UInt32(bytes, WalBlockSizeOffset),
        WalSegmentSize = new WalSegmentSize(UInt32(bytes, WalSegmentSizeOffset)),
        DataChecksumVersion = UInt32(bytes, DataChecksumVersionOffset),
    };

    private static uint UInt32(ReadOnlySpan<byte> bytes, int offset) => ReadUInt32LittleEndian(bytes[offset..]);

    private static Lsn LsnAt(ReadOnlySpan<byte> bytes, int offset) => new(ReadUInt64LittleEndian(bytes[offset..]));

    private static bool IsBlockSize(uint size) => size is >= MinimumBlockSize and <= MaximumBlockSize && BitOperations.IsPow2(size);
}
