using System.Globalization;

namespace Pgkeep.Postgres.Wal.Targets;

/// <summary>
/// Where a recovery shall end: PostgreSQL's kinds of target, and with <see cref="StopAt"/> its own test of a record, so that reading the WAL tells beforehand where
/// the server will stop.
/// </summary>
// PostgreSQL src/backend/access/transam/xlogrecovery.c, recoveryStopsBefore, recoveryStopsAfter; the same in 13 to 18
internal sealed record RecoveryTarget
{
    private RecoveryTarget(RecoveryTargetKind kind) => Kind = kind;

    /// <summary>All the WAL there is.</summary>
    public static RecoveryTarget Latest { get; } = new(RecoveryTargetKind.Latest);

    /// <summary>The end of the backup, where the cluster is consistent first.</summary>
    public static RecoveryTarget Immediate { get; } = new(RecoveryTargetKind.Immediate);

    public RecoveryTargetKind Kind { get; }

    /// <summary>Null in another kind, as the others.</summary>
    public DateTimeOffset? Time { get; private init; }

    public uint? Xid { get; private init; }

    /// <summary>The same with its epoch, of which the WAL's records and the server's setting know nothing; null where it was not given.</summary>
    public FullTransactionId? FullXid { get; private init; }

    /// <summary>Where the record begins, or the first behind it.</summary>
    public Lsn? Position { get; private init; }

    /// <summary>Of a restore point.</summary>
    public string? Name { get; private init; }

    /// <summary>Whether what lies at the target is left out. A restore point is always replayed.</summary>
    public bool IsExclusive { get; private init; }

    /// <summary>The server's setting for it; null for the latest, which has none.</summary>
    public (string Name, string Value)? Setting => Kind switch
    {
        RecoveryTargetKind.Immediate => ("recovery_target", "immediate"),
        RecoveryTargetKind.Time => ("recovery_target_time", Time!.Value.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss.ffffff+00", CultureInfo.InvariantCulture)),
        RecoveryTargetKind.Xid => ("recovery_target_xid", Xid!.Value.ToString(CultureInfo.InvariantCulture)),
        RecoveryTargetKind.Lsn => ("recovery_target_lsn", Position!.Value.ToString()),
        RecoveryTargetKind.Name => ("recovery_target_name", Name!),
        _ => null,
    };

    /// <summary>Before the first end of a transaction that is later; where the time itself is excluded, before the first that is not earlier.</summary>
    public static RecoveryTarget OfTime(DateTimeOffset time, bool isExclusive = false) => new(RecoveryTargetKind.Time) { Time = time, IsExclusive = isExclusive };

    /// <summary>Behind the end of a transaction, or before it.</summary>
    public static RecoveryTarget OfXid(uint xid, bool isExclusive = false) => new(RecoveryTargetKind.Xid) { Xid = xid, IsExclusive = isExclusive };

    /// <inheritdoc cref="OfXid(uint, bool)"/>
    public static RecoveryTarget OfXid(FullTransactionId xid, bool isExclusive = false) => new(RecoveryTargetKind.Xid) { Xid = xid.Xid, FullXid = xid, IsExclusive = isExclusive };

    /// <summary>Behind the first record that begins at a position or later, or before it.</summary>
    public static RecoveryTarget OfLsn(Lsn position, bool isExclusive = false) => new(RecoveryTargetKind.Lsn) { Position = position, IsExclusive = isExclusive };

    /// <summary>Behind the first restore point of the name.</summary>
    public static RecoveryTarget OfName(string name) => new(RecoveryTargetKind.Name) { Name = name };

    /// <summary>Null where a recovery goes on behind the record; immediate depends on more than a record, and never stops here.</summary>
    /// <param name="moment">The record's own; null where it has none.</param>
    /// <param name="body">To decode the record with.</param>
    public RecoveryStop? StopAt(in WalRecord record, WalMoment? moment, WalRecordBody body)
    {
        // Whatever ends a transaction can be stopped at, an abort too; a restore point's time is none of theirs.
        var end = moment is { Kind: not WalMomentKind.RestorePoint } ? moment : null;
        var stops = Kind switch
        {
            RecoveryTargetKind.Time => end is { } ended && (IsExclusive ? ended.Time >= Time : ended.Time > Time),
            RecoveryTargetKind.Xid => end?.Xid == Xid,
            RecoveryTargetKind.Lsn => record.Start >= Position,
            RecoveryTargetKind.Name => WalRestorePoint.TryReadName(record, body, out var name) && name == Name,
            _ => false,
        };
        return stops ? new RecoveryStop(record.Start, record.End, Kind != RecoveryTargetKind.Time && !IsExclusive, moment) : null;
    }

    /// <summary>As it stands in a sentence.</summary>
    public override string ToString() => Kind switch
    {
        RecoveryTargetKind.Immediate => "the end of the backup",
        RecoveryTargetKind.Time => Time!.Value.ToLocalTime().ToString("yyyy-MM-dd HH:mm:ss.FFFFFF zzz", CultureInfo.InvariantCulture),
        RecoveryTargetKind.Xid => FullXid is { } full ? $"transaction {full}" : $"transaction {Xid}",
        RecoveryTargetKind.Lsn => $"{Position}",
        RecoveryTargetKind.Name => $"restore point \"{Name}\"",
        _ => "the end of the WAL",
    };
}

internal enum RecoveryTargetKind
{
    Latest,
    Immediate,
    Time,
    Xid,
    Lsn,
    Name,
}
