using Pgkeep.IntegrationTests.Harness;
using Xunit;

namespace Pgkeep.IntegrationTests.Restore;

/// <summary>While one command works on a cluster's files, no other takes them for left over.</summary>
public sealed class ClusterHoldTests : IntegrationTest
{
    private const int Busy = 12;

    [Theory]
    [InlineData("renameat2:1", true)]
    [InlineData("syncfs:1", true)]
    [InlineData("syncfs:1", false)]
    public async Task While_a_restore_copies_nobody_else_touches_the_cluster(string moment, bool hasOld)
    {
        var (site, rows) = await StartAsync();
        if (!hasOld)
        {
            Directory.Delete(site.DataDirectory, recursive: true);
        }

        await EnsureAloneAsync(site, moment, site.RestoreWords());

        Assert.Equal(rows, await site.ContentAsync());
    }

    [Theory]
    [InlineData("rename:1")]
    [InlineData("syncfs:1")]
    public async Task While_a_restore_changes_files_in_place_nobody_else_touches_the_cluster(string moment)
    {
        var (site, rows) = await StartAsync();

        await EnsureAloneAsync(site, moment, site.RestoreWords("--delta", "--in-place"));

        Assert.Equal(rows, await site.ContentAsync());
    }

    [Theory]
    [InlineData("rename:1")]
    [InlineData("renameat2:1")]
    public async Task While_a_rollback_moves_nobody_else_touches_the_cluster(string moment)
    {
        var (site, rows) = await StartAsync();
        (await site.RestoreAsync()).EnsureSuccess();
        await site.Cluster.StopAsync();

        await EnsureAloneAsync(site, moment, ["restore", "rollback", "--pgdata", site.DataDirectory, "--yes"]);

        await site.Cluster.StartAsync();
        Assert.Equal(rows, await site.ContentAsync());
    }

    [Fact]
    public async Task A_restore_that_waited_for_its_answer_does_not_replace_what_another_has_restored()
    {
        var (site, rows) = await StartAsync();
        await using var waiting = TestAccount.Start("script", ["-qec", ShellWords(site, site.RestoreWords().Where(word => word != "--yes")), "/dev/null"], new RunOptions { Environment = site.Cluster.ClientEnvironment, KeepsInputOpen = true });
        await Poll.UntilAsync(() => waiting.Stdout.Contains("old data", StringComparison.Ordinal), "it shows its plan");
        (await site.RestoreAsync()).EnsureSuccess();
        await site.Cluster.StopAsync();

        await waiting.TypeAsync("restore\n");
        var result = await waiting.WaitAsync();

        result.EnsureExitCode(2);
        Assert.Contains("has been at work since", result.Stdout, StringComparison.Ordinal);
        await site.Cluster.StartAsync();
        Assert.Equal(rows, await site.ContentAsync());
        Assert.Single(site.Asides);
    }

    private static string ShellWords(RestoreSite site, IEnumerable<string> words) => string.Join(
        ' ',
        [PgkeepBinary.FilePath, .. words, "--config", "/dev/null", "--backup-dir", site.Repository, "--restore-log", site.RestoreLog, "--bindir", site.Cluster.BinDirectory]);

    [Fact]
    public async Task A_rollback_that_waited_for_its_answer_does_not_undo_another_restore()
    {
        var (site, rows) = await StartAsync();
        (await site.RestoreAsync()).EnsureSuccess();
        await site.Cluster.StopAsync();
        string[] words = ["-qec", $"{PgkeepBinary.FilePath} restore rollback --config /dev/null --pgdata {site.DataDirectory}", "/dev/null"];
        await using var waiting = TestAccount.Start("script", words, new RunOptions { Environment = site.Cluster.ClientEnvironment, KeepsInputOpen = true });
        await Poll.UntilAsync(() => waiting.Stdout.Contains("rollback", StringComparison.Ordinal), "it asks");
        (await site.RestoreAsync()).EnsureSuccess();
        await site.Cluster.StopAsync();

        await waiting.TypeAsync("rollback\n");
        var result = await waiting.WaitAsync();

        result.EnsureExitCode(2);
        Assert.Contains("has been at work since", result.Stdout, StringComparison.Ordinal);
        await site.Cluster.StartAsync();
        Assert.Equal(rows, await site.ContentAsync());
    }

    private async Task<(RestoreSite Site, string Rows)> StartAsync()
    {
        var site = await RestoreSite.StartAsync(await GetWorkspaceAsync(), PostgresServers.Newest);
        await site.BackupAsync();
        await site.AddOrdersAsync();
        await site.ArchiveAsync();
        var rows = await site.ContentAsync();
        await site.Cluster.StopAsync();
        return (site, rows);
    }

    /// <summary>Stops the command at a moment, and lets it end when the others have been refused.</summary>
    private static async Task EnsureAloneAsync(RestoreSite site, string moment, IReadOnlyList<string> words)
    {
        await using var running = site.Start(words, wrapper: KillPoint.StopAfter(moment));
        await Poll.UntilAsync(() => Processes.IsStopped(running.ProcessId) || (running.HasEnded ? throw new Xunit.Sdk.XunitException(running.Stderr) : false), $"it stops after {moment}");
        foreach (var result in new[]
        {
            await site.RollbackAsync(),
            await site.RunAsync(["restore", "forget", "--all", "--yes", "--pgdata", site.DataDirectory]),
            await site.RestoreAsync("--dry-run"),
            await site.RestoreAsync(),
        })
        {
            Assert.Contains("another pgkeep is at work on", result.EnsureExitCode(Busy).Stderr, StringComparison.Ordinal);
        }

        running.Send(Signal.Continue);
        (await running.WaitAsync()).EnsureSuccess();
    }
}
