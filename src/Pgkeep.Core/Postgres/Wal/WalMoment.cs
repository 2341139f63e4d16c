using System.Buffers.Binary;
using Pgkeep.Postgres.Wal.Changes;

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
// PostgreSQL src/backend/access/transam/xlogrecovery.c, getRecordTimestamp; src/include/access/xlog_internal.h, xl_restore_point
internal readonly record struct WalMoment(WalMomentKind Kind, Lsn Start, Lsn End, uint Xid, DateTimeOffset Time)
{
    /// <summary>2000-01-01 in ticks.</summary>
    private const long Epoch = 630_822_816_000_000_000;

    /// <summary>Of the time, which every such record begins with.</summary>
    public const int TimeLength = 8;

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
        if (!TryGetKind(record.Header, out var kind) || !body.TryDecode(record, out _))
        {
            return false;
        }

        if (kind == WalMomentKind.RestorePoint)
        {
            var isRead = TryReadTime(body.MainData(record), out var time);
            moment = isRead ? new WalMoment(kind, record.Start, record.End, record.Header.Xid, time) : default;
            return isRead;
        }

        var isEnd = TransactionEnd.TryRead(record, body, out var end);
        moment = isEnd ? new WalMoment(kind, record.Start, record.End, end.Xid, end.Time) : default;
        return isEnd;
    }

    /// <summary>Microseconds since 2000-01-01 (src/include/datatype/timestamp.h).</summary>
    /// <returns>False where there is no time, or one that no clock shows.</returns>
    public static bool TryReadTime(ReadOnlySpan<byte> main, out DateTimeOffset time)
    {
        time = default;
        return main.Length >= TimeLength && TryGetTime(BinaryPrimitives.ReadInt64LittleEndian(main), out time);
    }

    public static bool TryGetTime(long microseconds, out DateTimeOffset time)
    {
        var isKnown = IsTime(microseconds);
        time = isKnown ? new DateTimeOffset(new DateTime(Epoch + (microseconds * TimeSpan.TicksPerMicrosecond), DateTimeKind.Utc)) : default;
        return isKnown;
    }

    public static bool IsTime(long microseconds) =>
        microseconds >= -Epoch / TimeSpan.TicksPerMicrosecond && microseconds <= (DateTime.MaxValue.Ticks - Epoch) / TimeSpan.TicksPerMicrosecond;
}
