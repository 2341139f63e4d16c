using Pgkeep.IntegrationTests.Harness;
using Xunit;

namespace Pgkeep.IntegrationTests.Scripts;

/// <summary>PostgreSQL restarts its archiver for a status above 125, so the script has none, whatever becomes of the program.</summary>
public sealed class ArchiveScriptTests : IntegrationTest
{
    [Theory]
    [InlineData(null, "0755")]
    [InlineData("#!/bin/sh\nexit 0\n", "0644")]
    [InlineData("#!/no/such/interpreter\n", "0755")]
    [InlineData("#!/bin/sh\nkill -9 $$\n", "0755")]
    [InlineData("#!/bin/sh\nkill -SEGV $$\n", "0755")]
    [InlineData("#!/bin/sh\nexit 200\n", "0755")]
    public async Task A_program_that_cannot_run_or_dies_is_a_failure_to_try_again(string? program, string mode)
    {
        var script = await InstallAsync(program, mode);

        var result = await TestAccount.RunAsync(script, ["pg_wal/000000010000000000000001", "000000010000000000000001"]);

        Assert.Equal(125, result.ExitCode);
        Assert.Contains("error:", result.Stderr, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(42)]
    [InlineData(125)]
    public async Task The_programs_own_answer_is_the_scripts(int status)
    {
        var script = await InstallAsync($"#!/bin/sh\n[ \"$*\" = 'archive-wal a b' ] || exit 99\nexit {status}\n", "0755");

        Assert.Equal(status, (await TestAccount.RunAsync(script, ["a", "b"])).ExitCode);
    }

    [Fact]
    public async Task It_finds_the_program_through_links()
    {
        var script = await InstallAsync("#!/bin/sh\nexit 7\n", "0755");
        var workspace = await GetWorkspaceAsync();
        (await TestAccount.RunAsync("ln", ["-s", script, workspace.PathOf("link")])).EnsureSuccess();
        (await TestAccount.RunAsync("ln", ["-s", Path.GetDirectoryName(script)!, workspace.PathOf("folder")])).EnsureSuccess();

        Assert.Equal(7, (await TestAccount.RunAsync(workspace.PathOf("link"), ["a", "b"])).ExitCode);
        Assert.Equal(7, (await TestAccount.RunAsync(workspace.PathOf("folder/archive-wal.sh"), ["a", "b"])).ExitCode);
        Assert.Equal(7, (await TestAccount.RunAsync("sh", ["archive-wal.sh", "a", "b"], new RunOptions { WorkingDirectory = Path.GetDirectoryName(script)! })).ExitCode);
    }

    private async Task<string> InstallAsync(string? program, string mode)
    {
        var workspace = await GetWorkspaceAsync();
        await workspace.CreateDirectoryAsync("home/scripts");
        await workspace.CreateDirectoryAsync("home/artifacts/native");
        var script = workspace.PathOf("home/scripts/archive-wal.sh");
        (await TestAccount.RunAsync("cp", [PgkeepBinary.Script("archive-wal.sh"), script])).EnsureSuccess();
        if (program is not null)
        {
            await workspace.WriteFileAsync("home/artifacts/native/pgkeep", program, mode);
        }

        return script;
    }
}
