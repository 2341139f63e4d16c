using Pgkeep.Diagnostics;
using Pgkeep.Postgres;
using Pgkeep.Postgres.Wal;
using Pgkeep.Postgres.Wal.Targets;
using Pgkeep.Repository;

namespace Pgkeep.Restore;

/// <summary>Where the recovery of a restore ends, as the records say that it replays.</summary>
/// <param name="Target">As it was asked for.</param>
/// <param name="WalEnd">Behind the last record that could be read; null where none was.</param>
internal sealed record RecoveryEnd(RecoveryTarget Target, Lsn? WalEnd)
{
    /// <summary>Null for the latest, for the backup's own end, and where no record is at the target or behind it.</summary>
    public RecoveryStop? Stop { get; init; }

    /// <summary>Up to where WAL is needed; null for all there is.</summary>
    public Lsn? NeededUntil { get; init; }

    /// <summary>The last few commits that will be in, oldest first.</summary>
    public IReadOnlyList<WalMoment> LastIn { get; init; } = [];

    /// <summary>The first few that will not, oldest first.</summary>
    public IReadOnlyList<WalMoment> FirstOut { get; init; } = [];

    /// <summary>The last that a restore to the latest reaches; null where it is not known, or where nothing was committed since the backup.</summary>
    public WalMoment? LastCommit { get; init; }

    /// <summary>The end of the transaction that the one which is the target is a part of; null where it is none, or has an end of its own.</summary>
    public WalMoment? Parent { get; init; }

    /// <summary>Later restore points of the same name.</summary>
    public IReadOnlyList<WalMoment> Repeats { get; init; } = [];

    /// <summary>Why the records could not be read to their end; null where they could.</summary>
    public string? Problem { get; init; }

    /// <summary>
    /// Whether the target is a moment behind the last transaction: a recovery to it ends with FATAL (docs/postgres.md), and one to the latest gives all that was
    /// committed by then, as far as the WAL is there.
    /// </summary>
    public bool IsBehindAll => Target.Kind == RecoveryTargetKind.Time && Stop is null;

    /// <summary>The same end by a position, so that no WAL counts which is archived meanwhile; null where it does.</summary>
    public RecoveryTarget? Pinned { get; init; }

    /// <summary>What the server is told.</summary>
    public RecoveryTarget Told => Pinned ?? (IsBehindAll ? RecoveryTarget.Latest : Target);

    /// <summary>Throws where the recovery would end with a failure, or with another state than the one that was asked for.</summary>
    public void RequireReached(BackupMetadata backup)
    {
        if (Target.Kind is RecoveryTargetKind.Latest or RecoveryTargetKind.Immediate)
        {
            return;
        }

        if (Stop is not { } stop)
        {
            _ = IsBehindAll ? true : throw NotThere(backup);
            return;
        }

        if (stop.IsOfOtherEpoch(Target))
        {
            throw OtherEpoch(stop);
        }

        if (stop.Record < backup.StopLsn)
        {
            throw new PgkeepException(
                ErrorKind.TargetUnreachable,
                $"the target, {Target}, is at {stop.Record}, between the start and the end of {backup.Name}: its files are consistent from {backup.StopLsn} on only",
                "an earlier backup leads there: leave the backup out, and the newest that fits is taken",
                "the first moment that this one leads to is its own end: --target-immediate");
        }

        if (Target.Kind == RecoveryTargetKind.Xid && stop.Moment is { IsCommit: false } aborted)
        {
            throw new PgkeepException(
                ErrorKind.TargetUnreachable,
                $"{Target} never committed: it was aborted at {Show(aborted.Time)}, at {aborted.Start}",
                $"nothing of it was ever to be seen; to go to that place nevertheless: --target-lsn {aborted.Start}");
        }
    }

    /// <summary>The server would stop there nevertheless: it knows 32 bits.</summary>
    private PgkeepException OtherEpoch(RecoveryStop stop) => new(
        ErrorKind.TargetUnreachable,
        $"{Target} is not in this WAL: what ended at {stop.Record}{(stop.Moment is { } moment ? $", {Show(moment.Time)}," : "")} is transaction {stop.FullXid}, whose number is the same but for its epoch, {stop.FullXid?.Epoch}",
        "nothing was changed",
        $"if that one is meant: --target-xid {stop.FullXid}");

    private PgkeepException PartOf(WalMoment parent) => new(
        ErrorKind.TargetUnreachable,
        $"{Target} has no end of its own: it is a part of transaction {parent.Xid}, a subtransaction, which {(parent.IsCommit ? "committed" : "was aborted")} with it at {Show(parent.Time)}, at {parent.Start}",
        "nothing was changed",
        $"to go to the end of that one: --target-xid {parent.Xid}");

    public PgkeepException NotThere(BackupMetadata backup)
    {
        if (Parent is { } parent)
        {
            return PartOf(parent);
        }

        var end = WalEnd is { } known ? $", which ends at {known}" : "";
        return new PgkeepException(
            ErrorKind.TargetUnreachable,
            Target.Kind switch
            {
                RecoveryTargetKind.Xid => $"{Target} never committed in the WAL behind {backup.Name}{end}: there is no record of its end",
                RecoveryTargetKind.Name => $"there is no {Target} in the WAL behind {backup.Name}{end}",
                _ => $"the target, {Target}, lies behind the last record of the WAL{end}",
            },
            Problem is null ? "nothing was changed" : $"nothing was changed; reading ended early: {Problem}",
            Target.Kind switch
            {
                RecoveryTargetKind.Xid => "a subtransaction has no end of its own: name the transaction that it belongs to",
                RecoveryTargetKind.Name => "a name is case-sensitive; pgkeep restore-point makes one and waits until it is archived",
                _ => "leave the target out to restore everything there is",
            });
    }

    private static string Show(DateTimeOffset moment) => $"{moment.ToLocalTime():yyyy-MM-dd HH:mm:ss.FFFFFF zzz}";
}
