using Pgkeep.Posix;

namespace Pgkeep.Repository;

/// <summary>
/// Takes backups away so that a crash never leaves half of one under its name: first the name goes, with one durable rename to a dot-name,
/// then the files. What a kill leaves behind the next run removes. Only under the repository's lock: then no other process works on one.
/// </summary>
internal static class BackupRemoval
{
    private const string HiddenPrefix = "." + BackupName.Prefix;

    public static void Remove(RepositoryLayout layout, BackupName name)
    {
        var hidden = Path.Combine(layout.BackupDirectory, $".{name}.{Environment.ProcessId:x}");
        FileSystem.Rename(Path.Combine(layout.BackupDirectory, name.ToString()), hidden);
        FileSystem.SyncDirectory(layout.BackupDirectory);
        RemoveTree(hidden);
    }

    public static void RemoveLeftovers(RepositoryLayout layout)
    {
        foreach (var directory in Directory.EnumerateDirectories(layout.BackupDirectory, HiddenPrefix + "*"))
        {
            RemoveTree(directory);
        }

        foreach (var link in Directory.EnumerateFileSystemEntries(layout.BackupDirectory, LatestLink.TemporaryPrefix + "*"))
        {
            FileSystem.Delete(link);
        }
    }

    public static void RemoveTree(string directory)
    {
        try
        {
            Directory.Delete(directory, recursive: true);
        }
        catch (Exception thrown) when (PosixError.IsInputOutput(thrown))
        {
            throw PosixError.From(thrown, "remove", directory);
        }
    }
}
