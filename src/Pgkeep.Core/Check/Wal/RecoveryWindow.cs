using Pgkeep.Postgres;
using Pgkeep.Repository;

namespace Pgkeep.Check.Wal;

/// <summary>Every moment from one time to the other can be restored, from a backup along a timeline's history.</summary>
/// <param name="From">The backup's end, or when the timeline began.</param>
/// <param name="To">When the server wrote the last segment that is reached without a hole; on a timeline that was left, until the next one began.</param>
/// <param name="Last">That segment; null where the backup's own WAL is all there is.</param>
/// <param name="Missing">The first segment that is missing behind it though later ones are stored; null where there is no hole.</param>
internal sealed record RecoveryWindow(BackupMetadata Backup, TimelineId Timeline, DateTimeOffset From, DateTimeOffset To, WalSegmentName? Last, WalSegmentName? Missing);
