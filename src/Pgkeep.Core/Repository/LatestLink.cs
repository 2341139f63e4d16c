using Pgkeep.Posix;

namespace Pgkeep.Repository;

/// <summary><c>latest</c>: a relative link to the newest backup, replaced in one step, so that it never leads nowhere.</summary>
internal static class LatestLink
{
    public const string TemporaryPrefix = $".{RepositoryLayout.LatestName}.";

    public static void PointTo(RepositoryLayout layout, BackupName name)
    {
        var temporary = Path.Combine(layout.BackupDirectory, $"{TemporaryPrefix}{Environment.ProcessId:x}");
        FileSystem.Delete(temporary);
        FileSystem.CreateSymbolicLink(name.ToString(), temporary);
        FileSystem.Rename(temporary, layout.LatestLink);
        FileSystem.SyncDirectory(layout.BackupDirectory);
    }

    /// <summary>What the link names, whether that is there or not; null where there is no link.</summary>
    public static string? Target(RepositoryLayout layout) =>
        FileStatus.Of(layout.LatestLink)?.Type == FileType.SymbolicLink ? new FileInfo(layout.LatestLink).LinkTarget : null;
}
