using Pgkeep.IntegrationTests.Harness;
using Xunit;

namespace Pgkeep.IntegrationTests.Backup;

/// <summary>Backups taken from a standby, into the repository that its primary archives into, or not.</summary>
public sealed class StandbyBackupTests : BackupTest
{
    private static readonly ServerOptions Primary = new()
    {
        WalSegmentSizeInMiB = 1,
        Settings = new Dictionary<string, string> { ["wal_keep_size"] = "512MB" },
    };

    [Theory, EachMajor]
    public async Task It_restores_to_the_latest_moment_and_to_a_chosen_one(int major)
    {
        var (site, standby) = await StartAsync(major, Primary);
        await using var load = new WriteLoad(site.Cluster);
        await Poll.UntilAsync(() => site.Cluster.ScalarAsync<bool>("SELECT to_regclass('account') IS NOT NULL"), "the load has begun");
        await site.Cluster.WaitForReplayAsync(standby.Cluster);
        var backup = (await standby.BackupAsync()).EnsureSuccess();
        await load.EndAsync();
        Assert.Contains("restores any moment from", backup.Stdout, StringComparison.Ordinal);
        var then = await ClusterContent.ReadAsync(site.Cluster);
        await site.Cluster.ExecuteAsync("SELECT pg_sleep(0.01)");
        var moment = await site.Cluster.ScalarAsync<string>("SELECT clock_timestamp()::text");
        await site.Cluster.ExecuteAsync("CREATE TABLE later AS SELECT 1 AS i");
        await site.SwitchAndArchiveAsync();
        var latest = await ClusterContent.ReadAsync(site.Cluster);
        await standby.Cluster.StopAsync();
        Directory.Delete(standby.Cluster.DataDirectory, recursive: true);

        (await RestoreAsync(standby)).EnsureSuccess();
        Assert.Equal(latest, await ClusterContent.ReadAsync(standby.Cluster));
        await WriteLoad.EnsureWholeAsync(standby.Cluster);
        await ClusterContent.EnsurePagesAsync(standby.Cluster);

        (await RestoreAsync(standby, "--target-time", moment, "--stop-server")).EnsureSuccess();
        Assert.Equal(then, await ClusterContent.ReadAsync(standby.Cluster));
    }

    [Theory, EachMajor]
    public async Task Through_the_connection_and_without_an_archive_it_restores_to_what_the_standby_had(int major)
    {
        var (site, standby) = await StartAsync(major, Primary with { Settings = new Dictionary<string, string>(Primary.Settings) { ["archive_mode"] = "off" } });
        await site.Cluster.ExecuteAsync("CREATE TABLE t AS SELECT i, md5(i::text) FROM generate_series(1, 50000) i");
        await site.Cluster.WaitForReplayAsync(standby.Cluster);
        var content = await ClusterContent.ReadAsync(standby.Cluster);

        var backup = await standby.BackupAsync("--source", "sql", "--archive-wait", "1s");
        Assert.Contains("no later moment", backup.EnsureSuccess().Stdout, StringComparison.Ordinal);
        await site.Cluster.ExecuteAsync("DROP TABLE t");
        await site.Cluster.WaitForReplayAsync(standby.Cluster);
        (await RestoreAsync(standby, "--stop-server")).EnsureSuccess();

        Assert.Equal(content, await ClusterContent.ReadAsync(standby.Cluster));
        Assert.False(await standby.Cluster.ScalarAsync<bool>("SELECT pg_is_in_recovery()"));
    }

    [Theory, EachMajor]
    public async Task Through_pg_basebackup_it_restores_to_the_latest_moment(int major)
    {
        var (site, standby) = await StartAsync(major, Primary);
        await using var load = new WriteLoad(site.Cluster);
        await Poll.UntilAsync(() => site.Cluster.ScalarAsync<bool>("SELECT to_regclass('account') IS NOT NULL"), "the load has begun");
        await site.Cluster.WaitForReplayAsync(standby.Cluster);
        var backup = (await standby.BackupAsync("--source", "pg_basebackup", "--bindir", PostgresServers.ClientDirectory(major))).EnsureSuccess();
        await load.EndAsync();
        Assert.Contains("restores any moment from", backup.Stdout, StringComparison.Ordinal);
        await site.Cluster.ExecuteAsync("CREATE TABLE later AS SELECT 1 AS i");
        await site.SwitchAndArchiveAsync();
        var latest = await ClusterContent.ReadAsync(site.Cluster);
        await standby.Cluster.StopAsync();
        Directory.Delete(standby.Cluster.DataDirectory, recursive: true);

        (await RestoreAsync(standby)).EnsureSuccess();

        Assert.Equal(latest, await ClusterContent.ReadAsync(standby.Cluster));
        await WriteLoad.EnsureWholeAsync(standby.Cluster);
        await ClusterContent.EnsurePagesAsync(standby.Cluster);
    }

