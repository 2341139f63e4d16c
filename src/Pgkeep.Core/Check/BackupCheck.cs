using Pgkeep.Repository;
using Pgkeep.Storage.Local;

namespace Pgkeep.Check;

/// <summary>How old the newest usable backup is.</summary>
internal static class BackupCheck
{
    private const string Part = "backup";

    public static async Task<CheckFinding> RunAsync(CheckSettings settings, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var limit = LengthOfTime.Of(settings.MaxBackupAge);
        var headline = $"No backup in last {limit}";
        var storage = new LocalStorage(settings.Layout.BackupDirectory);
        if (!Directory.Exists(settings.Layout.BackupDirectory) || await RepositoryMarker.ReadAsync(storage, cancellationToken) is not { } identity)
        {
            return new CheckFinding(Part, CheckState.Critical, headline, $"there is no repository in \"{settings.Layout.BackupDirectory}\"");
        }

        var backups = await new BackupCatalogue(storage, settings.Layout).ListAsync(cancellationToken);
        var unusable = backups.Count(backup => !backup.IsUsable);
        var also = unusable == 0 ? "" : $"; {unusable} unusable: pgkeep list tells why";
        var newest = backups.LastOrDefault(backup => backup.IsUsable && backup.Metadata.Cluster.SystemIdentifier == identity.SystemIdentifier);
        if (newest is null)
        {
            return new CheckFinding(Part, CheckState.Critical, headline, $"there is no usable backup{also}");
        }

        var age = now - newest.Metadata!.Stopped;
        age = age < TimeSpan.Zero ? TimeSpan.Zero : age;
        var isOld = age > settings.MaxBackupAge;
        var seconds = (long)settings.MaxBackupAge.TotalSeconds;
        return new CheckFinding(
            Part, isOld ? CheckState.Critical : CheckState.Ok, isOld ? headline : "", $"{newest.Name}, {LengthOfTime.Rough(age)} old (limit {limit}){also}")
        {
            Measure = $"backup_age={(long)age.TotalSeconds}s;{seconds};{seconds}",
        };
    }
}
