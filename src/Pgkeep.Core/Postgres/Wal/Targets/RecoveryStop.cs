namespace Pgkeep.Postgres.Wal.Targets;

/// <summary>The record at which a recovery ends.</summary>
/// <param name="Record">Where it begins.</param>
/// <param name="End">Behind it: a recovery reads that far.</param>
/// <param name="IsReplayed">Whether the recovery ends behind it, not before.</param>
/// <param name="Moment">The record's; null where it has none.</param>
internal sealed record RecoveryStop(Lsn Record, Lsn End, bool IsReplayed, WalMoment? Moment);
