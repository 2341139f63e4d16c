using Pgkeep.Postgres;
using Pgkeep.Postgres.Wal;

namespace Pgkeep.Verify.Wal;

/// <summary>How far the records of a timeline, and of those it comes from, are sound and follow from each other.</summary>
/// <param name="From">The redo point of the oldest backup that leads there; without one, the first record there is.</param>
/// <param name="Backup">That backup's name; null without one.</param>
/// <param name="To">Behind the last of them.</param>
/// <param name="LastCommit">Among them; null where there is none.</param>
/// <param name="ReachesEnd">Whether that is the end of what is stored of the timeline; otherwise something is damaged or missing behind.</param>
internal sealed record TimelineRecords(TimelineId Timeline, Lsn From, string? Backup, Lsn To, long Count, WalMoment? LastCommit, bool ReachesEnd);
