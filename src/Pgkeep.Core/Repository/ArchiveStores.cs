using System.Text;
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
        RequireKnownArchive(layout);
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

    /// <summary>
    /// Notes that the archive lies here now, so that a later call that finds nothing in this place does not begin a new one: the disk is not mounted, or somebody
    /// moved the archive away.
    /// </summary>
    public static void NoteArchive(RepositoryLayout layout)
    {
        var note = NoteIn(layout);
        if (FileStatus.Of(note) is not null)
        {
            return;
        }

        try
        {
            RepositoryLock.EnsureStateDirectory(layout);
            DurableFile.Replace(note, Encoding.UTF8.GetBytes(layout.WalDirectory + "\n"));
        }
        catch (PgkeepException)
        {
            // Archiving must go on; the next call tries again.
        }
    }

    private static void RequireKnownArchive(RepositoryLayout layout)
    {
        if (FileStatus.Of(NoteIn(layout)) is not null && IsEmpty(layout.WalDirectory))
        {
            throw new PgkeepException(
                ErrorKind.RepositoryMissing,
                $"there was an archive in \"{layout.WalDirectory}\", and nothing is there now",
                "mount its disk, or bring it back from where it was moved",
                $"to begin a new one on purpose: rm \"{NoteIn(layout)}\", and take a backup at once, for the old ones lead no further");
        }
    }

    private static bool IsEmpty(string directory)
    {
        try
        {
            return FileStatus.OfTarget(directory) is null || !Directory.EnumerateFileSystemEntries(directory).Any();
        }
        catch (Exception thrown) when (PosixError.IsInputOutput(thrown))
        {
            throw PosixError.From(thrown, "list", directory);
        }
    }

    private static string NoteIn(RepositoryLayout layout) => Path.Combine(layout.StateDirectory, "archive");

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
