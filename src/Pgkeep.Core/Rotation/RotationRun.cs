using System.Text;
using Pgkeep.Diagnostics;
using Pgkeep.Posix;
using Pgkeep.Repository;

namespace Pgkeep.Rotation;

/// <summary>
/// Carries a rotation out, with renames alone. First the markers are replaced by one that is no cluster's, so that nobody stores anything from
/// then on, also after a crash; last they are replaced by the new cluster's. In between everything moves, each thing with one rename, and
/// the old repository gets its marker when all of it is there: until then it is none, and cannot be mistaken for a whole one. A run after
/// one that was broken off does what is left.
/// </summary>
internal sealed class RotationRun
{
    private const int DirectoryMode = 0b111_000_000;

    private readonly RotationPlan _plan;
    private readonly TimeProvider _time;

    private RotationRun(RotationPlan plan, TimeProvider time)
    {
        _plan = plan;
        _time = time;
    }

    /// <param name="planner">Called again under the locks: what was confirmed may not be so any more. Null where there is nothing left to do.</param>
    public static async Task<RotationPlan?> RunAsync(
        RepositoryLayout layout, Func<CancellationToken, Task<RotationPlan?>> planner, TimeProvider time, CancellationToken cancellationToken)
    {
        using var changing = RepositoryLock.Take(layout);
        using var alone = ReadingLock.TakeAlone(layout);
        using var storing = await ArchiveLock.TakeAloneAsync(layout, time, cancellationToken);
        var plan = await planner(cancellationToken);
        if (plan is not null)
        {
            new RotationRun(plan, time).Run();
        }

        return plan;
    }

    private void Run()
    {
        // BACKUP_DIR's is the first to come and the last to go: it tells that a rotation is under way.
        foreach (var store in _plan.Markers.Where(store => !HasNew(store)))
        {
            DurableFile.Replace(store.Path, store.Marker.ToJson());
        }

        CreateDirectory(_plan.OldRepository);
        MoveBackups();
        MoveArchive();
        foreach (var store in _plan.Markers.Reverse())
        {
            CreateMarker(store);
        }

        foreach (var store in _plan.Markers.Reverse().Where(store => !HasNew(store)))
        {
            DurableFile.Replace(store.Path, Encoding.UTF8.GetBytes(store.Marker.New));
        }

        foreach (var store in _plan.Markers)
        {
            DurableFile.RemoveLeftovers(store.Directory);
        }

        new OperationLog(_plan.Layout.BackupLog, _time).Write(
            $"Rotated: the repository of the cluster {_plan.Old.SystemIdentifier} is in {_plan.OldRepository}, and this one belongs to {_plan.New.SystemIdentifier}");
    }

    /// <summary>A marker that is the new one already was written by a run that was broken off after it.</summary>
    private static bool HasNew(StoreMarkers store) =>
        FileStatus.Of(store.Path) is not null && File.ReadAllBytes(store.Path).AsSpan().SequenceEqual(Encoding.UTF8.GetBytes(store.Marker.New));

    private void MoveBackups()
    {
        var from = _plan.Layout.BackupDirectory;
        foreach (var path in Directory.EnumerateDirectories(from, BackupName.Prefix + "*").Where(path => BackupName.TryParse(Path.GetFileName(path), out _)).Order(StringComparer.Ordinal))
        {
            Move(path, Path.Combine(_plan.OldRepository, Path.GetFileName(path)));
        }

        Move(_plan.Layout.LatestLink, Path.Combine(_plan.OldRepository, RepositoryLayout.LatestName));
        Move(_plan.Layout.IndexDirectory, Path.Combine(_plan.OldRepository, RepositoryLayout.IndexFolderName));
        Move(_plan.Layout.BackupLog, Path.Combine(_plan.OldRepository, RepositoryLayout.BackupLogName));
        MoveState();
        FileSystem.SyncDirectory(_plan.OldRepository);
        FileSystem.SyncDirectory(from);
    }

    /// <summary>What was learnt of the backups goes with them; the locks are held here.</summary>
    private void MoveState()
    {
        var state = _plan.Layout.StateDirectory;
        var moving = Directory.EnumerateFileSystemEntries(state).Where(path => Path.GetFileName(path) is not (RepositoryLock.FileName or ArchiveLock.FileName or ReadingLock.FileName)).ToList();
        if (moving.Count == 0)
        {
            return;
        }

        var target = Path.Combine(_plan.OldRepository, Path.GetFileName(state));
        CreateDirectory(target);
        foreach (var path in moving)
        {
            Move(path, Path.Combine(target, Path.GetFileName(path)));
        }

        FileSystem.SyncDirectory(target);
        FileSystem.SyncDirectory(state);
    }

