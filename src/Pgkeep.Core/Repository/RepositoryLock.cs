using Pgkeep.Diagnostics;
using Pgkeep.Posix;

namespace Pgkeep.Repository;

/// <summary>One command at a time changes the backups of a repository. Archiving and reading need no lock.</summary>
internal sealed class RepositoryLock : IDisposable
{
    private readonly FileLock _lock;

    private RepositoryLock(FileLock taken) => _lock = taken;

    public static RepositoryLock Take(RepositoryLayout layout)
    {
        if (FileStatus.OfTarget(layout.StateDirectory) is null)
        {
            CreateStateDirectory(layout.StateDirectory);
        }

        var path = Path.Combine(layout.StateDirectory, "lock");
        var taken = FileLock.TryTake(path)
            ?? throw new PgkeepException(
                ErrorKind.RepositoryLocked,
                $"another pgkeep is changing the repository \"{layout.BackupDirectory}\"",
                $"wait for it, or see which process has \"{path}\" open: fuser -v \"{path}\"");
        return new RepositoryLock(taken);
    }

    public void Dispose() => _lock.Dispose();

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
