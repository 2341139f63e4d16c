using Pgkeep.IntegrationTests.Harness;
using Xunit;

namespace Pgkeep.IntegrationTests.Restore;

/// <summary>Restores of a running server that are interrupted, killed or out of space, and the ways back.</summary>
public sealed class RestoreInterruptionTests : IntegrationTest
{
    [Fact]
    public async Task A_running_server_is_not_stopped_unasked()
    {
        var site = await StartSiteAsync();
        await site.BackupAsync();

        var result = await site.RestoreAsync();

        result.EnsureExitCode(23);
        Assert.Contains("--stop-server", result.Stderr, StringComparison.Ordinal);
        Assert.True(site.Cluster.IsRunning);
    }

    [Fact]
    public async Task A_copy_beside_the_running_server_is_refused()
    {
        var site = await StartSiteAsync();
        await site.BackupAsync();

        var result = await site.RestoreAsync("--pgdata", site.Workspace.PathOf("copy"), "--stop-server");

        result.EnsureExitCode(23);
        Assert.Contains("archive into the same repository", result.Stderr, StringComparison.Ordinal);
        Assert.True(site.Cluster.IsRunning);
    }

    [Theory]
    [InlineData("copy", "Interrupt")]
    [InlineData("copy", "Terminate")]
    [InlineData("replay", "Interrupt")]
    [InlineData("replay", "Terminate")]
    public async Task Interrupted_it_puts_the_old_cluster_back_and_starts_it(string phase, string signal)
    {
        var site = await StartWithWalAsync();
        var before = await site.ContentAsync();
        await using var wall = await WalWall.BuildAsync(site);
        await using var running = site.Start(site.RestoreWords("--stop-server"));
        await WaitForPhaseAsync(site, running, phase);

        running.Send(Enum.Parse<Signal>(signal));
        var result = await running.WaitAsync();

        result.EnsureExitCode(75);
        Assert.Contains("the old server is running again", result.Stderr, StringComparison.Ordinal);
        Assert.Equal(before, await site.ContentAsync());
        Assert.Empty(site.Asides);
        Assert.Empty(site.Journals);
    }

    [Fact]
    public async Task A_rollback_brings_all_rows_back_and_keeps_what_was_restored()
    {
        var site = await StartSiteAsync();
        await site.BackupAsync();
        var moment = await site.MarkMomentAsync();
        await site.AddOrdersAsync();
        var before = await site.ContentAsync();
        (await site.RestoreAsync("--stop-server", "--target-time", moment + "+00")).EnsureSuccess();
        Assert.NotEqual(before, await site.ContentAsync());

        var refused = await site.RollbackAsync();
        var result = (await site.RollbackAsync("--stop-server")).EnsureSuccess();
        await site.Cluster.StartAsync();

        Assert.Equal(23, refused.ExitCode);
        Assert.Equal(before, await site.ContentAsync());
        Assert.Contains("what the restore wrote is kept in", result.Stdout, StringComparison.Ordinal);
        Assert.Empty(site.Journals);
    }

    [Theory]
    [InlineData("copy", true)]
    [InlineData("replay", true)]
    [InlineData("copy", false)]
    [InlineData("replay", false)]
    public async Task After_kill_9_of_pgkeep_and_of_the_server_no_row_is_lost(string phase, bool rollback)
    {
        var site = await StartWithWalAsync();
        await site.AddOrdersAsync();
        var before = await site.ContentAsync();
        await site.Cluster.KillAsync();
        var wall = await WalWall.BuildAsync(site);
        await using (var running = site.Start(site.RestoreWords()))
        {
            await WaitForPhaseAsync(site, running, phase);
            running.Send(Signal.Kill);
            await running.WaitAsync();
        }

        await wall.DisposeAsync();
        if (rollback)
        {
            (await site.RollbackAsync()).EnsureSuccess();
            await site.Cluster.StartAsync();
        }
        else
        {
            (await site.RestoreAsync()).EnsureSuccess();
        }

        Assert.Equal(before, await site.ContentAsync());
    }

    [Fact]
    public async Task A_disk_that_gets_full_puts_the_old_cluster_back_and_starts_it()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "needs root");
        var workspace = await GetWorkspaceAsync();
        var mount = await workspace.CreateDirectoryAsync("mount");
        await RunAsRootAsync("mount", "-t", "tmpfs", "-o", $"size=600m,mode=0700,uid={await NumberAsync("-u")},gid={await NumberAsync("-g")}", "none", mount);
        try
        {
            var site = await RestoreSite.StartAsync(workspace, PostgresServers.Newest, name: "mount/data");
            await using var cluster = site.Cluster;
            await site.BackupAsync();
            await site.AddOrdersAsync();
            var before = await site.ContentAsync();
            await site.ArchiveAsync();
            // The plan has been made when the old cluster is about to move, and then there is time.
            await using var running = site.Start(
                site.RestoreWords("--stop-server"),
                wrapper: ["strace", "-f", "-b", "execve", "-qq", "-o", "/dev/null", "-e", "trace=renameat2", "-e", "inject=renameat2:delay_enter=5000000:when=1"]);
            await Poll.UntilAsync(() => running.HasEnded || !site.Cluster.IsRunning, "the server is stopped");
            var used = new DriveInfo(mount);
            var megabytes = ((used.TotalSize - used.AvailableFreeSpace) >> 20) + 10;
            await RunAsRootAsync("mount", "-o", $"remount,size={megabytes}m", mount);

            var result = await running.WaitAsync();

            result.EnsureExitCode(32);
            Assert.Equal(before, await site.ContentAsync());
            Assert.Empty(site.Asides);
        }
        finally
        {
            await RunAsRootAsync("umount", "-l", mount);
        }
    }

    private static async Task WaitForPhaseAsync(RestoreSite site, RunningProgram running, string phase)
    {
        var log = Path.Combine(site.DataDirectory, "pgkeep-recovery.log");
        await Poll.UntilAsync(
            () => running.HasEnded || (phase == "copy" ? site.Asides.Count > 0 : File.Exists(log) && File.ReadAllText(log).Contains("redo starts", StringComparison.Ordinal)),
            $"the {phase} is under way");
        Assert.False(running.HasEnded, running.Stderr);
    }

    private static async Task RunAsRootAsync(string program, params string[] arguments)
    {
        using var process = System.Diagnostics.Process.Start(program, arguments);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.Equal(0, process.ExitCode);
    }

    private static async Task<string> NumberAsync(string which) => (await TestAccount.RunAsync("id", [which])).EnsureSuccess().Stdout.Trim();

    private async Task<RestoreSite> StartSiteAsync() => await RestoreSite.StartAsync(await GetWorkspaceAsync(), PostgresServers.Newest);

    /// <summary>With two stored segments after the backup.</summary>
    private async Task<RestoreSite> StartWithWalAsync()
    {
        var site = await StartSiteAsync();
        await site.BackupAsync();
        await site.AddOrdersAsync();
        await site.ArchiveAsync();
        await site.AddOrdersAsync();
        await site.ArchiveAsync();
        return site;
    }
}