    [Theory, EachMajor]
    public async Task Through_pg_basebackup_and_without_an_archive_it_restores_to_its_own_end(int major)
    {
        var (site, standby) = await StartAsync(major, Primary with { Settings = new Dictionary<string, string>(Primary.Settings) { ["archive_mode"] = "off" } });
        await site.Cluster.ExecuteAsync("CREATE TABLE t AS SELECT i, md5(i::text) FROM generate_series(1, 50000) i");
        await site.Cluster.ExecuteAsync("CHECKPOINT");
        await site.Cluster.WaitForReplayAsync(standby.Cluster);
        await standby.Cluster.ExecuteAsync("CHECKPOINT");
        var content = await ClusterContent.ReadAsync(standby.Cluster);

        var backup = await standby.BackupAsync("--source", "pg_basebackup", "--bindir", PostgresServers.ClientDirectory(major), "--archive-wait", "1s");
        Assert.Contains("no later moment", backup.EnsureSuccess().Stdout, StringComparison.Ordinal);
        await site.Cluster.ExecuteAsync("DROP TABLE t");
        await site.Cluster.WaitForReplayAsync(standby.Cluster);
        (await RestoreAsync(standby, "--stop-server")).EnsureSuccess();

        Assert.Equal(content, await ClusterContent.ReadAsync(standby.Cluster));
        Assert.False(await standby.Cluster.ScalarAsync<bool>("SELECT pg_is_in_recovery()"));
    }

    [Fact]
    public async Task Through_pg_basebackup_a_promotion_in_the_middle_fails_the_backup_and_leaves_nothing()
    {
        var (_, standby) = await StartAsync(PostgresServers.Newest, Primary);
        await using var backup = PgkeepBinary.Start(["backup", "--source", "pg_basebackup", "--bindir", PostgresServers.ClientDirectory(PostgresServers.Newest), "--max-rate", "8MB"], new RunOptions { Environment = standby.Environment });
        // Before the server reads files the backup has not begun for it, and a promotion would come too early.
        await Poll.UntilAsync(
            () => standby.Cluster.ScalarAsync<bool>("SELECT EXISTS (SELECT FROM pg_stat_progress_basebackup WHERE phase = 'streaming database files')"), "the backup copies files");

        await standby.Cluster.ExecuteAsync("SELECT pg_promote()");
        var result = await backup.WaitAsync();

        Assert.NotEqual(0, result.ExitCode);
        Assert.Contains("promoted during online backup", result.Stderr, StringComparison.Ordinal);
        Assert.Empty(standby.Backups);
        Assert.Empty(RepositoryNames.LeftoversIn(standby.Repository));
    }

    [Theory, EachMajor]
    public async Task A_promotion_in_the_middle_fails_the_backup_and_leaves_nothing(int major)
    {
        var (_, standby) = await StartAsync(major, Primary);
        await using var backup = PgkeepBinary.Start(["backup", "--max-rate", "8MB"], new RunOptions { Environment = standby.Environment });
        await Poll.UntilAsync(
            () => Directory.EnumerateDirectories(standby.Repository, ".backup_*").Any(directory => File.Exists(Path.Combine(directory, "base.tar.gz"))), "the backup copies files");

        await standby.Cluster.ExecuteAsync("SELECT pg_promote()");
        var result = await backup.WaitAsync();

        AssertRefusal(result, 22, "the standby was promoted while the backup ran");
        Assert.Empty(standby.Backups);
        Assert.Empty(RepositoryNames.LeftoversIn(standby.Repository));
        await Poll.UntilAsync(async () => await SlotsAsync(standby) == 0, "the slot is gone");
    }

    [Theory]
    [InlineData("files")]
    [InlineData("sql")]
    public async Task A_promotion_of_its_upstream_in_the_middle_fails_the_backup_and_leaves_nothing(string source)
    {
        var (_, upstream) = await StartAsync(PostgresServers.Newest, Primary);
        var standby = new RepositorySite(await StartStandbyAsync(upstream.Cluster, "cascaded"), upstream.Repository);
        await using var backup = PgkeepBinary.Start(["backup", "--source", source, "--max-rate", "4MB", "--archive-wait", "1s"], new RunOptions { Environment = standby.Environment });
        await Poll.UntilAsync(
            () => Directory.EnumerateDirectories(standby.Repository, ".backup_*").Any(directory => File.Exists(Path.Combine(directory, "base.tar.gz"))), "the backup copies files");

        await upstream.Cluster.ExecuteAsync("SELECT pg_promote()");
        await upstream.Cluster.ExecuteAsync("CREATE TABLE later AS SELECT i FROM generate_series(1, 1000) i");
        await upstream.Cluster.WaitForReplayAsync(standby.Cluster);
        Assert.False(backup.HasEnded);
        var result = await backup.WaitAsync();

        AssertRefusal(result, 22, "the standby went over from timeline 1 to 2");
        Assert.Empty(standby.Backups);
        Assert.Empty(RepositoryNames.LeftoversIn(standby.Repository));
        await standby.Cluster.ExecuteAsync("CHECKPOINT");
    }

