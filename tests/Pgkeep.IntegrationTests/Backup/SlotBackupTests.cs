using Pgkeep.IntegrationTests.Harness;
using Xunit;

namespace Pgkeep.IntegrationTests.Backup;

/// <summary>Where nobody archives, a replication slot keeps the WAL of the backup; it never stays behind.</summary>
public sealed class SlotBackupTests : BackupTest
{
    private static readonly Dictionary<string, string> NoArchiving = new() { ["archive_mode"] = "off" };

    private static readonly ServerOptions Small = new() { WalSegmentSizeInMiB = 1, Settings = NoArchiving };

    [Theory]
    [InlineData("files")]
    [InlineData("sql")]
    public async Task Large_segments_are_packed_whole(string source)
    {
        var site = await StartSiteAsync(options: Small with { WalSegmentSizeInMiB = 64 });
        await site.Cluster.ExecuteAsync("CREATE TABLE t AS SELECT i, md5(i::text) FROM generate_series(1, 10000) i");
        var content = await ClusterContent.ReadAsync(site.Cluster);

        (await site.BackupAsync("--source", source)).EnsureSuccess();
        var target = site.Cluster.Workspace.PathOf("by-hand");
        await HandRestore.UnpackAsync(site.Backups[^1], target);
        await using var server = PostgresCluster.Adopt(site.Cluster.Workspace, site.Cluster.Major, target);
        await server.StartAsync();

        Assert.Equal(content, await ClusterContent.ReadAsync(server));
        Assert.Equal(0, await SlotsAsync(site));
    }

    [Fact]
    public async Task A_role_that_may_not_is_told_all_it_lacks_and_then_may()
    {
        var site = await StartSiteAsync(options: Small);
        await site.Cluster.ExecuteAsync("CREATE ROLE plain LOGIN");
        var refused = await site.BackupAsync("--user", "plain");
        AssertRefusal(refused, 30, "ALTER ROLE plain REPLICATION;", "GRANT EXECUTE ON FUNCTION");
        var told = refused.Stderr.Split('\n').First(line => line.Contains("ALTER ROLE", StringComparison.Ordinal));

        await site.Cluster.ExecuteAsync(told[Math.Min(told.IndexOf("GRANT", StringComparison.Ordinal), told.IndexOf("ALTER", StringComparison.Ordinal))..]);

        (await site.BackupAsync("--user", "plain")).EnsureSuccess();
    }

    [Fact]
    public async Task A_server_without_a_free_slot_is_refused_before_anything_is_copied()
    {
        var site = await StartSiteAsync(options: Small with { Settings = new Dictionary<string, string>(NoArchiving) { ["max_replication_slots"] = "1" } });
        await site.Cluster.ExecuteAsync("SELECT pg_create_physical_replication_slot('taken')");

        AssertRefusal(await site.BackupAsync(), 22, "max_replication_slots");
        Assert.Empty(site.Backups);
        Assert.Empty(RepositoryNames.LeftoversIn(site.Repository));
    }

    [Theory, EachMajor]
    public async Task A_server_that_gives_up_the_WAL_fails_the_backup(int major)
    {
        var settings = new Dictionary<string, string>(NoArchiving) { ["max_slot_wal_keep_size"] = "2MB", ["max_wal_size"] = "2MB", ["min_wal_size"] = "2MB" };
        var site = await StartSiteAsync(major, Small with { Settings = settings });
        await using var backup = PgkeepBinary.Start(["backup", "--max-rate", "10MB"], new RunOptions { Environment = site.Environment });
        await WaitForCopyAsync(site);

        await site.Cluster.ExecuteAsync("CREATE TABLE t AS SELECT i, repeat('x', 100) FROM generate_series(1, 100000) i");
        await site.Cluster.ExecuteAsync("CHECKPOINT");
        var result = await backup.WaitAsync();

        AssertRefusal(result, 20, "max_slot_wal_keep_size");
        Assert.Empty(site.Backups);
        Assert.Empty(RepositoryNames.LeftoversIn(site.Repository));
    }

    [Theory]
    [InlineData((int)Signal.Terminate)]
    [InlineData((int)Signal.Kill)]
    public async Task The_slot_ends_with_a_backup_that_is_ended(int signal)
    {
        var site = await StartSiteAsync(options: Small);
        await using var backup = PgkeepBinary.Start(["backup", "--max-rate", "10kB"], new RunOptions { Environment = site.Environment });
        await WaitForCopyAsync(site);
        Assert.Equal(1, await SlotsAsync(site));

        backup.Send((Signal)signal);
        await backup.WaitAsync();

        await Poll.UntilAsync(async () => await SlotsAsync(site) == 0, "the slot is gone");
    }

    private static Task WaitForCopyAsync(RepositorySite site) => Poll.UntilAsync(
        () => Directory.EnumerateDirectories(site.Repository, ".backup_*").Any(directory => File.Exists(Path.Combine(directory, "base.tar.gz"))),
        "the backup copies files");

    private static Task<long> SlotsAsync(RepositorySite site) => site.Cluster.ScalarAsync<long>("SELECT count(*) FROM pg_replication_slots WHERE slot_name LIKE 'pgkeep%'");
}
