using Pgkeep.Diagnostics;
using Pgkeep.Posix;
using Pgkeep.Postgres;
using Pgkeep.Repository;

namespace Pgkeep.Archive.Receive;

/// <summary><c>.receiving/SLOT/</c> of the archive, held by one receiver at a time.</summary>
internal sealed class ReceivingDirectory : IDisposable
{
    private const string LockName = "lock";

    private readonly FileLock _lock;

    private ReceivingDirectory(string path, FileLock taken)
    {
        Path = path;
        _lock = taken;
    }

    public string Path { get; }

    public static ReceivingDirectory Take(RepositoryLayout layout, string slot)
    {
        var path = System.IO.Path.Combine(layout.ReceivingDirectory, slot);
        Create(layout.ReceivingDirectory);
        Create(path);
        var taken = FileLock.TryTake(System.IO.Path.Combine(path, LockName))
            ?? throw new PgkeepException(
                ErrorKind.RepositoryLocked,
                $"another pgkeep receives WAL into \"{path}\"",
                $"one receiver is enough for a slot; see which process it is: fuser -v \"{path}/lock\"",
                "a second receiver needs a slot of its own: --slot NAME");
        return new ReceivingDirectory(path, taken);
    }

    public string PathOf(WalSegmentName segment) => System.IO.Path.Combine(Path, segment.ToString());

    public IReadOnlyList<ReceivedSegment> List(RepositoryIdentity identity) => ReceivedWal.List(Path, identity);

    public void Remove(WalSegmentName segment)
    {
        // Not made durable: a file that comes back after a power cut is compared with the archive and removed again.
        FileSystem.Delete(PathOf(segment));
    }

    /// <summary>Keeps a segment's file under a name that is no segment's.</summary>
    /// <returns>Where it is now.</returns>
    public string SetAside(WalSegmentName segment, string suffix)
    {
        var kept = $"{PathOf(segment)}.{suffix}";
        for (var number = 2; !FileSystem.TryRenameNew(PathOf(segment), kept); number++)
        {
            kept = $"{PathOf(segment)}.{number}.{suffix}";
        }

        FileSystem.SyncDirectory(Path);
        return kept;
    }

    /// <summary>Sets aside what another cluster's server sent, which can neither be stored in this archive nor be gone on with.</summary>
    public IReadOnlyList<(WalSegmentName Segment, string Kept)> SetAsideOthers(SystemIdentifier own)
    {
        var others = new List<(WalSegmentName Segment, string Kept)>();
        foreach (var segment in ReceivedWal.Names(Path).Order())
        {
            if (ReadIdentifier(PathOf(segment)) is { } identifier && identifier != own)
            {
                others.Add((segment, SetAside(segment, $"of_{identifier}")));
            }
        }

        return others;
    }

    /// <summary>Null where the file does not begin with a segment's first page.</summary>
    private static SystemIdentifier? ReadIdentifier(string path)
    {
        try
        {
            using var file = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            var start = new byte[WalPageHeader.LongLength];
            return RandomAccess.Read(file, start, 0) == start.Length && WalPageHeader.TryParse(start, out var header, out _) ? header.SystemIdentifier : null;
        }
        catch (Exception thrown) when (PosixError.IsInputOutput(thrown))
        {
            throw PosixError.From(thrown, "read", path);
        }
    }

    /// <summary>Files that are no segment's and not the lock.</summary>
    public IReadOnlyList<string> OtherNames()
    {
        try
        {
            return [.. Directory.EnumerateFileSystemEntries(Path).Select(path => System.IO.Path.GetFileName(path)).Where(name => name != LockName && !WalSegmentName.TryParse(name, out _)).Order(StringComparer.Ordinal)];
        }
        catch (Exception thrown) when (PosixError.IsInputOutput(thrown))
        {
            throw PosixError.From(thrown, "list", Path);
        }
    }

    /// <summary>Removes the segments, the lock and the directory. A crash in between leaves some of them, the later ones.</summary>
    public void RemoveAll()
    {
        foreach (var segment in ReceivedWal.Names(Path).Order())
        {
            Remove(segment);
        }

        FileSystem.Delete(System.IO.Path.Combine(Path, LockName));
        try
        {
            Directory.Delete(Path);
        }
        catch (Exception thrown) when (PosixError.IsInputOutput(thrown))
        {
            throw PosixError.From(thrown, "remove the directory", Path);
        }

        FileSystem.SyncDirectory(System.IO.Path.GetDirectoryName(Path)!);
    }

    public void Dispose() => _lock.Dispose();

    private static void Create(string path)
    {
        if (FileStatus.OfTarget(path) is not null)
        {
            return;
        }

        try
        {
            Directory.CreateDirectory(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
        catch (Exception thrown) when (PosixError.IsInputOutput(thrown))
        {
            throw PosixError.From(thrown, "create the directory", path);
        }

        FileSystem.SyncDirectory(System.IO.Path.GetDirectoryName(path)!);
    }
}
