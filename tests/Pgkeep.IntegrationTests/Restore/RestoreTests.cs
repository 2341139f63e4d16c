using System.Globalization;
using Pgkeep.IntegrationTests.Harness;
using Xunit;

namespace Pgkeep.IntegrationTests.Restore;

/// <summary>What comes back, and in which state, when a restore succeeds.</summary>
public sealed class RestoreTests : IntegrationTest
{
    [Theory, EachMajor]
    public async Task A_restore_to_latest_brings_every_row_back_and_leaves_a_cluster_that_works(int major)
    {
        var site = await StartSiteAsync(major);
        await site.BackupAsync();
        await site.Cluster.ExecuteAsync("ALTER SYSTEM SET work_mem = '5MB'");
        await site.BackupAsync();
        var configuration = await File.ReadAllBytesAsync(site.AutoConf, TestContext.Current.CancellationToken);
        await site.AddOrdersAsync();
        var before = await site.ContentAsync();

        var result = (await site.RestoreAsync("--stop-server")).EnsureSuccess();

        Assert.Equal(before, await site.ContentAsync());
        Assert.Equal(configuration, await File.ReadAllBytesAsync(site.AutoConf, TestContext.Current.CancellationToken));
        Assert.False(File.Exists(Path.Combine(site.DataDirectory, "recovery.signal")));
        Assert.False(File.Exists(Path.Combine(site.DataDirectory, "pgkeep-recovery.log")));
        Assert.Contains($"old data  {Assert.Single(site.Asides)}", result.Stdout, StringComparison.Ordinal);
        Assert.Contains($"journal   {Assert.Single(site.Journals)}", result.Stdout, StringComparison.Ordinal);
        Assert.Contains("Restore completed", await File.ReadAllTextAsync(site.RestoreLog, TestContext.Current.CancellationToken), StringComparison.Ordinal);
        Assert.StartsWith("00000002", await site.ArchiveAsync(), StringComparison.Ordinal);
        await site.BackupAsync();
    }

    [Theory, EachMajor]
    public async Task After_kill_9_of_the_server_latest_loses_no_committed_row(int major)
    {
        var site = await StartSiteAsync(major);
        await site.BackupAsync();
        await site.AddOrdersAsync();
        var before = await site.ContentAsync();
        await site.Cluster.KillAsync();

        (await site.RestoreAsync()).EnsureSuccess();

        Assert.Equal(before, await site.ContentAsync());
    }

    [Theory, EachMajor]
    public async Task Two_restores_in_a_row_give_timelines_2_and_3(int major)
    {
        var site = await StartSiteAsync(major);
        await site.BackupAsync();

        (await site.RestoreAsync("--stop-server")).EnsureSuccess();
        await site.AddOrdersAsync();
        var before = await site.ContentAsync();
        (await site.RestoreAsync("--stop-server")).EnsureSuccess();

        Assert.Equal(before, await site.ContentAsync());
        Assert.Equal("00000003", (await site.ArchiveAsync())[..8]);
    }

    [Theory, EachMajor]
    public async Task A_restore_to_a_moment_can_be_repeated_and_then_go_to_a_later_one(int major)
    {
        var site = await StartSiteAsync(major);
        await site.BackupAsync();
        await site.AddOrdersAsync();
        var (first, firstContent) = (await site.MarkMomentAsync(), await site.ContentAsync());
        await site.AddOrdersAsync();
        var (second, secondContent) = (await site.MarkMomentAsync(), await site.ContentAsync());
        await site.AddOrdersAsync();

        (await site.RestoreAsync("--stop-server", "--target-time", $"{first}+00")).EnsureSuccess();
        Assert.Equal(firstContent, await site.ContentAsync());
        (await site.RestoreAsync("--stop-server", "--target-time", $"{first}+00")).EnsureSuccess();
        Assert.Equal(firstContent, await site.ContentAsync());
        var later = (await site.RestoreAsync("--stop-server", "--target-time", $"{second}+00")).EnsureSuccess();

        Assert.Equal(secondContent, await site.ContentAsync());
        Assert.Contains("timeline 3 began after the target", later.Stderr, StringComparison.Ordinal);
    }

