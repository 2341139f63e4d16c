namespace Pgkeep.Postgres.Server;

/// <summary>A physical replication slot as the server tells of it.</summary>
/// <param name="RestartLsn">The oldest WAL that the server keeps for it, which is what its receiver has acknowledged last; null where it keeps none.</param>
/// <param name="WalStatus"><c>pg_replication_slots.wal_status</c>; null where nobody told.</param>
internal sealed record SlotState(Lsn? RestartLsn, string? WalStatus);
