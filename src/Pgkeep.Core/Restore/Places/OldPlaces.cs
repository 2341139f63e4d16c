using Pgkeep.Diagnostics;
using Pgkeep.Posix;
using Pgkeep.Postgres.Cluster;
using Pgkeep.Repository;

namespace Pgkeep.Restore.Places;

/// <summary>
/// The directories that a restore empties before it writes, and how. Beside the data directory and the tablespaces that is the directory to which <c>pg_wal</c> is a
/// link, and each directory of the data directory on which another file system is mounted.
/// </summary>
/// <param name="Places">The data directory first.</param>
/// <param name="WalLink">Null where <c>pg_wal</c> is an ordinary directory.</param>
/// <param name="Warnings">What the restored cluster will not have as the old one has it.</param>
internal sealed record OldPlaces(IReadOnlyList<PlannedPlace> Places, WalLink? WalLink, IReadOnlyList<string> Warnings)
{
    /// <summary>Where nothing has to be moved.</summary>
    public static OldPlaces None { get; } = new([], null, []);

    /// <summary>Reads only. Refuses what would fail after the server has been stopped.</summary>
    /// <param name="hasOld">Whether there is a cluster in the data directory.</param>
    /// <param name="tablespaces">Of the backup, where they will be.</param>
    public static OldPlaces Find(string dataDirectory, bool hasOld, BackupMetadata backup, IEnumerable<TablespacePlace> tablespaces, RepositoryLayout layout)
    {
        var mounts = FileSystem.MountPoints();
        var link = hasOld ? WalLink.Of(dataDirectory, dataDirectory) : null;
        link?.RequireUsable(dataDirectory, layout);
        var mounted = MountedIn(dataDirectory, mounts);
        var others = mounted
            .Concat(VersionDirectories(dataDirectory, hasOld, backup, tablespaces).Where(path => !FileSystem.IsInside(path, dataDirectory)))
            .Concat(link is null ? [] : [link.Target])
            .Select(path => Inspect(path, [], mounts));
        IReadOnlyList<PlannedPlace> places = [Inspect(dataDirectory, [.. mounted.Select(path => Path.GetFileName(path))], mounts), .. others];
        RequireApart(places);
        RequireUnmountedInside(places, mounts);
        return new OldPlaces(places, link, hasOld ? WarningsOf(dataDirectory) : []);
    }

    /// <summary>Those of a restore that was broken off: it is undone first, and then they are as they were.</summary>
    public static OldPlaces Of(RestoreJournal broken) => new(
        [.. broken.Places.Select(place => new PlannedPlace(place.Path, place.HadContent, place.IsEmptied, place.IsMountPoint, place.Stays))],
        WalLink.Of(Path.GetDirectoryName(broken.NowAt(Path.Combine(broken.DataDirectory, WalLink.Name)))!, broken.DataDirectory),
        []);

    /// <summary>Of a tablespace, for the backup's server.</summary>
    public static string VersionDirectory(BackupMetadata backup, string location) =>
        Path.Combine(FileSystem.Resolve(location), $"PG_{backup.Cluster.PostgresqlMajor}_{backup.Cluster.CatalogVersion}");

    /// <summary>Those of the old cluster too: what is replayed may create one in the same place, and would write into the old one's files.</summary>
    public static IEnumerable<string> VersionDirectories(string dataDirectory, bool hasOld, BackupMetadata backup, IEnumerable<TablespacePlace> tablespaces)
    {
        return tablespaces.Select(tablespace => tablespace.Location)
            .Concat(hasOld ? TablespaceLinks.Of(dataDirectory).Select(tablespace => tablespace.Location) : [])
            .Select(location => VersionDirectory(backup, location))
            .Distinct();
    }

    private static PlannedPlace Inspect(string path, IReadOnlyList<string> stays, IReadOnlySet<string> mounts)
    {
        var isMounted = mounts.Contains(path);
        var isEmptied = isMounted || stays.Count > 0 || (Directory.Exists(path) && !FileSystem.CanWrite(Path.GetDirectoryName(path)!));
        FileSystem.RequireWritable(isEmptied ? path : FileSystem.ExistingParent(path));
        return new PlannedPlace(path, RestoredPlace.HasEntries(path, stays), isEmptied, isMounted, stays.Count > 0 ? stays : null);
    }

    /// <summary>Directories of the data directory that are other file systems.</summary>
    private static IReadOnlyList<string> MountedIn(string dataDirectory, IReadOnlySet<string> mounts)
    {
        IReadOnlyList<string> mounted = [.. mounts.Where(mount => Path.GetDirectoryName(mount) == dataDirectory).Order(StringComparer.Ordinal)];
        return !mounted.Contains(Path.Combine(dataDirectory, "global")) ? mounted : throw new PgkeepException(
            ErrorKind.Configuration,
            $"\"{dataDirectory}/global\" is a mount point, and the control file in it cannot be moved with its directory",
            "nothing was changed; make it a directory of the data directory's own disk, or restore to another place with --pgdata");
    }

    private static void RequireApart(IReadOnlyList<PlannedPlace> places)
    {
        foreach (var place in places)
        {
            if (places.FirstOrDefault(other => other != place && FileSystem.IsInside(other.Path, place.Path) && place.Stays?.Contains(Path.GetFileName(other.Path)) != true) is { } inner)
            {
                throw new PgkeepException(
                    ErrorKind.Configuration,
                    $"\"{inner.Path}\" lies inside \"{place.Path}\", and a restore would have to move both",
                    "nothing was changed; give each a place of its own, or restore to another place with --pgdata");
            }
        }
    }

    /// <summary>What is mounted deeper would move along with a directory, and be mounted over the restored one at the next start of the machine.</summary>
    private static void RequireUnmountedInside(IReadOnlyList<PlannedPlace> places, IReadOnlySet<string> mounts)
    {
        foreach (var mount in mounts.Where(mount => !places.Any(place => place.Path == mount)))
        {
            if (places.FirstOrDefault(place => place.HadContent && FileSystem.IsInside(mount, place.Path)) is { } place)
            {
                throw new PgkeepException(
                    ErrorKind.Configuration,
                    $"\"{mount}\" is a mount point inside \"{place.Path}\", which a restore would have to move",
                    $"nothing was changed; move its content into \"{place.Path}\" and unmount it, or restore to another place with --pgdata");
            }
        }
    }

    private static IReadOnlyList<string> WarningsOf(string dataDirectory)
    {
        try
        {
            return
            [
                .. new DirectoryInfo(dataDirectory).EnumerateFileSystemInfos()
                    .Where(entry => entry.LinkTarget is not null && entry.Name != WalLink.Name)
                    .OrderBy(entry => entry.Name, StringComparer.Ordinal)
                    .Select(entry => $"\"{entry.Name}\" in the data directory is a link to \"{entry.LinkTarget}\", which no backup has: it is kept with the old data directory, and the restored one has it not"),
            ];
        }
        catch (Exception thrown) when (PosixError.IsInputOutput(thrown))
        {
            throw PosixError.From(thrown, "list", dataDirectory);
        }
    }
}
