using Pgkeep.Postgres;
using Pgkeep.Repository;

namespace Pgkeep.Restore;

/// <summary>The segments that a recovery goes through, one for each number.</summary>
/// <param name="Wal">All that lies outside the backup.</param>
/// <param name="Find">The segment that a recovery reads at a number; null where there is none.</param>
/// <param name="Last">Number of the last one that is reached without a hole.</param>
/// <param name="Until">Where the last one is left, whatever is in it behind that; null where all of it counts.</param>
internal sealed record RecoveryPath(RecoverableWal Wal, Func<ulong, WalSegmentName?> Find, ulong Last, Lsn? Until = null);
