using Pgkeep.Diagnostics;
using Pgkeep.Posix;

namespace Pgkeep.Repository;

/// <summary>
/// Keeps a cleanup from removing what a copy or a drill still needs. Every one of them holds it together with the others until its replay is over, and backups go on meanwhile; a cleanup and a
/// rotation hold it alone. A restore holds the repository's own lock that long.
/// </summary>
internal static class ReadingLock
{
    public const string FileName = "reading.lock";

    /// <summary>Null where this account cannot take it, as with <see cref="RepositoryLock.TakeIfAllowed"/>. Throws while something is being removed.</summary>
    public static FileLock? Share(RepositoryLayout layout)
    {
        var path = Path.Combine(layout.StateDirectory, FileName);
        if (FileStatus.OfTarget(layout.StateDirectory) is null || (Account.IsRoot && FileStatus.OfTarget(path) is null))
        {
            return null;
        }

        try
        {
            return FileLock.TryShare(path) ?? throw new PgkeepException(
                ErrorKind.RepositoryLocked, $"another pgkeep is removing old backups from the repository \"{layout.BackupDirectory}\"", "wait for it, and run this again");
        }
        catch (PgkeepException failure) when (FileLock.IsImpossible(failure))
        {
            return null;
        }
    }

    public static FileLock TakeAlone(RepositoryLayout layout)
    {
        RepositoryLock.EnsureStateDirectory(layout);
        var path = Path.Combine(layout.StateDirectory, FileName);
        return FileLock.TryTake(path) ?? throw new PgkeepException(
            ErrorKind.RepositoryLocked,
            $"a copy or a drill is being made from the repository \"{layout.BackupDirectory}\", and may still need what would be removed",
            $"nothing was changed; run this again when it is over, or see which process has \"{path}\" open: fuser -v \"{path}\"");
    }
}
