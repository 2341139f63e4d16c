using Pgkeep.Posix;
using Pgkeep.Postgres;
using Pgkeep.Postgres.Cluster;
using Pgkeep.Repository;

namespace Pgkeep.Archive;

/// <summary>The cluster whose data directory is the working directory, as it is for the server's own commands.</summary>
internal static class WorkingDirectoryIdentity
{
    /// <summary>Null where this is not a data directory.</summary>
    public static RepositoryIdentity? Read()
    {
        const string path = "global/pg_control";
        if (FileStatus.OfTarget(path) is null)
        {
            return null;
        }

        var control = ControlFileReader.Read(".");
        return PostgresVersion.TryGetByControlFile(control.ControlFileVersion, control.CatalogVersion, out var version)
            ? new RepositoryIdentity(control.SystemIdentifier, version.Major, control.WalSegmentSize)
            : null;
    }
}
