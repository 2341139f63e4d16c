using Pgkeep.IntegrationTests.Harness;
using Xunit;

namespace Pgkeep.IntegrationTests.Backup;

/// <summary>A backup shows that WAL arrives before it copies, and never takes a server that has nothing to archive for one that cannot.</summary>
public sealed class ArchivingProofTests : BackupTest
{
    private static readonly ServerOptions Small = new() { WalSegmentSizeInMiB = 1 };

    [Theory, EachMajor]
    public async Task An_idle_server_whose_archive_is_new_is_backed_up(int major)
    {
        var site = await StartSiteAsync(major, Small with { ArchiveCommand = "true" });
        await SwitchAndWaitAsync(site);
        await SetArchiveCommandAsync(site, RepositorySite.ArchiveCommand(site.Repository));

        (await site.BackupAsync()).EnsureSuccess();
    }

    [Theory, EachMajor]
    public async Task A_broken_archive_of_an_idle_server_is_noticed_before_the_copy(int major)
    {
        var site = await StartSiteAsync(major);
        await site.TakeBackupAsync();
        await SwitchAndWaitAsync(site);
        await SetArchiveCommandAsync(site, "true");

        var result = await site.BackupAsync("--archive-wait", "1s");

        AssertRefusal(result, 43, "was not archived within 1 s", "archive_command");
        Assert.DoesNotContain("Base backup completed", result.Stderr, StringComparison.Ordinal);
        Assert.Empty(RepositoryNames.LeftoversIn(site.Repository));
    }

    [Fact]
    public async Task A_role_that_may_not_switch_is_not_stopped_by_an_idle_server()
    {
        var site = await StartSiteAsync();
        await site.Cluster.ExecuteAsync("CREATE ROLE plain LOGIN; GRANT pg_read_all_settings TO plain; GRANT EXECUTE ON FUNCTION pg_backup_start, pg_backup_stop TO plain");
        await SwitchAndWaitAsync(site);

        (await site.BackupAsync("--user", "plain")).EnsureSuccess();
    }

    [Fact]
    public async Task An_archive_command_that_fails_is_named_with_segment_and_reason()
    {
        var site = await StartSiteAsync();
        await site.SwitchAndArchiveAsync();
        await SetArchiveCommandAsync(site, $"BACKUP_DIR={site.Repository} {PgkeepBinary.FilePath} archive-wal %p.gone %f");

        var segment = await site.Cluster.SwitchWalAsync();
        await Poll.UntilAsync(() => HasFailedAsync(site), "archiving has failed");

        AssertRefusal(await site.BackupAsync("--archive-wait", "1s"), 43, segment, "failures so far", ".gone");
    }

    [Theory, EachMajor]
    public async Task A_backup_waits_for_an_archive_command_that_was_just_repaired(int major)
    {
        var site = await StartSiteAsync(major, Small with { ArchiveCommand = "false" });
        var directory = site.Cluster.Workspace.PathOf("repaired");
        await SetArchiveCommandAsync(site, $"test -d {directory} && {RepositorySite.ArchiveCommand(site.Repository).Replace("BACKUP_DIR", "env BACKUP_DIR", StringComparison.Ordinal)}");
        await site.Cluster.SwitchWalAsync();
        await Poll.UntilAsync(() => site.Cluster.ScalarAsync<bool>("SELECT failed_count >= 3 FROM pg_stat_archiver"), "the archiver has given up for a minute");

        await site.Cluster.Workspace.CreateDirectoryAsync("repaired");
        var result = await site.BackupAsync("--archive-wait", "20s");

        Assert.Contains("Waiting for the server to archive again", result.EnsureSuccess().Stderr, StringComparison.Ordinal);
    }

    [Theory, EachMajor]
    public async Task A_history_that_was_deleted_by_age_is_stored_again(int major)
    {
        var site = await StartSiteAsync(major);
        await site.SwitchAndArchiveAsync();
        await PromoteToSecondTimelineAsync(site);
        var history = Path.Combine(site.Archive, "00000002.history.gz");
        await Poll.UntilAsync(() => File.Exists(history), "the history is archived");
        await site.TakeBackupAsync();
        (await TestAccount.RunAsync("touch", ["-d", "5 days ago", history])).EnsureSuccess();
        (await TestAccount.RunAsync("find", [site.Archive, "-type", "f", "-mtime", "+3", "-delete"])).EnsureSuccess();
        Assert.False(File.Exists(history));

        var backup = await site.TakeBackupAsync();

        Assert.True(File.Exists(history));
        var listing = (await TestAccount.RunAsync("tar", ["tzf", Path.Combine(backup, "pg_wal.tar.gz")])).EnsureSuccess().Stdout;
        Assert.Contains("00000002.history\n", listing, StringComparison.Ordinal);
    }

    private static Task<bool> HasFailedAsync(RepositorySite site) => site.Cluster.ScalarAsync<bool>("SELECT failed_count > 0 FROM pg_stat_archiver");

    /// <summary>Leaves the server at the beginning of a segment, with all before it archived in its own opinion.</summary>
    private static async Task SwitchAndWaitAsync(RepositorySite site)
    {
        var segment = await site.Cluster.SwitchWalAsync();
        await Poll.UntilAsync(() => site.Cluster.ScalarAsync<bool>($"SELECT coalesce(last_archived_wal >= '{segment}', false) FROM pg_stat_archiver"), $"{segment} is archived");
    }

    private static async Task SetArchiveCommandAsync(RepositorySite site, string command)
    {
        await site.Cluster.ExecuteAsync($"ALTER SYSTEM SET archive_command = '{command}'");
        await site.Cluster.ExecuteAsync("SELECT pg_reload_conf()");
        await Poll.UntilAsync(() => site.Cluster.ScalarAsync<bool>($"SELECT current_setting('archive_command') = '{command}'"), "the command is known");
    }

    private static async Task PromoteToSecondTimelineAsync(RepositorySite site)
    {
        await site.Cluster.StopAsync();
        await TestAccount.WriteFileAsync(Path.Combine(site.Cluster.DataDirectory, "standby.signal"), "");
        await site.Cluster.StartAsync();
        await site.Cluster.ExecuteAsync("SELECT pg_promote()");
        await site.Cluster.ExecuteAsync("CHECKPOINT");
    }
}
