using Pgkeep.Diagnostics;
using Pgkeep.Posix;

namespace Pgkeep.Restore.Places;

/// <summary>
/// Moves the entries of a directory one by one, durably. <c>global</c>, which has the control file, is the first to leave a directory and the last to come
/// into one: a server starts on nothing in between. Each of them goes on where it was broken off, when it is called again.
/// </summary>
internal static class PlaceEntries
{
    private const string ControlFolder = "global";
    private const int OwnerOnly = 0b111_000_000;

    /// <param name="entries">Of <paramref name="place"/>, by their paths.</param>
    /// <param name="folder">In the place; there already where an earlier attempt was broken off.</param>
    /// <param name="owner">Root's folder must be the server account's, which may have to undo this.</param>
    public static void Collect(string place, IEnumerable<string> entries, string folder, Account? owner)
    {
        if (FileSystem.TryCreateDirectory(folder, OwnerOnly))
        {
            owner?.Own(folder);
        }

        FileSystem.SyncDirectory(place);
        foreach (var entry in entries.OrderByDescending(IsControlFolder))
        {
            Move(entry, folder);
            if (IsControlFolder(entry))
            {
                Sync(folder, place);
            }
        }

        Sync(folder, place);
    }

    /// <summary>The other way; the folder is gone then.</summary>
    public static void Scatter(string folder, string place)
    {
        foreach (var entry in List(folder).OrderBy(IsControlFolder))
        {
            if (IsControlFolder(entry))
            {
                Sync(place, folder);
            }

            Move(entry, place);
        }

        Sync(place, folder);
        if (!FileSystem.TryRemoveDirectory(folder))
        {
            throw new PgkeepException(ErrorKind.StorageFailed, $"\"{folder}\" is not empty after its entries were moved to \"{place}\"", "see what writes into it, and repeat the command");
        }

        FileSystem.SyncDirectory(place);
    }

    /// <summary>A file or a whole directory; of a link, the link alone.</summary>
    public static void Remove(string entry)
    {
        if (FileStatus.Of(entry) is { Type: FileType.Directory })
        {
            Directory.Delete(entry, recursive: true);
        }
        else
        {
            FileSystem.Delete(entry);
        }
    }

    /// <summary>Of all files below, or of the file; no link is followed.</summary>
    public static long SizeOf(string entry)
    {
        try
        {
            return FileStatus.Of(entry) switch
            {
                { Type: FileType.Directory } => Directory.EnumerateFileSystemEntries(entry).Sum(SizeOf),
                { Type: FileType.Regular, Size: var size } => size,
                _ => 0,
            };
        }
        catch (Exception thrown) when (PosixError.IsInputOutput(thrown))
        {
            throw PosixError.From(thrown, "list", entry);
        }
    }

    private static bool IsControlFolder(string entry) => Path.GetFileName(entry) == ControlFolder;

    /// <summary>Where they come to is durable before where they left: a crash of the machine may show an entry twice, and never loses one.</summary>
    private static void Sync(string to, string from)
    {
        FileSystem.SyncDirectory(to);
        FileSystem.SyncDirectory(from);
    }

    private static void Move(string entry, string directory)
    {
        var target = Path.Combine(directory, Path.GetFileName(entry));
        if (!FileSystem.TryMoveNew(entry, target))
        {
            throw new PgkeepException(ErrorKind.StorageFailed, $"cannot move \"{entry}\" to \"{target}\": the name is taken", "see which of the two is right, move the other away, and repeat the command");
        }
    }

    private static IReadOnlyList<string> List(string folder)
    {
        try
        {
            return [.. Directory.EnumerateFileSystemEntries(folder)];
        }
        catch (Exception thrown) when (PosixError.IsInputOutput(thrown))
        {
            throw PosixError.From(thrown, "list", folder);
        }
    }
}
