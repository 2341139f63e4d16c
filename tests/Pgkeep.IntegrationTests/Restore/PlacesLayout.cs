namespace Pgkeep.IntegrationTests.Restore;

/// <summary>Where the parts of a cluster lie.</summary>
[Flags]
public enum PlacesLayout
{
    /// <summary>Directories, all on one disk.</summary>
    None = 0,

    /// <summary>The data directory is a mount point, with a <c>lost+found</c> of root's.</summary>
    MountedData = 1,

    /// <summary>So is the tablespace's version directory.</summary>
    MountedTablespace = 2,

    /// <summary><c>pg_wal</c> is a link to a directory elsewhere.</summary>
    LinkedWal = 4,

    /// <summary>The directory of the WAL, wherever it is, is a mount point.</summary>
    MountedWal = 8,

    All = MountedData | MountedTablespace | LinkedWal | MountedWal,
}
