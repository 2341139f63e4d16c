namespace Pgkeep.IntegrationTests.Harness;

/// <summary>What lies in a directory of a repository.</summary>
internal static class RepositoryNames
{
    public static IReadOnlyList<string> VisibleIn(string directory) => [.. Names(directory).Where(name => name[0] != '.' && !name.EndsWith(".log", StringComparison.Ordinal))];

    /// <summary>What a process that ended too early left, under names that nobody takes for content.</summary>
    public static IReadOnlyList<string> LeftoversIn(string directory) => [.. Names(directory).Where(name => name[0] == '.' && name != ".pgkeep")];

    private static IEnumerable<string> Names(string directory) =>
        Directory.EnumerateFileSystemEntries(directory).Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal);
}
