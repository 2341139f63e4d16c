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

    [Fact]
    public async Task So_does_archiving_that_was_turned_on_after_a_restore_on_its_timeline()
    {
        var site = await RestoreAndArchiveAsync();
        Assert.False(File.Exists(History(site)));
        await site.AddOrdersAsync();
        await site.ArchiveAsync();
        var content = await site.ContentAsync();
        var moment = await site.MarkMomentAsync();
        await site.AddOrdersAsync();
        await site.ArchiveAsync();
        var latest = await site.ContentAsync();

        (await site.RestoreAsync("--stop-server")).EnsureSuccess();
        Assert.Equal(latest, await site.ContentAsync());

        (await site.RestoreAsync("--stop-server", "--target-time", moment + "+00")).EnsureSuccess();
        Assert.Equal(content, await site.ContentAsync());
    }

    [Fact]
    public async Task Where_the_history_or_a_segment_is_missing_it_is_named()
    {
        var site = await RestoreAndArchiveAsync();
        var own = site.Latest;
        await site.AddOrdersAsync();
        var first = await site.ArchiveAsync();
        await site.AddOrdersAsync();
        var second = await site.ArchiveAsync();
        var moment = await site.MarkMomentAsync();
        await site.Cluster.StopAsync();
        string[] words = [own, "--dry-run"];
        var away = site.DataDirectory + ".away";

        Directory.Move(site.DataDirectory, away);
        var latest = await site.RestoreAsync(words);
        var target = await site.RestoreAsync([.. words, "--target-time", moment + "+00"]);
        Assert.Contains("00000002.history\" is missing, though the archive has segments of timeline 2", latest.EnsureSuccess().Stdout + latest.Stderr, StringComparison.Ordinal);
        Assert.Contains("the backup's own end: what was archived later cannot be reached", latest.Stdout + latest.Stderr, StringComparison.Ordinal);
        Assert.NotEqual(0, target.ExitCode);
        Assert.Contains("00000002.history\" is missing", target.Stderr, StringComparison.Ordinal);

        Directory.Move(away, site.DataDirectory);
        await site.Cluster.StartAsync();
        await site.BackupAsync();
        await site.Cluster.StopAsync();
        Directory.Move(site.DataDirectory, away);
        Assert.True(File.Exists(History(site)));
        foreach (var segment in Directory.EnumerateFiles(site.Archive, "00000002*").Where(path => !path.EndsWith("history.gz", StringComparison.Ordinal) && string.CompareOrdinal(Path.GetFileName(path), second) < 0))
        {
            File.Delete(segment);
        }

        latest = await site.RestoreAsync(words);
        target = await site.RestoreAsync([.. words, "--target-time", moment + "+00"]);
        Assert.Contains("is missing, and later segments are stored: the archive has a hole: the restore leads to the backup's own end", latest.EnsureSuccess().Stdout + latest.Stderr, StringComparison.Ordinal);
        Assert.NotEqual(0, target.ExitCode);
        Assert.Contains("is missing, and later segments are stored", target.Stderr, StringComparison.Ordinal);
        Assert.NotEqual(first, second);
    }

    private static string History(RestoreSite site) => Path.Combine(site.Archive, "00000002.history.gz");

    /// <summary>A backup without archiving, restored; then archiving is turned on, which does not archive the history that the restore began.</summary>
    private async Task<RestoreSite> RestoreAndArchiveAsync()
    {
        var site = await StartAsync(PostgresServers.Newest);
        await site.BackupAsync();
        (await site.RestoreAsync("--stop-server")).EnsureSuccess();
        await site.Cluster.ExecuteAsync("ALTER SYSTEM SET archive_mode = on");
        await site.Cluster.StopAsync();
        await site.Cluster.StartAsync();
        return site;
    }

    private static Task<string> LogAsync(RestoreSite site) =>
        File.ReadAllTextAsync(Path.Combine(site.Repository, "backup.log"), TestContext.Current.CancellationToken);

    private async Task<RestoreSite> StartAsync(int major, Dictionary<string, string>? settings = null) =>
        await RestoreSite.StartAsync(await GetWorkspaceAsync(), major, settings ?? new() { ["archive_mode"] = "off" });
}
