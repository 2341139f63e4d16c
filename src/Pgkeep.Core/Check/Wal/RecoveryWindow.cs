using Pgkeep.Postgres;
using Pgkeep.Postgres.Wal;
using Pgkeep.Repository;

namespace Pgkeep.Check.Wal;

/// <summary>
/// Every commit between two times can be restored, from a backup along a timeline's history. No more is promised of its end: the server writes on after
/// its last commit, and a recovery with a target behind that finds nothing to stop at and fails (xlogrecovery.c, "recovery ended before configured
/// recovery target was reached").
/// </summary>
/// <param name="From">The backup's end, or when the timeline began.</param>
/// <param name="To">When the server wrote the last segment that is reached without a hole; on a timeline that was left, when the next one began, if that was earlier.</param>
/// <param name="Last">That segment; null where the backup's own WAL is all there is.</param>
/// <param name="Missing">The first segment that is missing behind it though later ones are stored; null where there is no hole.</param>
internal sealed record RecoveryWindow(BackupMetadata Backup, TimelineId Timeline, DateTimeOffset From, DateTimeOffset To, WalSegmentName? Last, WalSegmentName? Missing)
{
    /// <summary>The timeline that takes over at its end; null where it ends with what is stored.</summary>
    public TimelineId? Next { get; init; }

    /// <summary>Of those commits; null where there is none, and where it is not known.</summary>
    public WalMoment? LastCommit { get; init; }

    /// <summary>False where so much WAL has no commit that nobody looked further back, or where it cannot be read.</summary>
    public bool IsLastCommitKnown { get; init; }

    /// <summary>Why its end cannot be read; null where it can.</summary>
    public string? Problem { get; init; }
}
