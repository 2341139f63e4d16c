namespace Pgkeep.Repository;

/// <summary>What is stored anew per day, before anything is removed.</summary>
/// <param name="Days">That were looked at.</param>
internal sealed record Growth(double Days, long BackupBytesPerDay, long WalBytesPerDay)
{
    private const int LongestDays = 7;

    public long BytesPerDay => BackupBytesPerDay + WalBytesPerDay;

    /// <summary>Over the last week, or since the first file; null before the first day is over, when any number would mislead.</summary>
    public static Growth? Of(IReadOnlyList<BackupMetadata> backups, WalInventory wal, DateTimeOffset now)
    {
        var since = now.AddDays(-LongestDays);
        var oldest = backups.Select(backup => backup.Stopped).Concat(wal.Files.Select(file => file.Stored.Modified)).Append(now).Min();
        var days = (now - (oldest > since ? oldest : since)).TotalDays;
        return days < 1
            ? null
            : new Growth(
                days,
                (long)(backups.Where(backup => backup.Stopped >= since).Sum(backup => backup.Sizes.StoredBytes) / days),
                (long)(wal.Files.Where(file => file.Stored.Modified >= since).Sum(file => file.Stored.Size) / days));
    }
}