    private void MoveArchive()
    {
        var from = FileSystem.Resolve(_plan.Layout.WalDirectory);
        if (_plan.IsArchiveInside)
        {
            // Where the archive's own marker is the new one, all of this was done before.
            if (_plan.Markers.Count == 1 || !HasNew(_plan.Markers[1]))
            {
                MoveFiles(from);
            }

            LinkArchive();
        }
        else if (FileStatus.Of(from) is not null && !FileSystem.TryRenameNew(from, _plan.OldArchive))
        {
            // It was moved before; since then a refused archive-wal has made a new one for its log.
            RequireWithoutWal(from);
        }

        FileSystem.SyncDirectory(_plan.OldRepository);
        FileSystem.SyncDirectory(_plan.Layout.BackupDirectory);
    }

    private void MoveFiles(string from)
    {
        CreateDirectory(_plan.OldArchive);
        var names = Directory.EnumerateFiles(from).Select(path => Path.GetFileName(path)).Where(IsOfArchive).Order(StringComparer.Ordinal).ToList();
        foreach (var name in names)
        {
            Move(Path.Combine(from, name), Path.Combine(_plan.OldArchive, name));
        }

        MoveReceived(Path.Combine(from, RepositoryLayout.ReceivingFolderName), Path.Combine(_plan.OldArchive, RepositoryLayout.ReceivingFolderName));
        FileSystem.SyncDirectory(_plan.OldArchive);
        FileSystem.SyncDirectory(from);
    }

    /// <summary>The end of the old cluster's WAL may lie there alone.</summary>
    private static void MoveReceived(string from, string to)
    {
        // A receiver that was refused after a rotation was broken off has made directories with nothing but its lock.
        var isMoved = FileStatus.Of(from) is not null && FileStatus.Of(to) is not null && !Directory.EnumerateFiles(from, "*", SearchOption.AllDirectories).Any(path => Path.GetFileName(path) != "lock");
        if (!isMoved)
        {
            Move(from, to);
        }
    }

    /// <summary>The old repository is whole by its path alone, wherever its archive lies.</summary>
    private void LinkArchive()
    {
        var link = Path.Combine(_plan.OldRepository, RepositoryLayout.WalFolderName);
        if (FileStatus.Of(link) is null)
        {
            FileSystem.CreateSymbolicLink(_plan.OldArchive, link);
        }
    }

    private static bool IsOfArchive(string name) =>
        name == RepositoryLayout.ArchiveLogName || WalInventory.TryParse(name, out _);

    private static void RequireWithoutWal(string directory)
    {
        if (Directory.EnumerateFiles(directory).Select(path => Path.GetFileName(path)).FirstOrDefault(name => WalInventory.TryParse(name, out _)) is { } found)
        {
            throw new PgkeepException(
                ErrorKind.RepositoryCorrupt,
                $"\"{Path.Combine(directory, found)}\" is there although the archive was moved away already",
                "nothing can store while a rotation is under way: see who wrote it, move it away, and run pgkeep repository rotate again");
        }
    }

    /// <summary>Nothing happens where there is nothing to move: a run that was broken off has done it.</summary>
    private static void Move(string from, string to)
    {
        if (FileStatus.Of(from) is null || FileSystem.TryRenameNew(from, to))
        {
            return;
        }

        // Commands that were refused meanwhile have written that into a log of their own.
        if (Path.GetFileName(from) is not (RepositoryLayout.ArchiveLogName or RepositoryLayout.BackupLogName))
        {
            throw new PgkeepException(ErrorKind.RepositoryCorrupt, $"both \"{from}\" and \"{to}\" are there", "see which of them is the right one, move the other away, and run pgkeep repository rotate again");
        }
    }

    private void CreateMarker(StoreMarkers store)
    {
        var directory = store == _plan.Markers[0] ? _plan.OldRepository : _plan.OldArchive;
        var path = Path.Combine(directory, RepositoryLayout.MarkerName);
        if (FileStatus.Of(path) is null)
        {
            DurableFile.Replace(path, Encoding.UTF8.GetBytes(store.Marker.Old));
        }
    }

    private static void CreateDirectory(string path)
    {
        if (FileStatus.Of(path) is null)
        {
            FileSystem.CreateDirectory(path, DirectoryMode);
            FileSystem.SyncDirectory(Path.GetDirectoryName(path)!);
        }
    }
}
