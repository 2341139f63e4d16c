using Pgkeep.Diagnostics;
using Pgkeep.Posix;

namespace Pgkeep.Restore;

/// <summary>Moves the old cluster aside and puts it back. Renames only: no byte of it is ever written or removed.</summary>
internal static class OldCluster
{
    /// <summary>A directory that cannot be renamed (a mount point) fails, and what was moved before it is put back.</summary>
    public static void MoveAside(RestoreJournal journal)
    {
        journal.Write();
        try
        {
            foreach (var place in journal.Places.Where(place => place.HadContent))
            {
                Move(place.Path, place.Aside);
            }
        }
        catch (PgkeepException)
        {
            PutBack(journal, discard: false);
            throw;
        }
    }

    /// <summary>Undoes a restore that was broken off anywhere, or is over.</summary>
    /// <param name="discard">Removes what the restore wrote, because it never became a cluster of its own; otherwise that is kept under another name.</param>
    /// <returns>Where what the restore wrote is kept.</returns>
    public static IReadOnlyList<string> PutBack(RestoreJournal journal, bool discard)
    {
        var kept = new List<string>();
        foreach (var place in journal.Places.Reverse())
        {
            var wasMoved = FileStatus.Of(place.Aside) is not null;
            var isWritten = (wasMoved || !place.HadContent) && FileStatus.Of(place.Path) is not null;
            if (isWritten && discard)
            {
                Clear(place.Path);
            }
            else if (isWritten)
            {
                var undone = place.Aside.Replace(".before-", ".undone-", StringComparison.Ordinal);
                Move(place.Path, undone);
                kept.Add(undone);
            }

            if (wasMoved)
            {
                // What Clear left is an empty directory, which a rename replaces.
                FileSystem.Rename(place.Aside, place.Path);
                FileSystem.SyncDirectory(Path.GetDirectoryName(place.Path)!);
            }
        }

        journal.Remove();
        return kept;
    }

    /// <summary>Empties a directory; the directory itself may have been there before.</summary>
    private static void Clear(string directory)
    {
        try
        {
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
