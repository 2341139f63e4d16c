using System.Buffers.Binary;

namespace Pgkeep.Postgres.Wal;

internal enum WalMomentKind
{
    Commit,
    Abort,
    CommitPrepared,
    AbortPrepared,
    RestorePoint,
}

/// <summary>A record with a time, which is what recovery_target_time goes by: the end of a transaction, or a restore point.</summary>
/// <param name="Start">Where the record begins.</param>
/// <param name="End">Behind it.</param>
/// <param name="Xid">Of the transaction that ended, also where another session ended a prepared one; 0 of a restore point, and where it is not known.</param>
/// <param name="Time">By the server's clock, to the microsecond.</param>
// PostgreSQL src/backend/access/transam/xlogrecovery.c, getRecordTimestamp; src/include/access/xact.h, xl_xact_commit, xl_xact_abort;
// src/backend/access/rmgrdesc/xactdesc.c, ParseCommitRecord, ParseAbortRecord; src/include/access/xlog_internal.h, xl_restore_point
internal readonly record struct WalMoment(WalMomentKind Kind, Lsn Start, Lsn End, uint Xid, DateTimeOffset Time)
{
    private const int TimeLength = 8;
    private const byte HasInfo = 0x80;

    private const uint HasDatabase = 1 << 0;
    private const uint HasSubtransactions = 1 << 1;
    private const uint HasRelations = 1 << 2;
    private const uint HasInvalidations = 1 << 3;
    private const uint HasTwoPhase = 1 << 4;
    private const uint HasDroppedStatistics = 1 << 8;

    private const int XidLength = 4;
    private const int DatabaseLength = 8;
    private const int InvalidationLength = 16;

    public bool IsCommit => Kind is WalMomentKind.Commit or WalMomentKind.CommitPrepared;

    /// <summary>Whether a record has a time at all, by its header alone.</summary>
    public static bool TryGetKind(WalRecordHeader header, out WalMomentKind kind)
    {
        WalMomentKind? found = (header.Manager, header.Operation & WalManagers.TransactionMask) switch
        {
            (WalManagers.Transaction, WalManagers.Commit) => WalMomentKind.Commit,
            (WalManagers.Transaction, WalManagers.Abort) => WalMomentKind.Abort,
            (WalManagers.Transaction, WalManagers.CommitPrepared) => WalMomentKind.CommitPrepared,
            (WalManagers.Transaction, WalManagers.AbortPrepared) => WalMomentKind.AbortPrepared,
            (WalManagers.Log, _) when header.Operation == WalManagers.LogRestorePoint => WalMomentKind.RestorePoint,
            _ => null,
        };
        kind = found ?? default;
        return found is not null;
    }

    /// <summary>Null for other records, and where the record is not what it should be.</summary>
    /// <param name="body">To decode it with.</param>
    public static bool TryRead(in WalRecord record, WalRecordBody body, out WalMoment moment)
    {
        moment = default;
        if (!TryGetKind(record.Header, out var kind)
            || !body.TryDecode(record, out _)
            || body.MainData(record) is not { Length: >= TimeLength } main
            || !TryReadTime(main, out var time))
        {
            return false;
        }

        var xid = kind is WalMomentKind.CommitPrepared or WalMomentKind.AbortPrepared ? PreparedXid(record, main, kind) : record.Header.Xid;
        moment = new WalMoment(kind, record.Start, record.End, xid, time);
        return true;
    }

    /// <summary>Microseconds since 2000-01-01 (src/include/datatype/timestamp.h).</summary>
    private static bool TryReadTime(ReadOnlySpan<byte> main, out DateTimeOffset time)
    {
        var epoch = new DateTime(2000, 1, 1, 0, 0, 0, DateTimeKind.Utc);
        var microseconds = BinaryPrimitives.ReadInt64LittleEndian(main);
        var isKnown = microseconds >= (DateTime.MinValue - epoch).Ticks / TimeSpan.TicksPerMicrosecond
            && microseconds <= (DateTime.MaxValue - epoch).Ticks / TimeSpan.TicksPerMicrosecond;
        time = isKnown ? new DateTimeOffset(epoch.AddTicks(microseconds * TimeSpan.TicksPerMicrosecond)) : default;
        return isKnown;
    }

    /// <summary>It stands behind whatever else the record lists.</summary>
    private static uint PreparedXid(in WalRecord record, ReadOnlySpan<byte> main, WalMomentKind kind)
    {
        if ((record.Header.Info & HasInfo) == 0 || main.Length < TimeLength + sizeof(uint))
        {
            return 0;
        }

        var info = BinaryPrimitives.ReadUInt32LittleEndian(main[TimeLength..]);
        var position = (long)TimeLength + sizeof(uint) + ((info & HasDatabase) != 0 ? DatabaseLength : 0);
        Pass(main, ref position, info & HasSubtransactions, XidLength);
        Pass(main, ref position, info & HasRelations, RelationFileLocator.Length);
        Pass(main, ref position, record.Format.DroppedStatisticsLength > 0 ? info & HasDroppedStatistics : 0, record.Format.DroppedStatisticsLength);
        Pass(main, ref position, kind == WalMomentKind.CommitPrepared ? info & HasInvalidations : 0, InvalidationLength);
        return (info & HasTwoPhase) != 0 && position + XidLength <= main.Length ? BinaryPrimitives.ReadUInt32LittleEndian(main[(int)position..]) : 0;
    }

    /// <summary>A count, and as many items.</summary>
    private static void Pass(ReadOnlySpan<byte> main, ref long position, uint isThere, int itemLength)
    {
        if (isThere != 0)
        {
            var count = position + sizeof(uint) <= main.Length ? BinaryPrimitives.ReadUInt32LittleEndian(main[(int)position..]) : uint.MaxValue;
            position += sizeof(uint) + ((long)count * itemLength);
        }
    }
}
