using Pgkeep.Postgres;

namespace Pgkeep.Check;

/// <summary>A physical replication slot that stays when its session ends.</summary>
/// <param name="IsActive">Whether somebody receives through it now.</param>
/// <param name="RestartLsn">The oldest WAL that the server keeps for it; null where it keeps none.</param>
/// <param name="WalStatus"><c>pg_replication_slots.wal_status</c>.</param>
internal sealed record ReceiverSlot(string Name, bool IsActive, Lsn? RestartLsn, string? WalStatus);
