using System.Text.Json;
using Pgkeep.IntegrationTests.Harness;
using Xunit;

namespace Pgkeep.IntegrationTests.Backup;

/// <summary>A restore point is told only when its WAL is in the archive.</summary>
public sealed class RestorePointTests : BackupTest
{
    [Theory, EachMajor]
    public async Task A_recovery_to_the_name_ends_exactly_there(int major)
    {
        var site = await StartSiteAsync(major);
        await site.Cluster.ExecuteAsync("CREATE TABLE t AS SELECT 1 AS i");
        var backup = await site.TakeBackupAsync();
        await site.Cluster.ExecuteAsync("INSERT INTO t VALUES (2)");
        (await RunAsync(site, "before it")).EnsureSuccess();
        await site.Cluster.ExecuteAsync("INSERT INTO t VALUES (3)");
        await site.SwitchAndArchiveAsync();

        var target = site.Cluster.Workspace.PathOf("by-hand");
        await HandRestore.UnpackAsync(backup, target);
        await HandRestore.ShellAsync("""touch "$1/recovery.signal" """, target);
        var fetch = $"BACKUP_DIR={site.Repository} {PgkeepBinary.FilePath} get-wal %f %p";
        await HandRestore.AppendSettingsAsync(
            target, $"archive_mode = off\nrestore_command = '{fetch}'\nrecovery_target_name = 'before it'\nrecovery_target_action = promote");
        await using var server = PostgresCluster.Adopt(site.Cluster.Workspace, major, target);
        await server.StartAsync();
        await Poll.UntilAsync(() => server.ScalarAsync<bool>("SELECT NOT pg_is_in_recovery()"), "the server is promoted");

        Assert.Equal(2, await server.ScalarAsync<int>("SELECT max(i) FROM t"));
    }

    [Theory, EachMajor]
    public async Task The_answer_names_position_time_and_the_archived_segment(int major)
    {
        var site = await StartSiteAsync(major);
        await site.SwitchAndArchiveAsync();

        using var answer = JsonDocument.Parse((await RunAsync(site, "ü", "--json")).EnsureSuccess().Stdout);

        var segment = answer.RootElement.GetProperty("segment").GetString();
        Assert.True(answer.RootElement.GetProperty("archived").GetBoolean());
        Assert.True(File.Exists(Path.Combine(site.Archive, segment + ".gz")));
        Assert.Equal(segment, await site.Cluster.ScalarAsync<string>($"SELECT pg_walfile_name('{answer.RootElement.GetProperty("lsn").GetString()}')"));
        Assert.True(await site.Cluster.ScalarAsync<bool>($"SELECT abs(extract(epoch FROM now() - '{answer.RootElement.GetProperty("time").GetString()}'::timestamptz)) < 60"));
    }

    [Fact]
    public async Task A_name_of_63_bytes_is_the_longest()
    {
        var site = await StartSiteAsync();
        await site.SwitchAndArchiveAsync();

        (await RunAsync(site, new string('x', 63))).EnsureSuccess();
        AssertRefusal(await RunAsync(site, new string('x', 62) + "ü"), 2, "64 bytes");
    }

    [Fact]
    public async Task An_archive_that_does_not_get_it_is_a_failure()
    {
        var site = await StartSiteAsync();
        await site.SwitchAndArchiveAsync();
        await site.Cluster.ExecuteAsync("ALTER SYSTEM SET archive_command = 'true'");
        await site.Cluster.ExecuteAsync("SELECT pg_reload_conf()");
        await Poll.UntilAsync(() => site.Cluster.ScalarAsync<bool>("SELECT current_setting('archive_command') = 'true'"), "the command is known");

        AssertRefusal(await RunAsync(site, "x", "--archive-wait", "1s"), 43, "was not archived within 1 s");
    }

    [Fact]
    public async Task A_role_without_rights_is_told_the_grant()
    {
        var site = await StartSiteAsync();
        await site.SwitchAndArchiveAsync();
        await site.Cluster.ExecuteAsync("CREATE ROLE plain LOGIN");

        AssertRefusal(await RunAsync(site, "x", "--user", "plain"), 30, "GRANT EXECUTE ON FUNCTION pg_create_restore_point(text), pg_switch_wal() TO plain");
    }

    private static Task<ProgramResult> RunAsync(RepositorySite site, string name, params string[] options) =>
        PgkeepBinary.RunAsync(["restore-point", name, .. options], new RunOptions { Environment = site.Environment });
}
