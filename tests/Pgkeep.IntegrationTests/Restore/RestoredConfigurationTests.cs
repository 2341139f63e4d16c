using System.Text.Json.Nodes;
using Pgkeep.IntegrationTests.Harness;
using Xunit;

namespace Pgkeep.IntegrationTests.Restore;

/// <summary>Restores with a configuration, or on a machine, that does not quite fit the backup.</summary>
public sealed class RestoredConfigurationTests : IntegrationTest
{
    [Theory, EachMajor]
    public async Task Targets_of_other_kinds_left_in_both_configuration_files_change_nothing(int major)
    {
        var site = await StartSiteAsync(major, new Dictionary<string, string> { ["recovery_target_name"] = "long ago", ["recovery_target_inclusive"] = "off" });
        await site.Cluster.ExecuteAsync("ALTER SYSTEM SET recovery_target_time = '2001-01-01 00:00:00+00'");
        await site.Cluster.ExecuteAsync("ALTER SYSTEM SET recovery_target_timeline = '7'");
        await site.BackupAsync();
        await site.AddOrdersAsync();
        var expected = await site.ContentAsync();
        var xid = await site.Cluster.ScalarAsync<string>("INSERT INTO nothing VALUES (1) RETURNING pg_current_xact_id()::text");
        await site.AddOrdersAsync();

        (await site.RestoreAsync("--stop-server", "--target-xid", xid, "--target-exclusive")).EnsureSuccess();

        Assert.Equal(expected, await site.ContentAsync());
    }

    [Theory, EachMajor]
    public async Task Limits_below_those_of_the_server_that_wrote_the_WAL_do_not_stop_the_recovery(int major)
    {
        var site = await StartSiteAsync(major, new Dictionary<string, string> { ["max_connections"] = "200", ["max_prepared_transactions"] = "20", ["max_locks_per_transaction"] = "128" });
        foreach (var setting in new[] { "max_connections = 10", "max_worker_processes = 1", "max_wal_senders = 1", "max_prepared_transactions = 0", "max_locks_per_transaction = 10" })
        {
            await site.Cluster.ExecuteAsync($"ALTER SYSTEM SET {setting}");
        }

        await site.BackupAsync();
        await site.AddOrdersAsync();
        var before = await site.ContentAsync();

        (await site.RestoreAsync("--stop-server")).EnsureSuccess();

        Assert.Equal(before, await site.ContentAsync());
        Assert.Equal("10", await site.Cluster.ScalarAsync<string>("SHOW max_connections"));
    }

    [Theory, EachMajor]
    public async Task A_cluster_that_always_archives_does_not_archive_what_it_is_given_back(int major)
    {
        // The server says of the second line that it passes it over, wherever its configuration is read.
        var site = await StartSiteAsync(major, new Dictionary<string, string> { ["archive_mode"] = "always", ["include_if_exists"] = "nowhere.conf" });
        await site.BackupAsync();
        await site.AddOrdersAsync();
        var before = await site.ContentAsync();
        await site.ArchiveAsync();
        await site.Cluster.StopAsync();

        (await site.RestoreAsync("--no-start")).EnsureSuccess();

        Assert.Contains("archive_mode = 'on'", await File.ReadAllTextAsync(site.AutoConf, TestContext.Current.CancellationToken), StringComparison.Ordinal);
        (await site.RollbackAsync()).EnsureSuccess();
        (await site.RestoreAsync()).EnsureSuccess();
        Assert.Equal(before, await site.ContentAsync());
        Assert.Equal("always", await site.Cluster.ScalarAsync<string>("SHOW archive_mode"));
    }

    [Fact]
    public async Task A_library_that_ordered_the_text_in_another_version_is_named_in_the_plan()
    {
        var site = await StartSiteAsync(PostgresServers.Newest);
        var backup = await site.BackupAsync();
        var same = await site.RestoreAsync("--stop-server", "--dry-run");
        var recorded = JsonNode.Parse(await File.ReadAllTextAsync(Path.Combine(backup, "backup_metadata.json"), TestContext.Current.CancellationToken))!["cluster"]!["collation_versions"]!["libc"]!.ToString();
        await RestoreSite.DoctorAsync(backup, "backup_metadata.json", path => File.WriteAllText(path, File.ReadAllText(path).Replace($"\"libc\": \"{recorded}\"", "\"libc\": \"2.19\"", StringComparison.Ordinal)));

        var other = await site.RestoreAsync("--stop-server", "--dry-run");

        Assert.DoesNotContain("REINDEX", same.EnsureSuccess().Stderr, StringComparison.Ordinal);
        Assert.Contains($"ordered by libc 2.19, and this machine has {recorded}", other.EnsureSuccess().Stderr, StringComparison.Ordinal);
    }

    private async Task<RestoreSite> StartSiteAsync(int major, IReadOnlyDictionary<string, string>? settings = null) =>
        await RestoreSite.StartAsync(await GetWorkspaceAsync(), major, settings);
}
