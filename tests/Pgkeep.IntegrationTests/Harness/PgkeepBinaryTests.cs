using Xunit;

namespace Pgkeep.IntegrationTests.Harness;

public sealed class PgkeepBinaryTests : IntegrationTest
{
    [Fact]
    public async Task The_native_binary_starts_as_the_account()
    {
        var result = await PgkeepBinary.RunAsync(["--version"]);

        Assert.Equal(0, result.ExitCode);
    }

    [Theory]
    [InlineData("archive-wal", 10)]
    [InlineData("get-wal", 200)]
    public async Task Without_a_binary_the_launcher_fails_as_the_server_needs_it_and_writes_nothing(string verb, int exitCode)
    {
        var workspace = await GetWorkspaceAsync();
        await workspace.CreateDirectoryAsync("src");
        var launcher = workspace.PathOf("pgkeep");
        (await TestAccount.RunAsync("cp", [PgkeepBinary.Launcher, launcher])).EnsureSuccess();

        var result = await TestAccount.RunAsync(launcher, [verb, "000000010000000000000001", "pg_wal/000000010000000000000001"]);

        Assert.Equal(exitCode, result.ExitCode);
        Assert.Contains("hint:", result.Stderr, StringComparison.Ordinal);
        Assert.False(Directory.Exists(workspace.PathOf("artifacts")));
    }

    [Fact]
    public async Task The_launcher_finds_the_binary_through_a_link_from_anywhere()
    {
        var workspace = await GetWorkspaceAsync();
        var link = workspace.PathOf("link");
        (await TestAccount.RunAsync("ln", ["-s", PgkeepBinary.Launcher, link])).EnsureSuccess();

        var result = await TestAccount.RunAsync("sh", ["-c", "./link --version"], new RunOptions { WorkingDirectory = workspace.Root });

        Assert.Equal(0, result.ExitCode);
        Assert.StartsWith("pgkeep ", result.Stdout, StringComparison.Ordinal);
        Assert.Equal("", result.Stderr);
    }
}
