using Pgkeep.Diagnostics;
using Pgkeep.Posix;

namespace Pgkeep.Repository;

/// <summary>
/// Keeps a rotation from moving the archive while a file is being stored in it. Every archive-wal and receive-wal holds it together with the others; a rotation
/// holds it alone. Between the two a file could otherwise be checked against one cluster's marker and land in the other's archive.
/// </summary>
internal static class ArchiveLock
{
    public const string FileName = "archive.lock";

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20);

    /// <summary>Longer than storing one segment takes.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    /// <summary>
    /// Null where this account may not create it, as with the repository's own lock: archiving must go on, and a rotation by this account would not
    /// get far. Throws while a rotation is under way.
    /// </summary>
    public static FileLock? Share(RepositoryLayout layout)
    {
        try
        {
            return FileStatus.OfTarget(layout.BackupDirectory) is null
                ? null
                : FileLock.TryShare(PathIn(layout)) ?? throw new PgkeepException(
                    ErrorKind.RepositoryLocked,
                    $"the repository \"{layout.BackupDirectory}\" is being rotated",
                    "nothing was stored; the server keeps its file and tries again");
        }
        catch (PgkeepException failure) when (FileLock.IsImpossible(failure))
        {
            return null;
        }
    }

    /// <summary>Waits until no archive-wal works any more.</summary>
    public static async Task<FileLock> TakeAloneAsync(RepositoryLayout layout, TimeProvider time, CancellationToken cancellationToken)
    {
        var path = PathIn(layout);
        for (var began = time.GetTimestamp(); time.GetElapsedTime(began) < Patience; await Task.Delay(Pause, time, cancellationToken))
        {
            if (FileLock.TryTake(path) is { } taken)
            {
                return taken;
            }
        }

        throw new PgkeepException(
            ErrorKind.RepositoryLocked, $"an archive-wal or receive-wal has been working in \"{layout.WalDirectory}\" for {Patience.TotalSeconds:0} s", "stop receive-wal for the rotation", $"otherwise see which process has \"{path}\" open: fuser -v \"{path}\"");
    }

    private static string PathIn(RepositoryLayout layout)
    {
        RepositoryLock.EnsureStateDirectory(layout);
        return Path.Combine(layout.StateDirectory, FileName);
    }
}
