using Pgkeep.Diagnostics;
using Pgkeep.Posix;
using Pgkeep.Storage;
using Pgkeep.Storage.Local;

namespace Pgkeep.Repository;

/// <summary>The archive, and every store that must carry the repository's marker: the archive's own first.</summary>
internal sealed record ArchiveStores(WalArchive Archive, IReadOnlyList<IStorage> Marked)
{
    /// <summary>For a command that only reads.</summary>
    public static ArchiveStores Of(RepositoryLayout layout)
    {
        if (!layout.IsArchiveApart)
        {
            var storage = new LocalStorage(layout.BackupDirectory);
            return new ArchiveStores(new WalArchive(storage, RepositoryLayout.WalFolderName), [storage]);
        }

        var apart = new LocalStorage(layout.WalDirectory);
        return new ArchiveStores(new WalArchive(apart, ""), [apart, new LocalStorage(layout.BackupDirectory)]);
    }

    /// <summary>
    /// For a command that stores. The archive's folder is created below a repository that is there; the repository itself never is, for a disk
    /// that is not mounted must not be mistaken for an empty one.
    /// </summary>
    public static ArchiveStores OfWritable(RepositoryLayout layout)
    {
        RequireDirectories(layout);
        if (!layout.IsArchiveApart && FileStatus.OfTarget(layout.WalDirectory) is null)
        {
            CreateArchiveFolder(layout);
        }

        return Of(layout);
    }

    /// <summary>Throws where a directory is missing that only a person may create.</summary>
    public static void RequireDirectories(RepositoryLayout layout)
    {
        RequireDirectory(layout.BackupDirectory, "BACKUP_DIR");
        if (layout.IsArchiveApart)
        {
            RequireDirectory(layout.WalDirectory, "WAL_ARCHIVE_DIR");
        }
    }

    private static void CreateArchiveFolder(RepositoryLayout layout)
    {
        try
        {
            Directory.CreateDirectory(layout.WalDirectory, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
        catch (Exception thrown) when (PosixError.IsInputOutput(thrown))
        {
            throw PosixError.From(thrown, "create the directory", layout.WalDirectory);
        }

        FileSystem.SyncDirectory(layout.BackupDirectory);
    }

    public static void RequireDirectory(string path, string option)
    {
        if (FileStatus.OfTarget(path) is not { Type: FileType.Directory })
        {
            throw new PgkeepException(
                ErrorKind.RepositoryMissing,
                $"the directory \"{path}\" ({option}) does not exist",
                $"create it for the server's account: sudo install -d -o postgres -g postgres -m 0700 \"{path}\"",
                "or, if it should be there, mount its disk");
        }
    }
}
