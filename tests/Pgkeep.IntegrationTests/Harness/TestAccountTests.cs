using Xunit;
using Xunit.Sdk;

namespace Pgkeep.IntegrationTests.Harness;

public sealed class TestAccountTests : IntegrationTest
{
    [Fact]
    public async Task A_program_runs_as_the_account_with_a_clean_environment()
    {
        var options = new RunOptions { Environment = new Dictionary<string, string> { ["GIVEN"] = "1" }, Input = "in" };

        var result = await TestAccount.RunAsync("sh", ["-c", "id -un; env | cut -d= -f1 | sort; cat; echo err >&2; exit 3"], options);

        Assert.Equal($"{TestAccount.Name}\nGIVEN\nLANG\nPATH\nPWD\nin", result.Stdout);
        Assert.Equal("err\n", result.Stderr);
        Assert.Equal(3, result.ExitCode);
        Assert.NotEqual("root", TestAccount.Name);
    }

    [Fact]
    public async Task A_program_that_hangs_is_killed_with_its_children_and_its_output_is_shown()
    {
        var options = new RunOptions { Timeout = TimeSpan.FromMilliseconds(300) };
        await using var running = TestAccount.Start("sh", ["-c", "echo before; sleep 60 & wait"], options);
        await Poll.UntilAsync(() => Processes.DescendantsOf(running.ProcessId).Count == 1, "the child runs");
        var child = Assert.Single(Processes.DescendantsOf(running.ProcessId));

        var failure = await Assert.ThrowsAsync<XunitException>(running.WaitAsync);

        Assert.Contains("before", failure.Message, StringComparison.Ordinal);
        Assert.False(Processes.IsAlive(child));
    }

    [Fact]
    public async Task A_workspace_is_the_account_s_alone_and_its_files_too()
    {
        var workspace = await GetWorkspaceAsync();
        var file = await workspace.WriteFileAsync("backup.env", "PGHOST=somewhere\n");

        var status = await TestAccount.RunAsync("stat", ["-c", "%U %a", workspace.Root, file]);

        Assert.Equal($"{TestAccount.Name} 700\n{TestAccount.Name} 600\n", status.Stdout);
        Assert.Equal("PGHOST=somewhere\n", await File.ReadAllTextAsync(file, TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task A_workspace_takes_servers_with_it_that_others_started()
    {
        var workspace = await Workspace.CreateAsync();
        var cluster = await PostgresCluster.StartAsync(workspace, PostgresServers.Newest);
        Assert.True(cluster.IsRunning);

        await workspace.DisposeAsync();

        Assert.False(cluster.IsRunning);
        Assert.False(Directory.Exists(workspace.Root));
    }
}
