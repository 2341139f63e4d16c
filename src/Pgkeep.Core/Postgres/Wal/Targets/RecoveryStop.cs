namespace Pgkeep.Postgres.Wal.Targets;

/// <summary>The record at which a recovery ends.</summary>
/// <param name="Record">Where it begins.</param>
/// <param name="End">Behind it: a recovery reads that far.</param>
/// <param name="IsReplayed">Whether the recovery ends behind it, not before.</param>
/// <param name="Moment">The record's; null where it has none.</param>
internal sealed record RecoveryStop(Lsn Record, Lsn End, bool IsReplayed, WalMoment? Moment)
{
    /// <summary>The number of the transaction that ends there, with its epoch; null where no checkpoint was read before that tells it, or where no transaction was asked for.</summary>
    public FullTransactionId? FullXid { get; init; }

    /// <summary>Whether this is another transaction than the one that was asked for: its number has begun anew in between.</summary>
    public bool IsOfOtherEpoch(RecoveryTarget target) => target.FullXid is { } asked && FullXid is { } found && asked != found;
}
