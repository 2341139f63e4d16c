using Pgkeep.IntegrationTests.Harness;
using Xunit;

namespace Pgkeep.IntegrationTests.Documents;

/// <summary>Each command of docs/runbook.md, run after what the page says has happened.</summary>
public sealed class RunbookTests : IntegrationTest
{
    /// <summary>By the name above a block of commands: what happens before, and what must be true behind it.</summary>
    private static readonly Dictionary<string, Scenario> Scenarios = new()
    {
        ["first look"] = new(ArchiveAsync),
        ["does not start"] = new(BreakAsync, SameAsync, "restore"),
        ["deleted rows, find"] = new(DeleteAsync),
        ["deleted rows, restore"] = new(DeleteAsync, SameAsync, "restore"),
        ["deleted rows, time"] = new(DeleteAsync),
        ["dropped table"] = new(site => site.HaveAccidentAsync("DROP TABLE orders"), SameAsync, "restore"),
        ["copy beside"] = new(site => site.HaveAccidentAsync("DROP TABLE orders"), SameAsync, "restore"),
        ["disk gone"] = new(LoseDiskAsync, SameAsync, "restore"),
        ["wal survived"] = new(LoseDataAsync, SameAsync, "restore"),
        ["standby"] = new(LosePrimaryAsync),
        ["failed half-way"] = new(BreakOffAsync, RestartedAsync, "rollback"),
        ["wrong moment"] = new(RestoreTooFarBackAsync, SameAsync, "restore"),
        ["undo"] = new(RestoreTooFarBackAsync, RestartedAsync, "rollback"),
        ["archiving fails"] = new(StopArchivingAsync),
        ["archiving again"] = new(ArchiveAgainAsync),
        ["no space"] = new(GrowOldAsync),
        ["forget"] = new(RestoreTooFarBackAsync, ForgottenAsync, "forget"),
        ["drill"] = new(ArchiveAsync, IsReportedAsync),
        ["trust"] = new(ArchiveAsync),
        ["moved"] = new(MoveAsync),
        ["by hand"] = new(CopyByHandAsync, RunsByHandAsync),
    };

    public static TheoryData<string> Names => [.. RunbookBlock.All.Select(block => block.Scenario)];

    [Theory, MemberData(nameof(Names))]
    public async Task The_commands_do_what_the_page_says(string name)
    {
        Assert.True(Scenarios.TryGetValue(name, out var scenario), $"a block of commands has no scenario, or an unknown one: \"{name}\"");
        var block = RunbookBlock.All.Single(block => block.Scenario == name);
        var repository = await (await GetWorkspaceAsync()).CreateDirectoryAsync("repository");
        var cluster = await StartClusterAsync(PostgresServers.Newest, new ServerOptions { WalSegmentSizeInMiB = 1, ArchiveCommand = RepositorySite.ArchiveCommand(repository) });
        var site = await RunbookSite.StartAsync(cluster, repository);
        var before = await scenario.ArrangeAsync(site);

        var result = (await site.RunAsync(block.Commands, scenario.Typed)).EnsureSuccess();

        var lines = result.Stdout.Split('\n').Select(line => line.TrimEnd('\r')).ToList();
        Assert.All(block.Answer, begin => Assert.True(lines.Any(line => line.Contains(begin, StringComparison.Ordinal)), $"no line has \"{begin}\":\n{result.Stdout}"));
        await scenario.CheckAsync(site, before);
    }

    [Fact]
    public void Every_scenario_has_commands() => Assert.Equal(Scenarios.Keys.Order(StringComparer.Ordinal), RunbookBlock.All.Select(block => block.Scenario).Order(StringComparer.Ordinal));

    private static async Task<string> ArchiveAsync(RunbookSite site)
    {
        await site.OrderAsync();
        await site.ArchiveAsync();
        return "";
    }

    private static async Task<string> BreakAsync(RunbookSite site)
    {
        await site.OrderAsync();
        var before = await site.ContentAsync();
        await site.Cluster.KillAsync();
        File.Delete(Path.Combine(site.Cluster.DataDirectory, "global/pg_control"));
        return before;
    }

    private static Task<string> DeleteAsync(RunbookSite site) => site.HaveAccidentAsync("DELETE FROM orders WHERE i % 3 = 0");

    private static async Task<string> LoseDiskAsync(RunbookSite site)
    {
        await site.OrderAsync();
        var before = await site.ContentAsync();
        await site.Cluster.StopAsync();
        Directory.Delete(site.Cluster.DataDirectory, recursive: true);
        return before;
    }

