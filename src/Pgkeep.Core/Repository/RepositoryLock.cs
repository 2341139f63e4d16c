using Pgkeep.Diagnostics;
using Pgkeep.Posix;

namespace Pgkeep.Repository;

/// <summary>One command at a time changes the backups of a repository. Archiving and reading need no lock.</summary>
internal sealed class RepositoryLock : IDisposable
{
    public const string FileName = "lock";

    private readonly FileLock _lock;

    private RepositoryLock(FileLock taken) => _lock = taken;

    public static RepositoryLock Take(RepositoryLayout layout)
    {
        EnsureStateDirectory(layout);
        var path = Path.Combine(layout.StateDirectory, FileName);
        var taken = FileLock.TryTake(path)
            ?? throw new PgkeepException(
                ErrorKind.RepositoryLocked,
                $"another pgkeep is changing the repository \"{layout.BackupDirectory}\"",
                $"wait for it, or see which process has \"{path}\" open: fuser -v \"{path}\"");
        return new RepositoryLock(taken);
    }

    /// <summary>
    /// For a command that only must not be disturbed. Null where this account cannot take it: root does not create files in somebody else's
    /// repository, and one that is mounted read-only can be restored from. Throws where another command works in the repository.
    /// </summary>
    public static RepositoryLock? TakeIfAllowed(RepositoryLayout layout)
    {
        if (Account.IsRoot && FileStatus.OfTarget(Path.Combine(layout.StateDirectory, FileName)) is null)
        {
            return null;
        }

        try
        {
            return Take(layout);
        }
        catch (PgkeepException failure) when (FileLock.IsImpossible(failure))
        {
            return null;
        }
    }

    public void Dispose() => _lock.Dispose();

    public static void EnsureStateDirectory(RepositoryLayout layout)
    {
        if (FileStatus.OfTarget(layout.StateDirectory) is null)
        {
            // Never the repository itself: a disk that is not mounted must not be mistaken for an empty one.
            ArchiveStores.RequireDirectory(layout.BackupDirectory, "BACKUP_DIR");
            CreateStateDirectory(layout.StateDirectory);
        }
    }

    private static void CreateStateDirectory(string path)
    {
        try
        {
            Directory.CreateDirectory(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
        catch (Exception thrown) when (PosixError.IsInputOutput(thrown))
        {
            throw PosixError.From(thrown, "create", path);
        }
    }
}
