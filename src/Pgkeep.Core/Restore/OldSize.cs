using Pgkeep.Posix;
using Pgkeep.Restore.Places;

namespace Pgkeep.Restore;

/// <summary>How much room on each disk a restore has beside what is free: of what it removes first, and of the old files that it changes into the backup's.</summary>
internal static class OldSize
{
    /// <param name="old">The old data directory; null where there is none.</param>
    /// <param name="broken">Null where no restore was broken off.</param>
    /// <returns>Bytes by device.</returns>
    public static Func<ulong, long> FreedBy(FileReuse reuse, string? old, IReadOnlyList<TablespacePlace> tablespaces, RestoreJournal? broken)
    {
        var freed = RestoreSpace.FreedBy(broken);
        if (reuse != FileReuse.InPlace)
        {
            return freed;
        }

        var used = tablespaces.Select(tablespace => tablespace.Location).Append(old).OfType<string>().Where(Directory.Exists)
            .ToLookup(directory => FileStatus.OfTarget(directory)!.Value.Device, Of);
        return device => freed(device) + used[device].Sum();
    }

    private static long Of(string directory)
    {
        try
        {
            return new DirectoryInfo(directory).EnumerateFiles("*", new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.ReparsePoint }).Sum(file => file.Length);
        }
        catch (Exception thrown) when (PosixError.IsInputOutput(thrown))
        {
            throw PosixError.From(thrown, "list", directory);
        }
    }
}
