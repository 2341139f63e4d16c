using Pgkeep.IntegrationTests.Harness;
using Xunit;

namespace Pgkeep.IntegrationTests.Backup;

/// <summary>What tests with a server and its repository derive from.</summary>
public abstract class BackupTest : IntegrationTest
{
    private protected async Task<RepositorySite> StartSiteAsync(int? major = null, ServerOptions? options = null, string name = "data", string repository = "repository")
    {
        var workspace = await GetWorkspaceAsync();
        var directory = await workspace.CreateDirectoryAsync(repository);
        options ??= new ServerOptions { WalSegmentSizeInMiB = 1 };
        options = options with { ArchiveCommand = options.ArchiveCommand ?? RepositorySite.ArchiveCommand(directory) };
        return new RepositorySite(await StartClusterAsync(major ?? PostgresServers.Newest, options, name), directory);
    }

    /// <summary>A failure as a person should meet it: one error, at least one hint, and no stack.</summary>
    private protected static void AssertRefusal(ProgramResult result, int exitCode, params string[] words)
    {
        result.EnsureExitCode(exitCode);
        Assert.Equal(1, result.Stderr.Split('\n').Count(line => line.StartsWith("error:", StringComparison.Ordinal)));
        Assert.Contains("hint:", result.Stderr, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", result.Stderr, StringComparison.Ordinal);
        foreach (var word in words)
        {
            Assert.Contains(word, result.Stderr, StringComparison.Ordinal);
        }
    }
}
