namespace Pgkeep.Tests.Support;

/// <summary>Where the sources are that this test was built from.</summary>
internal static class Project
{
    public static string Root { get; } = Find(AppContext.BaseDirectory);

    private static string Find(string directory) =>
        File.Exists(Path.Join(directory, "Pgkeep.slnx"))
            ? directory
            : Find(Path.GetDirectoryName(directory) ?? throw new InvalidOperationException("the test does not run inside the project"));
}
