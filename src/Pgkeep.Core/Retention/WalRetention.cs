using Pgkeep.Postgres;
using Pgkeep.Repository;

namespace Pgkeep.Retention;

/// <summary>
/// Which files of the archive no kept backup needs. Recovery goes from a backup's first segment to higher positions, on whatever timelines, so
/// what lies below the first segment of every kept backup is of no use to any of them. A timeline that leads to none of them may belong to
/// a backup that is stored elsewhere, so its files stay for the retention's days all the same; histories stay for ever.
/// </summary>
internal static class WalRetention
{
    /// <param name="kept">Usable ones of the repository's own cluster.</param>
    /// <param name="ancestry">The timelines that lead to a kept backup, their own included.</param>
    /// <returns>In WAL order, the oldest first, so that an interrupted removal leaves no hole.</returns>
    public static IReadOnlyList<StoredWalFile> Unneeded(
        WalInventory inventory, IReadOnlyList<BackupMetadata> kept, IReadOnlySet<TimelineId> ancestry, WalSegmentSize size, DateTimeOffset windowStart)
    {
        if (kept.Count == 0)
        {
            return [];
        }

        var first = kept.Min(backup => backup.StartWal.Number(size));
        return
        [
            .. inventory.Files
                .Where(stored => stored.File.Segment is { } segment && segment.IsValidFor(size) && segment.Number(size) < first)
                .Where(stored => ancestry.Contains(stored.File.Timeline) || stored.Stored.Modified < windowStart)
                .OrderBy(stored => stored.File.Segment!.Value.Number(size)).ThenBy(stored => stored.File.Name, StringComparer.Ordinal),
        ];
    }
}
