using Pgkeep.Posix;

namespace Pgkeep.Check;

/// <summary>How full the volumes are that backups and WAL lie on.</summary>
internal static class DiskCheck
{
    private const string Part = "disk";

    public static CheckFinding Run(CheckSettings settings)
    {
        var directory = settings.Layout.BackupDirectory;
        var volume = VolumeSpace.Of(directory);
        if (settings.Layout.IsArchiveApart && VolumeSpace.Of(settings.Layout.WalDirectory) is var apart && apart.UsedPercent > volume.UsedPercent)
        {
            (directory, volume) = (settings.Layout.WalDirectory, apart);
        }

        var isFull = volume.UsedPercent > settings.MaxDiskUsed;
        return new CheckFinding(
            Part,
            isFull ? CheckState.Critical : CheckState.Ok,
            isFull ? $"Backup volume {volume.UsedPercent}% full" : "",
            $"{volume.UsedPercent} % of {volume.Total / 1_000_000_000.0:0.#} GB used, {volume.Available / 1_000_000_000.0:0.#} GB free in \"{directory}\" (limit {settings.MaxDiskUsed} %)")
        {
            Measure = $"disk_used={volume.UsedPercent}%;;{settings.MaxDiskUsed}",
        };
    }
}
