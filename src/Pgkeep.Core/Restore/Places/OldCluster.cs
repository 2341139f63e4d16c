using Pgkeep.Diagnostics;
using Pgkeep.Posix;
using Pgkeep.Postgres.Cluster;

namespace Pgkeep.Restore.Places;

/// <summary>
/// Moves the old cluster aside and puts it back. Renames only: no byte of it is ever written or removed. The data directory is the first to go and
/// the last to come back, so that at no moment a server could be started on one cluster's data directory and another's tablespaces.
/// </summary>
internal static class OldCluster
{
    /// <summary>A directory that cannot be renamed (a mount point) fails, and what was moved before it is put back.</summary>
    public static void MoveAside(RestoreJournal journal)
    {
        journal.Write();
        var moved = new Stack<RestoredPlace>();
        try
        {
            foreach (var place in journal.Places.Where(place => place.HadContent))
            {
                Move(place.Path, place.Aside);
                moved.Push(place);
            }
        }
        catch (PgkeepException)
        {
            foreach (var place in moved)
            {
                Move(place.Aside, place.Path);
            }

            journal.Remove();
            throw;
        }
    }

    /// <summary>Undoes a restore that was broken off anywhere, or is over. Broken off itself, it goes on when it is called again.</summary>
    /// <param name="discard">Removes what the restore wrote, because it never became a cluster of its own; otherwise that is kept under another name.</param>
    /// <returns>Where what the restore wrote is kept.</returns>
    public static IReadOnlyList<string> PutBack(RestoreJournal journal, bool discard)
    {
        var kept = new List<string>();
        foreach (var place in journal.Places.Where(place => place.IsWritten))
        {
            if (discard)
            {
                Clear(place.Path);
            }
            else
            {
                var undone = RestoreJournal.FreeUndoneName(place);
                Move(place.Path, undone);
                kept.Add(undone);
            }
        }

        foreach (var place in journal.Places.Reverse().Where(place => place.IsAside))
        {
            // What Clear left is an empty directory, which a rename replaces.
            FileSystem.Rename(place.Aside, place.Path);
            FileSystem.SyncDirectory(Path.GetDirectoryName(place.Path)!);
        }

        journal.Remove();
        return kept;
    }

    /// <summary>Empties a directory; the directory itself may have been there before. Without its control file no server starts on the rest.</summary>
    private static void Clear(string directory)
    {
        try
        {
            FileSystem.Delete(Path.Combine(directory, ControlFileReader.RelativePath));
            foreach (var entry in new DirectoryInfo(directory).EnumerateFileSystemInfos())
            {
                if (entry is DirectoryInfo { LinkTarget: null } folder)
                {
                    folder.Delete(recursive: true);
                }
                else
                {
                    entry.Delete();
                }
            }
        }
        catch (Exception thrown) when (PosixError.IsInputOutput(thrown))
        {
            throw PosixError.From(thrown, "remove", directory);
        }
    }

    private static void Move(string from, string to)
    {
        if (!FileSystem.TryRenameNew(from, to))
        {
            throw new PgkeepException(ErrorKind.StorageFailed, $"cannot move \"{from}\" to \"{to}\": the name is taken");
        }

        FileSystem.SyncDirectory(Path.GetDirectoryName(from)!);
    }
}
