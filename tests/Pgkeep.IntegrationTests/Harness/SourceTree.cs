namespace Pgkeep.IntegrationTests.Harness;

/// <summary>The checkout that these tests were built from.</summary>
internal static class SourceTree
{
    public static string Root { get; } = Find();

    public static string PathOf(string relativePath) => Path.Combine(Root, relativePath);

    private static string Find()
    {
        for (var directory = new DirectoryInfo(AppContext.BaseDirectory); directory is not null; directory = directory.Parent)
        {
            if (File.Exists(Path.Combine(directory.FullName, "Pgkeep.slnx")))
            {
                return directory.FullName;
            }
        }

        throw new InvalidOperationException($"no Pgkeep.slnx above \"{AppContext.BaseDirectory}\"");
    }
}
