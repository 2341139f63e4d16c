using Pgkeep.Diagnostics;
using Pgkeep.Posix;
using Pgkeep.Postgres.Cluster;
using Pgkeep.Repository;

namespace Pgkeep.Archive;

/// <summary>The cluster whose data directory is the working directory, as it is for the server's own commands.</summary>
internal static class WorkingDirectory
{
    /// <summary>An archive inside the data directory would fill it, be part of every backup, and be moved away by a restore.</summary>
    public static void RequireApart(RepositoryLayout layout)
    {
        if (FileStatus.OfTarget(ControlFileReader.RelativePath) is not null && layout.OverlapWith(Environment.CurrentDirectory) is { } own)
        {
            throw new PgkeepException(
                ErrorKind.Configuration,
                $"the repository's \"{own}\" and the data directory \"{Environment.CurrentDirectory}\" lie one inside the other",
                "set BACKUP_DIR and WAL_ARCHIVE_DIR to places of their own, best on another disk");
        }
    }

    /// <summary>Null where this is not a data directory.</summary>
    public static RepositoryIdentity? ReadIdentity() =>
        FileStatus.OfTarget(ControlFileReader.RelativePath) is null ? null : RepositoryIdentity.TryOf(ControlFileReader.Read("."));
}
