using Pgkeep.IntegrationTests.Harness;
using Xunit;

namespace Pgkeep.IntegrationTests.Restore;

/// <summary>A server that archives nothing: its backups hold all the WAL they need, and lead to their own end.</summary>
public sealed class OwnWalTests : IntegrationTest
{
    [Theory, EachMajor]
    public async Task A_backup_without_archiving_restores_to_its_own_end(int major)
    {
        var site = await StartAsync(major);
        await using var load = new WriteLoad(site.Cluster);
        var backup = (await site.RunAsync(["backup"])).EnsureSuccess();
        await load.EndAsync();
        Assert.Contains("no archiving: restores to its own end", backup.Stdout, StringComparison.Ordinal);
        Assert.Contains("] No archiving (archive_mode is off): this backup restores to its own end", await LogAsync(site), StringComparison.Ordinal);
        await site.Cluster.ExecuteAsync("DELETE FROM orders");

        (await site.RestoreAsync("--stop-server")).EnsureSuccess();

        Assert.Equal(5000, await site.Cluster.ScalarAsync<long>("SELECT count(*) FROM orders"));
        await WriteLoad.EnsureWholeAsync(site.Cluster);
        await ClusterContent.EnsurePagesAsync(site.Cluster);
    }

    [Theory, EachMajor]
    public async Task So_does_one_through_the_connection_where_no_archive_ever_was(int major)
    {
        var site = await StartAsync(major, new() { ["archive_mode"] = "on", ["archive_command"] = "" });
        var content = await site.ContentAsync();
        (await site.RunAsync(["backup", "--source", "sql"])).EnsureSuccess();
        Directory.Delete(site.Archive, recursive: true);
        await site.AddOrdersAsync();

        (await site.RestoreAsync("--stop-server")).EnsureSuccess();

        Assert.Equal(content, await site.ContentAsync());
    }

    [Fact]
    public async Task A_later_moment_is_refused_with_the_reason_and_nothing_is_touched()
    {
        var site = await StartAsync(PostgresServers.Newest);
        await site.BackupAsync();
        await site.AddOrdersAsync();
        var later = await site.MarkMomentAsync();
        await site.Cluster.StopAsync();
        var before = await site.FingerprintAsync();

        var chosen = await site.RestoreAsync("--target-time", later + "+00");
        var named = await site.RestoreAsync(site.Latest, "--target-time", later + "+00");

        Assert.Contains("no WAL was archived that leads there", chosen.EnsureExitCode(51).Stderr, StringComparison.Ordinal);
        Assert.Contains("no WAL was archived that leads there", named.EnsureExitCode(51).Stderr, StringComparison.Ordinal);
        Assert.Equal(before, await site.FingerprintAsync());
    }

    [Fact]
    public async Task List_and_check_say_what_such_a_backup_cannot()
    {
        var site = await StartAsync(PostgresServers.Newest);
        await site.BackupAsync();

        var list = (await site.RunAsync(["list"])).EnsureSuccess().Stdout;
        var check = await site.RunAsync(["check", "--max-disk-used", "100"]);

        Assert.Contains("ok, no later moment", list, StringComparison.Ordinal);
        Assert.Contains("archive_mode is off: a backup restores to its own end", check.EnsureSuccess().Stdout, StringComparison.Ordinal);
        Assert.StartsWith("OK", check.Stdout, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Archiving_that_was_turned_on_after_the_backup_leads_further()
    {
        var site = await StartAsync(PostgresServers.Newest);
        await site.BackupAsync();
        await site.Cluster.ExecuteAsync("ALTER SYSTEM SET archive_mode = on");
        await site.Cluster.StopAsync();
        await site.Cluster.StartAsync();
        await site.AddOrdersAsync();
        await site.ArchiveAsync();
        var content = await site.ContentAsync();

        (await site.RestoreAsync("--stop-server")).EnsureSuccess();

        Assert.Equal(content, await site.ContentAsync());
    }

    private static Task<string> LogAsync(RestoreSite site) =>
        File.ReadAllTextAsync(Path.Combine(site.Repository, "backup.log"), TestContext.Current.CancellationToken);

    private async Task<RestoreSite> StartAsync(int major, Dictionary<string, string>? settings = null) =>
        await RestoreSite.StartAsync(await GetWorkspaceAsync(), major, settings ?? new() { ["archive_mode"] = "off" });
}
