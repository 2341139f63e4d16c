using System.Globalization;

namespace Pgkeep.IntegrationTests.Harness;

/// <summary>The processes that get-wal and archive-wal leave behind. They are nobody's children, so they are found by what /proc tells of them.</summary>
internal static class LeftProcesses
{
    /// <summary>Those that fetch into a directory below this one.</summary>
    public static IReadOnlyList<int> Below(string directory) => Find("prefetch-wal", directory + "/");

    /// <summary>Those that store ahead into a repository below this directory.</summary>
    public static IReadOnlyList<int> AheadBelow(string directory) => Find("archive-ahead", directory + "/");

    /// <summary>get-wal itself, while a server waits for it.</summary>
    public static IReadOnlyList<int> GetWalOf(string repository) => Find("get-wal", repository);

    /// <summary>Nothing that a test orphaned survives it.</summary>
    public static async Task EndAsync(string directory)
    {
        IReadOnlyList<int> left = [.. Below(directory), .. AheadBelow(directory)];
        foreach (var process in left)
        {
            Processes.Send(process, Signal.Kill);
        }

        await Processes.WaitForEndAsync(left);
    }

    /// <summary>What a process has open, as /proc shows it: paths, and the like of "anon_inode:[eventpoll]".</summary>
    public static IReadOnlyDictionary<int, string> OpenFilesOf(int processId) =>
        Directory.EnumerateFileSystemEntries($"/proc/{processId}/fd")
            .ToDictionary(path => int.Parse(Path.GetFileName(path), CultureInfo.InvariantCulture), path => new FileInfo(path).LinkTarget ?? "");

    /// <summary>proc(5): field 6 of stat.</summary>
    public static int SessionOf(int processId)
    {
        var stat = File.ReadAllText($"/proc/{processId}/stat");
        return int.Parse(stat[(stat.LastIndexOf(')') + 2)..].Split(' ')[3], CultureInfo.InvariantCulture);
    }

    private static List<int> Find(string command, string words) =>
    [
        .. Directory.EnumerateDirectories("/proc")
            .Select(path => int.TryParse(Path.GetFileName(path), CultureInfo.InvariantCulture, out var id) ? id : 0)
            .Where(id => id > 0 && Processes.IsAlive(id) && WordsOf(id) is [_, var first, ..] all && first == command && all.Any(word => word.StartsWith(words, StringComparison.Ordinal))),
    ];

    private static string[] WordsOf(int processId)
    {
        try
        {
            return File.ReadAllText($"/proc/{processId}/cmdline").Split('\0');
        }
        catch (IOException)
        {
            return []; // it has ended
        }
    }
}
