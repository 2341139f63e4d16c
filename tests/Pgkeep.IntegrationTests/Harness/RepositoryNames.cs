namespace Pgkeep.IntegrationTests.Harness;

/// <summary>What lies in a directory of a repository.</summary>
internal static class RepositoryNames
{
    private const string Incoming = ".incoming";

    public static IReadOnlyList<string> VisibleIn(string directory) => [.. Names(directory).Where(name => name[0] != '.' && !name.EndsWith(".log", StringComparison.Ordinal))];

    /// <summary>What a process that ended too early left, under names that nobody takes for content.</summary>
    public static IReadOnlyList<string> LeftoversIn(string directory) =>
    [
        .. Names(directory).Where(name => name[0] == '.' && name is not (".pgkeep" or Incoming)),
        .. Directory.Exists(Path.Combine(directory, Incoming)) ? Names(Path.Combine(directory, Incoming)) : [],
    ];

    private static IEnumerable<string> Names(string directory) =>
        Directory.EnumerateFileSystemEntries(directory).Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal);
}
