using Pgkeep.Posix;
using Pgkeep.Storage.Local;

namespace Pgkeep.Repository;

/// <summary>Numbers about what a repository holds.</summary>
/// <param name="Backups">Usable ones, oldest first.</param>
internal sealed record RepositoryStatistics(
    IReadOnlyList<BackupMetadata> Backups, int Unusable, WalInventory Wal, VolumeSpace Volume, VolumeSpace? WalVolume, Growth? Growth)
{
    public long BackupBytes => Backups.Sum(backup => backup.Sizes.StoredBytes);

    public long WalBytes => Wal.Files.Sum(file => file.Stored.Size);

    public static async Task<RepositoryStatistics> GatherAsync(RepositoryLayout layout, TimeProvider time, CancellationToken cancellationToken)
    {
        var storage = new LocalStorage(layout.BackupDirectory);
        await RepositoryMarker.RequireAsync(storage, cancellationToken);
        var all = await new BackupCatalogue(storage, layout).ListAsync(cancellationToken);
        var usable = all.Where(backup => backup.IsUsable).Select(backup => backup.Metadata!).ToList();
        var wal = await ArchiveStores.Of(layout).Archive.ListAsync(cancellationToken);
        return new RepositoryStatistics(
            usable,
            all.Count - usable.Count,
            wal,
            VolumeSpace.Of(layout.BackupDirectory),
            layout.IsArchiveApart ? VolumeSpace.Of(layout.WalDirectory) : null,
            Growth.Of(usable, wal, time.GetUtcNow()));
    }
}