    [Theory, EachMajor]
    public async Task A_tablespace_made_after_the_backup_is_set_aside_and_comes_back_with_a_rollback(int major)
    {
        var site = await StartSiteAsync(major);
        await site.BackupAsync();
        var directory = await site.Cluster.CreateTablespaceAsync("young");
        await site.Cluster.ExecuteAsync("CREATE TABLE y TABLESPACE young AS SELECT i FROM generate_series(1, 1000) i");
        var moment = await site.MarkMomentAsync();
        await site.Cluster.ExecuteAsync("INSERT INTO y SELECT generate_series(1, 29000)");
        await site.Cluster.ExecuteAsync("CHECKPOINT");
        var before = await site.Cluster.ChecksumAsync("y");

        (await site.RestoreAsync("--stop-server", "--target-time", $"{moment}+00")).EnsureSuccess();
        Assert.Equal(1000, await site.Cluster.ScalarAsync<long>("SELECT count(*) FROM y"));
        await site.Cluster.ExecuteAsync("DELETE FROM y");
        await site.Cluster.ExecuteAsync("VACUUM y");
        await site.Cluster.ExecuteAsync("CHECKPOINT");
        (await site.RollbackAsync("--stop-server")).EnsureSuccess();
        await site.Cluster.StartAsync();

        Assert.Equal(before, await site.Cluster.ChecksumAsync("y"));
        Assert.NotEmpty(Directory.EnumerateFileSystemEntries(directory));
    }

    [Fact]
    public async Task The_backup_is_chosen_by_the_target_and_restored_to_the_microsecond_whatever_the_zone()
    {
        var site = await StartSiteAsync();
        var first = await site.BackupAsync();
        await site.AddOrdersAsync();
        var expected = await site.ContentAsync();
        var moment = await site.MarkMomentAsync();
        await site.AddOrdersAsync();
        await site.BackupAsync();
        var local = DateTime.Parse(moment, CultureInfo.InvariantCulture).AddHours(2).ToString("yyyy-MM-dd HH:mm:ss.ffffff", CultureInfo.InvariantCulture);

        var plan = (await site.RunAsync(
            ["restore", "--dry-run", "--stop-server", "--target-time", local], environment: new Dictionary<string, string> { ["TZ"] = "Etc/GMT-2" })).EnsureSuccess();
        var result = await site.RestoreAsync("--stop-server", "--target-time", moment + " UTC");

        Assert.Contains(Path.GetFileName(first), plan.Stdout, StringComparison.Ordinal);
        Assert.Contains($"({moment[11..].TrimEnd('0')} UTC)", plan.Stdout, StringComparison.Ordinal);
        result.EnsureSuccess();
        Assert.Equal(expected, await site.ContentAsync());
    }