    [Theory, EachMajor]
    public async Task A_primary_without_full_page_writes_is_refused(int major)
    {
        var (site, standby) = await StartAsync(major, Primary with { Settings = new Dictionary<string, string>(Primary.Settings) { ["full_page_writes"] = "off" } });
        await site.Cluster.ExecuteAsync("CREATE TABLE t (i int)");
        await site.Cluster.ExecuteAsync("CHECKPOINT");
        await site.Cluster.WaitForReplayAsync(standby.Cluster);

        AssertRefusal(await standby.BackupAsync(), 22, "full_page_writes = on at the primary");
        Assert.Empty(standby.Backups);
    }

    [Fact]
    public async Task A_stale_clone_in_the_standbys_place_is_refused()
    {
        var (_, standby) = await StartAsync(PostgresServers.Newest, Primary);
        var place = standby.Cluster.DataDirectory;
        // The server goes on in its directory, whatever that is called; the clone has even its postmaster.pid.
        (await TestAccount.RunAsync("cp", ["-a", place, place + ".clone"])).EnsureSuccess();
        Directory.Move(place, place + ".own");
        Directory.Move(place + ".clone", place);
        try
        {
            AssertRefusal(await standby.BackupAsync("--source", "files"), 22, "is not the connected server's");
            Assert.Empty(standby.Backups);
        }
        finally
        {
            Directory.Move(place, place + ".clone");
            Directory.Move(place + ".own", place);
        }

        (await standby.BackupAsync("--source", "files", "--archive-wait", "1s")).EnsureSuccess();
    }

    [Fact]
    public async Task A_restore_point_is_for_primaries()
    {
        var (site, standby) = await StartAsync(PostgresServers.Newest, Primary);
        await site.SwitchAndArchiveAsync();

        AssertRefusal(await PgkeepBinary.RunAsync(["restore-point", "x"], new RunOptions { Environment = standby.Environment }), 22, "standby", "primary");
    }

    [Fact]
    public async Task A_standby_on_a_second_timeline_brings_its_history()
    {
        var (site, standby) = await StartAsync(PostgresServers.Newest, Primary);
        await site.SwitchAndArchiveAsync();
        await site.Cluster.StopAsync();
        await TestAccount.WriteFileAsync(Path.Combine(site.Cluster.DataDirectory, "standby.signal"), "");
        await site.Cluster.StartAsync();
        await site.Cluster.ExecuteAsync("SELECT pg_promote()");
        await site.Cluster.ExecuteAsync("CHECKPOINT");
        await site.SwitchAndArchiveAsync();
        await site.Cluster.ExecuteAsync("CREATE TABLE t AS SELECT 1 AS i");
        await site.Cluster.ExecuteAsync("CHECKPOINT");
        await site.Cluster.WaitForReplayAsync(standby.Cluster);
        File.Delete(Path.Combine(site.Archive, "00000002.history.gz"));

        (await standby.BackupAsync()).EnsureSuccess();

        Assert.True(File.Exists(Path.Combine(site.Archive, "00000002.history.gz")));
        var listing = (await TestAccount.RunAsync("tar", ["tzf", Path.Combine(standby.Backups[^1], "pg_wal.tar.gz")])).EnsureSuccess().Stdout;
        Assert.Contains("00000002.history\n", listing, StringComparison.Ordinal);
    }

    private async Task<(RepositorySite Site, RepositorySite Standby)> StartAsync(int major, ServerOptions options)
    {
        var site = await StartSiteAsync(major, options);
        return (site, new RepositorySite(await StartStandbyAsync(site.Cluster), site.Repository));
    }

    private static Task<long> SlotsAsync(RepositorySite site) => site.Cluster.ScalarAsync<long>("SELECT count(*) FROM pg_replication_slots WHERE slot_name LIKE 'pgkeep%'");

    private static Task<ProgramResult> RestoreAsync(RepositorySite standby, params string[] options) => PgkeepBinary.RunAsync(
        ["restore", "--yes", "--pgdata", standby.Cluster.DataDirectory, "--bindir", standby.Cluster.BinDirectory, "--restore-log", standby.Cluster.Workspace.PathOf("restore.log"), .. options],
        new RunOptions { Environment = standby.Environment });
}