    private static async Task<string> LoseDataAsync(RunbookSite site)
    {
        await StopArchivingAsync(site);
        var before = await site.ContentAsync();
        await site.Cluster.KillAsync();
        (await TestAccount.RunAsync("mv", [Path.Combine(site.Cluster.DataDirectory, "pg_wal"), site.Cluster.Workspace.PathOf("survived")])).EnsureSuccess();
        Directory.Delete(site.Cluster.DataDirectory, recursive: true);
        return before;
    }

    private static async Task<string> LosePrimaryAsync(RunbookSite site)
    {
        var standby = await PostgresCluster.StartStandbyAsync(site.Cluster);
        await site.OrderAsync();
        await site.Cluster.WaitForReplayAsync(standby);
        await site.Cluster.KillAsync();
        site.Addressed = standby;
        return "";
    }

    private static async Task<string> BreakOffAsync(RunbookSite site)
    {
        await site.OrderAsync();
        var before = await site.ContentAsync();
        await site.Cluster.StopAsync();
        string[] words = ["restore", "--yes", "--config", "/dev/null", "--backup-dir", site.Repository, "--pgdata", site.Cluster.DataDirectory, "--bindir", site.Cluster.BinDirectory];
        Assert.True(await KillPoint.KillAsync("syncfs:1", words, new RunOptions()));
        return before;
    }

    private static async Task<string> RestoreTooFarBackAsync(RunbookSite site)
    {
        var far = await site.NowAsync();
        await site.OrderAsync();
        var before = await site.ContentAsync();
        site.Mean("2025-01-08 12:29:59", await site.NowAsync());
        await site.Cluster.ExecuteAsync("CREATE TABLE after_it (i int)");
        await site.ArchiveAsync();
        (await site.RunAsync($"pgkeep restore --stop-server --target-time \"{far}\"", "restore")).EnsureSuccess();
        Assert.NotEqual(before, await site.ContentAsync());
        return before;
    }

    private static async Task<string> StopArchivingAsync(RunbookSite site)
    {
        await site.Cluster.ExecuteAsync("ALTER SYSTEM SET archive_command = 'false'");
        await site.Cluster.ExecuteAsync("SELECT pg_reload_conf()");
        await site.OrderAsync();
        await site.Cluster.SwitchWalAsync();
        await Poll.UntilAsync(() => site.Cluster.ScalarAsync<bool>("SELECT failed_count > 0 FROM pg_stat_archiver"), "archiving fails");
        return "";
    }

    private static async Task<string> ArchiveAgainAsync(RunbookSite site)
    {
        await StopArchivingAsync(site);
        await site.Cluster.ExecuteAsync("ALTER SYSTEM RESET archive_command");
        return "";
    }

    private static async Task<string> GrowOldAsync(RunbookSite site)
    {
        await ArchiveAsync(site);
        await site.BackupAsync();
        return "";
    }

    private static async Task<string> MoveAsync(RunbookSite site)
    {
        await ArchiveAsync(site);
        await site.Cluster.StopAsync();
        (await TestAccount.RunAsync("mv", [site.Repository, site.Cluster.Workspace.PathOf("rescue")])).EnsureSuccess();
        return "";
    }

    private static async Task<string> CopyByHandAsync(RunbookSite site)
    {
        await site.OrderAsync();
        await site.ArchiveAsync();
        var before = await site.ContentAsync();
        await site.Cluster.StopAsync();
        return before;
    }

    private static async Task RunsByHandAsync(RunbookSite site, string before)
    {
        await Poll.UntilAsync(async () => !await site.Cluster.ScalarAsync<bool>("SELECT pg_is_in_recovery()"), "the recovery is over");
        await SameAsync(site, before);
    }

    private static Task ForgottenAsync(RunbookSite site, string before)
    {
        Assert.Empty(Directory.EnumerateFileSystemEntries(site.Cluster.Workspace.Root, "data.before-*"));
        return Task.CompletedTask;
    }

    private static Task IsReportedAsync(RunbookSite site, string before)
    {
        Assert.NotEmpty(Directory.EnumerateFiles(Path.Combine(site.Repository, ".pgkeep", "drills"), "*.html"));
        return Task.CompletedTask;
    }

    private static async Task RestartedAsync(RunbookSite site, string before)
    {
        await site.Cluster.StartAsync();
        await SameAsync(site, before);
    }

    private static async Task SameAsync(RunbookSite site, string before) => Assert.Equal(before, await site.ContentAsync());

    private sealed class Scenario(Func<RunbookSite, Task<string>> arrangeAsync, Func<RunbookSite, string, Task>? checkAsync = null, string typed = "")
    {
        /// <summary>At the commands' questions.</summary>
        public string Typed => typed;

        /// <returns>What the orders must be again.</returns>
        public Task<string> ArrangeAsync(RunbookSite site) => arrangeAsync(site);

        public Task CheckAsync(RunbookSite site, string before) => checkAsync?.Invoke(site, before) ?? Task.CompletedTask;
    }
}
