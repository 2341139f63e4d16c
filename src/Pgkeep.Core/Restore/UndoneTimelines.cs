using Pgkeep.Diagnostics;
using Pgkeep.Posix;
using Pgkeep.Postgres;
using Pgkeep.Postgres.Cluster;
using Pgkeep.Repository;
using Pgkeep.Restore.Places;

namespace Pgkeep.Restore;

/// <summary>The restored cluster of an undone restore has archived its timeline; without this it would pass for the latest one.</summary>
internal static class UndoneTimelines
{
    /// <param name="dataDirectory">Beside it lie the restores that were undone.</param>
    /// <param name="old">Of the cluster that is there; null where there is none.</param>
    public static HashSet<TimelineId> Of(string dataDirectory, ControlFile? old, SystemIdentifier cluster) =>
    [
        .. JournalFiles.UndoneOf(dataDirectory)
            .Select(undone => undone.Control)
            .Where(control => control.SystemIdentifier == cluster)
            .Select(control => control.CheckPointTimeline)
            .Where(timeline => old is null || timeline > old.CheckPointTimeline),
    ];

    /// <summary>Those that a restore of the backup would pass over where its server lay; none where that is not to be seen from here.</summary>
    public static IReadOnlySet<TimelineId> Of(BackupMetadata backup)
    {
        if (backup.Cluster.DataDirectory is not { Length: > 0 } known)
        {
            return new HashSet<TimelineId>();
        }

        try
        {
            var dataDirectory = FileSystem.Resolve(known);
            var old = RestoreJournal.FindBrokenOff(dataDirectory)?.OldDataDirectoryNow ?? dataDirectory;
            return Of(dataDirectory, ControlFileReader.TryRead(old), backup.Cluster.SystemIdentifier);
        }
        catch (PgkeepException)
        {
            return new HashSet<TimelineId>();
        }
    }
}
