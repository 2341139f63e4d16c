using Pgkeep.Postgres;
using Pgkeep.Repository;

namespace Pgkeep.Retention;

/// <summary>What a cleanup would do, all of it decided before anything is touched.</summary>
/// <param name="Wal">The files of the archive to remove, the oldest first.</param>
/// <param name="FirstNeeded">The first segment that a kept backup needs; null where there is no usable backup.</param>
/// <param name="LatestIs">What <c>latest</c> must lead to before the removal; null where it is right.</param>
internal sealed record CleanupPlan(
    IReadOnlyList<RetentionDecision> Backups, IReadOnlyList<StoredWalFile> Wal, WalSegmentName? FirstNeeded, BackupName? LatestIs)
{
    public IEnumerable<RetentionDecision> Removed => Backups.Where(decision => !decision.IsKept);

    public long WalBytes => Wal.Sum(file => file.Stored.Size);
}
