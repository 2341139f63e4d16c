using Pgkeep.Restore.InPlace;
using Pgkeep.Restore.Places;

namespace Pgkeep.Restore;

/// <summary>Where the WAL of the cluster is that a restore replaces: whatever an earlier restore that was broken off has done to it.</summary>
internal static class OldWal
{
    /// <summary>A directory with links followed, there or not. From the moment on in which a restore in place changes files, it is what was saved.</summary>
    public static string FolderOf(string dataDirectory) => InPlaceJournal.Find(dataDirectory) is { IsWriting: true } begun
        ? Path.Combine(begun.SavedWal, WalLink.Name)
        : WalLink.OldDirectoryOf(dataDirectory);
}
