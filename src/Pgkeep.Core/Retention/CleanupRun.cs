using Pgkeep.Diagnostics;
using Pgkeep.Postgres;
using Pgkeep.Repository;

namespace Pgkeep.Retention;

/// <summary>
/// Removes what the retention no longer needs: first the backups, then the WAL that only they needed, so that at no moment a backup is listed
/// whose WAL is gone.
/// </summary>
internal sealed class CleanupRun
{
    private readonly RepositoryLayout _layout;
    private readonly OperationLog _log;
    private readonly TimeProvider _time;

    public CleanupRun(RepositoryLayout layout, OperationLog log, TimeProvider time)
    {
        _layout = layout;
        _log = log;
        _time = time;
    }

    public async Task<CleanupPlan> RunAsync(int days, CancellationToken cancellationToken)
    {
        using var taken = RepositoryLock.Take(_layout);
        using var alone = ReadingLock.TakeAlone(_layout);
        var stores = ArchiveStores.Of(_layout);
        var plan = await new CleanupPlanner(_layout, stores, days, _time).MakeAsync(cancellationToken);
        BackupRemoval.RemoveLeftovers(_layout);
        if (plan.LatestIs is { } latest)
        {
            LatestLink.PointTo(_layout, latest);
            _log.Write($"latest leads to {latest}");
        }

        foreach (var decision in plan.Removed)
        {
            cancellationToken.ThrowIfCancellationRequested();
            BackupRemoval.Remove(_layout, decision.Backup.Name);
            _log.Write($"Removed {decision.Backup.Name} ({decision.Reason})");
        }

        await RemoveWalAsync(plan, stores, cancellationToken);
        return plan;
    }

    private async Task RemoveWalAsync(CleanupPlan plan, ArchiveStores stores, CancellationToken cancellationToken)
    {
        if (plan.Wal.Count == 0)
        {
            return;
        }

        var indexes = WalIndexStore.Of(_layout, stores.Archive);
        foreach (var file in plan.Wal)
        {
            cancellationToken.ThrowIfCancellationRequested();
            // Its index first: nobody would look for the index of a segment that is gone.
            if (file.File is { Kind: WalFileKind.Segment, Segment: { } segment })
            {
                await indexes.DeleteAsync(segment, cancellationToken);
            }

            await stores.Archive.DeleteAsync(file.Stored.Name, cancellationToken);
        }

        // One line: the runbook looks at the last 100 of this log, and they must not all be these.
        _log.Write(
            $"Removed {plan.Wal.Count} WAL files, {plan.Wal[0].File.Name} to {plan.Wal[^1].File.Name} ({SizeText.Short(plan.WalBytes)}): no backup needs WAL before {plan.FirstNeeded}");
    }
}