    [Theory]
    [InlineData("name")]
    [InlineData("path")]
    [InlineData("path/")]
    [InlineData("latest")]
    [InlineData("latest path")]
    public async Task A_backup_can_be_named_in_every_way(string way)
    {
        var site = await StartSiteAsync();
        var backup = await site.BackupAsync();
        var named = way switch
        {
            "name" => Path.GetFileName(backup),
            "path" => backup,
            "path/" => backup + "/",
            "latest" => "latest",
            _ => Path.Combine(site.Repository, "latest"),
        };

        var plan = await site.RestoreAsync(named, "--stop-server", "--dry-run");

        Assert.Contains($"{Path.GetFileName(backup)}, as named", plan.EnsureSuccess().Stdout, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Restored_by_root_everything_belongs_to_the_server_s_account()
    {
        var site = await StartSiteAsync();
        await site.BackupAsync();
        var before = await site.ContentAsync();

        (await site.RestoreAsRootAsync("--stop-server")).EnsureSuccess();

        var foreign = await TestAccount.RunAsync("find", [site.Workspace.Root, "!", "-user", TestAccount.Name]);
        Assert.Equal("", foreign.EnsureSuccess().Stdout);
        Assert.Equal(before, await site.ContentAsync());
    }

    [Theory]
    [InlineData("lost")]
    [InlineData("empty")]
    [InlineData("pg_control lost")]
    [InlineData("PG_VERSION lost")]
    public async Task What_is_left_of_the_old_data_directory_does_not_matter(string damage)
    {
        var site = await StartSiteAsync();
        await site.BackupAsync();
        var before = await site.ContentAsync();
        await site.Cluster.StopAsync();
        string[] script = damage switch
        {
            "lost" => ["rm -rf \"$1\""],
            "empty" => ["rm -rf \"$1\" && mkdir -m 0755 \"$1\""],
            "pg_control lost" => ["rm \"$1/global/pg_control\""],
            _ => ["rm \"$1/PG_VERSION\""],
        };
        (await TestAccount.RunAsync("sh", ["-c", .. script, "sh", site.DataDirectory])).EnsureSuccess();

        (await site.RestoreAsync()).EnsureSuccess();

        Assert.Equal(before, await site.ContentAsync());
    }

    [Fact]
    public async Task A_data_directory_behind_a_link_stays_behind_it()
    {
        var site = await StartSiteAsync();
        await site.BackupAsync();
        var before = await site.ContentAsync();
        await site.Cluster.StopAsync();
        var real = site.Workspace.PathOf("real");
        (await TestAccount.RunAsync("sh", ["-c", "mv \"$1\" \"$2\" && ln -s \"$2\" \"$1\"", "sh", site.DataDirectory, real])).EnsureSuccess();

        (await site.RestoreAsync()).EnsureSuccess();

        Assert.Equal(real, new DirectoryInfo(site.DataDirectory).LinkTarget);
        await using var restored = PostgresCluster.Adopt(site.Workspace, site.Cluster.Major, real);
        Assert.True(restored.IsRunning);
        Assert.Equal(before, await site.ContentAsync());
    }

    [Fact]
    public async Task The_server_s_log_goes_on_where_it_was()
    {
        var site = await StartSiteAsync();
        await site.BackupAsync();
        var length = site.Cluster.ServerLog.Length;

        (await site.RestoreAsync("--stop-server")).EnsureSuccess();

        Assert.Contains("database system is ready to accept connections", site.Cluster.ServerLog[length..], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("recovery_target_name", "long ago")]
    [InlineData("recovery_target_time", "2001-01-01 00:00:00+00")]
    public async Task Old_recovery_and_standby_settings_change_nothing(string target, string value)
    {
        var site = await StartSiteAsync(settings: new Dictionary<string, string>
        {
            [target] = value,
            ["recovery_min_apply_delay"] = "1h",
            ["archive_cleanup_command"] = "false",
            ["recovery_end_command"] = "false",
            ["restore_command"] = "false",
            ["primary_conninfo"] = "host=nowhere.invalid",
        });
        await site.Cluster.ExecuteAsync("ALTER SYSTEM SET recovery_target_action = 'shutdown'");
        await site.BackupAsync();
        await site.AddOrdersAsync();
        var before = await site.ContentAsync();

        (await site.RestoreAsync("--stop-server")).EnsureSuccess();

        Assert.Equal(before, await site.ContentAsync());
        Assert.Contains("recovery_target_action = 'shutdown'", await File.ReadAllTextAsync(site.AutoConf, TestContext.Current.CancellationToken), StringComparison.Ordinal);
    }

    [Fact]
    public async Task After_a_rollback_the_cluster_s_own_timeline_is_restored_not_the_abandoned_one()
    {
        var site = await StartSiteAsync();
        await site.BackupAsync();
        (await site.RestoreAsync("--stop-server")).EnsureSuccess();
        await site.ArchiveAsync();
        (await site.RollbackAsync("--stop-server")).EnsureSuccess();
        await site.Cluster.StartAsync();
        await site.AddOrdersAsync();
        var before = await site.ContentAsync();

        (await site.RestoreAsync("--stop-server")).EnsureSuccess();

        Assert.Equal(before, await site.ContentAsync());
    }

    [Fact]
    public async Task A_segment_lost_from_the_archive_is_taken_from_the_old_pg_wal()
    {
        var site = await StartSiteAsync(settings: new Dictionary<string, string> { ["wal_keep_size"] = "512MB" });
        await site.BackupAsync();
        await site.AddOrdersAsync();
        var segment = await site.ArchiveAsync();
        await site.AddOrdersAsync();
        await site.ArchiveAsync();
        var before = await site.ContentAsync();
        File.Delete(Path.Combine(site.Archive, segment + ".gz"));

        (await site.RestoreAsync("--stop-server")).EnsureSuccess();

        Assert.Equal(before, await site.ContentAsync());
    }

    [Fact]
    public async Task The_history_of_a_timeline_that_was_never_archived_is_taken_from_the_old_pg_wal()
    {
        var site = await StartSiteAsync();
        await site.BackupAsync();
        (await site.RestoreAsync("--stop-server")).EnsureSuccess();
        await site.Cluster.ExecuteAsync("ALTER SYSTEM SET archive_command = 'false'");
        await site.Cluster.ExecuteAsync("SELECT pg_reload_conf()");
        await site.AddOrdersAsync();
        var before = await site.ContentAsync();
        await site.Cluster.KillAsync();
        foreach (var file in Directory.EnumerateFiles(site.Archive, "00000002*"))
        {
            File.Delete(file);
        }

        (await site.RestoreAsync()).EnsureSuccess();

        Assert.Equal(before, await site.ContentAsync());
    }

    [Fact]
    public async Task A_broken_backup_env_does_not_reach_the_recovery()
    {
        var site = await StartSiteAsync();
        await site.BackupAsync();
        var before = await site.ContentAsync();
        var configuration = await site.Workspace.WriteFileAsync("backup.env", $"BACKUP_DIR={site.Repository}\n");
        await using var running = site.Start(site.RestoreWords("--stop-server", "--config", configuration));
        await Poll.UntilAsync(() => running.HasEnded || site.Asides.Count > 0, "the old cluster is aside");
        await File.WriteAllTextAsync(configuration, "BACKUP_DIR=$(false)\n", TestContext.Current.CancellationToken);

        (await running.WaitAsync()).EnsureSuccess();

        Assert.Equal(before, await site.ContentAsync());
    }

    [Fact]
    public async Task A_log_that_cannot_be_written_is_told_once_and_does_not_stop_the_restore()
    {
        var site = await StartSiteAsync();
        await site.BackupAsync();

        var result = (await site.RestoreAsync("--stop-server", "--restore-log", site.Workspace.PathOf("none/restore.log"))).EnsureSuccess();

        Assert.Single(result.Stderr.Split('\n'), line => line.StartsWith("warning:", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_configuration_outside_the_data_directory_is_used_and_a_missing_one_is_named()
    {
        var site = await StartSiteAsync();
        var folder = await site.Workspace.CreateDirectoryAsync("etc");
        await site.Cluster.StopAsync();
        (await TestAccount.RunAsync(
            "sh",
            ["-c", "mv \"$1/postgresql.conf\" \"$1/pg_hba.conf\" \"$1/pg_ident.conf\" \"$2\" && printf \"data_directory='$1'\\nhba_file='$2/pg_hba.conf'\\nident_file='$2/pg_ident.conf'\\n\" >> \"$2/postgresql.conf\"", "sh", site.DataDirectory, folder])).EnsureSuccess();
        var start = await TestAccount.RunAsync(
            Path.Combine(site.Cluster.BinDirectory, "pg_ctl"), ["start", "-w", "-D", folder, "-l", site.Cluster.LogFile]);
        start.EnsureSuccess();
        await site.BackupAsync();
        await site.AddOrdersAsync();
        var before = await site.ContentAsync();

        (await site.RestoreAsync("--stop-server")).EnsureSuccess();
        var after = await site.ContentAsync();
        File.Move(Path.Combine(folder, "pg_hba.conf"), Path.Combine(folder, "gone"));
        var refused = await site.RestoreAsync("--stop-server");

        Assert.Equal(before, after);
        Assert.Equal(10, refused.ExitCode);
        Assert.Contains("pg_hba.conf", refused.Stderr, StringComparison.Ordinal);
    }

    private async Task<RestoreSite> StartSiteAsync(int? major = null, IReadOnlyDictionary<string, string>? settings = null) =>
        await RestoreSite.StartAsync(await GetWorkspaceAsync(), major ?? PostgresServers.Newest, settings);
}
