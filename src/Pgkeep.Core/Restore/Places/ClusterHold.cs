using Pgkeep.Diagnostics;
using Pgkeep.Posix;

namespace Pgkeep.Restore.Places;

/// <summary>
/// One restore, rollback or forget at a time works on a cluster: what one of them writes, another would take away as left over. The lock is on the data directory itself, so it goes along
/// when that is moved aside, and nothing is left of it when its process is gone.
/// </summary>
internal sealed class ClusterHold : IDisposable
{
    private readonly string _dataDirectory;

    /// <summary>By device and inode: a second lock of this process on one directory would be refused as anybody's.</summary>
    private readonly Dictionary<(ulong Device, ulong Inode), FileLock> _held = [];

    private ClusterHold(string dataDirectory) => _dataDirectory = dataDirectory;

    /// <param name="dataDirectory">There or not.</param>
    /// <param name="journal">Of a restore that has moved it aside; null for none.</param>
    /// <exception cref="PgkeepException">Another process is at work on it.</exception>
    public static ClusterHold Take(string dataDirectory, RestoreJournal? journal)
    {
        var hold = new ClusterHold(dataDirectory);
        try
        {
            hold.Add(dataDirectory);
            if (journal is not null)
            {
                hold.Add(journal.Places[0].Aside);
            }

            return hold;
        }
        catch
        {
            hold.Dispose();
            throw;
        }
    }

    /// <summary>Throws where another process is at work on it now.</summary>
    public static void RequireFree(string dataDirectory, RestoreJournal? journal) => Take(dataDirectory, journal).Dispose();

    /// <summary>Also this directory, where it is there and not held yet.</summary>
    public void Add(string directory)
    {
        if (FileStatus.Of(directory) is not { Type: FileType.Directory } status || _held.ContainsKey((status.Device, status.Inode)))
        {
            return;
        }

        try
        {
            _held.Add((status.Device, status.Inode), FileLock.TryTakeDirectory(directory) ?? throw Busy());
        }
        catch (PgkeepException failure) when (FileLock.IsImpossible(failure))
        {
            // NFS has no lock on a directory, and what this account may not open it will not change either.
        }
    }

    /// <summary>For whoever finds, with the lock in its hands, another state than the one that it has shown.</summary>
    public static PgkeepException Changed(string dataDirectory) => new(
        ErrorKind.Usage,
        $"another restore or rollback of \"{dataDirectory}\" has been at work since this one was asked for",
        "nothing was changed; run the command again, which shows what it would do now");

    public void Dispose()
    {
        foreach (var held in _held.Values)
        {
            held.Dispose();
        }
    }

    private PgkeepException Busy() => new(
        ErrorKind.RepositoryLocked,
        $"another pgkeep is at work on \"{_dataDirectory}\": a restore, a rollback or a forget",
        "nothing was changed; wait until it is over, or interrupt it with Ctrl-C: a restore then puts the old cluster back by itself",
        $"to see which process it is: fuser -v \"{_dataDirectory}\"*");
}
