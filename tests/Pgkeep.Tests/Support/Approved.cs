using Xunit;

namespace Pgkeep.Tests.Support;

/// <summary>
/// Compares text with a file that a person has approved. With <c>PGKEEP_APPROVE=1</c> in the environment it writes the file instead;
/// the difference is then reviewed like any other.
/// </summary>
internal static class Approved
{
    public static void Check(string pathInProject, string actual)
    {
        var path = Path.Join(Project.Root, pathInProject);
        if (Environment.GetEnvironmentVariable("PGKEEP_APPROVE") == "1")
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            File.WriteAllText(path, actual);
        }

        var approved = File.Exists(path) ? File.ReadAllText(path) : "";
        Assert.True(approved == actual, $"{pathInProject} is not what is generated now; refresh it with PGKEEP_APPROVE=1 and review it. Now:\n{actual}");
    }
}
