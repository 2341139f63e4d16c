using Pgkeep.IntegrationTests.Harness;
using Xunit;

namespace Pgkeep.IntegrationTests.Archive;

/// <summary>Recoveries by hand with get-wal, as the manual describes them, one after another from one archive: each promotes itself and archives its history.</summary>
public sealed class HandRecoveryTests : IntegrationTest
{
    private int _recoveries;

    [Theory, EachMajor]
    public async Task A_second_one_may_end_earlier_in_the_same_segment(int major)
    {
        var site = await StartAsync(major);
        foreach (var statement in new[] { "INSERT INTO t VALUES ('a')", "SELECT pg_create_restore_point('early')", "INSERT INTO t VALUES ('b')", "SELECT pg_create_restore_point('late')", "INSERT INTO t VALUES ('c')" })
        {
            await site.Cluster.ExecuteAsync(statement);
        }

        var first = await site.SwitchAndArchiveAsync();
        await site.Cluster.ExecuteAsync("INSERT INTO t VALUES ('d')");
        await site.SwitchAndArchiveAsync();
        await site.Cluster.StopAsync();

        Assert.Equal(["a", "b"], await RecoverAsync(site, "", "recovery_target_name = 'late'"));
        await WaitForAsync(site, "00000002.history");
        Assert.False(File.Exists(Stored(site, "00000002" + first[8..])));

        // Along timeline 2, of which nothing but the history is stored.
        Assert.Equal(["a"], await RecoverAsync(site, "", "recovery_target_name = 'early'"));
        await WaitForAsync(site, "00000003.history");
        Assert.Equal(["a"], await RecoverAsync(site, "", "recovery_target_name = 'early'"));
        await WaitForAsync(site, "00000004.history");

        // What the old timeline has behind is not left out without a word.
        Assert.Contains("goes on behind", await FailToRecoverAsync(site, ""), StringComparison.Ordinal);
        // A target behind the end of the timeline is the server's own to refuse.
        Assert.Contains("recovery ended before configured recovery target was reached", await FailToRecoverAsync(site, "recovery_target_timeline = '3'\nrecovery_target_name = 'late'"), StringComparison.Ordinal);

        Assert.Equal(["a", "b"], await RecoverAsync(site, "--timeline 2", "recovery_target_timeline = '2'"));
        Assert.Equal(["a", "b"], await RecoverAsync(site, "", "recovery_target_timeline = '2'"));
        Assert.Equal(["a", "b", "c", "d"], await RecoverAsync(site, "--timeline 1", "recovery_target_timeline = '1'"));
    }

    [Theory, EachMajor]
    public async Task What_a_receiver_got_behind_a_recovered_copy_s_switch_is_not_left_out_without_a_word(int major)
    {
        var site = await StartAsync(major);
        var received = new ReceiveSite(site.Cluster, site.Repository);
        await using (var receiver = await received.StartStreamingAsync())
        {
            await site.Cluster.ExecuteAsync("INSERT INTO t VALUES ('both')");
            await received.WaitUntilReceivedAsync();
            Assert.Equal(["both"], await RecoverAsync(site, "", ""));
            await WaitForAsync(site, "00000002.history");
            await site.Cluster.ExecuteAsync("INSERT INTO t VALUES ('production')");
            await received.WaitUntilReceivedAsync();
            await site.Cluster.KillAsync();
            await ReceiveSite.EndAsync(receiver);
        }

        foreach (var timeline in new[] { "1", "latest" })
        {
            var log = await FailToRecoverAsync(site, $"recovery_target_timeline = '{timeline}'");
            Assert.Contains("recovery_target_timeline = '1', and get-wal --timeline 1 in", log, StringComparison.Ordinal);
            Assert.Contains("recovery_target_timeline = '2', and get-wal --timeline 2 in", log, StringComparison.Ordinal);
        }

        Assert.Equal(["both", "production"], await RecoverAsync(site, "--timeline 1", "recovery_target_timeline = '1'"));
        Assert.Equal(["both"], await RecoverAsync(site, "--timeline 2", "recovery_target_timeline = '2'"));
    }

    private static string Stored(RepositorySite site, string name) => Path.Combine(site.Archive, name + ".gz");

    private static Task WaitForAsync(RepositorySite site, string name) => Poll.UntilAsync(() => File.Exists(Stored(site, name)), $"{name} is stored");

    private async Task<RepositorySite> StartAsync(int major)
    {
        var repository = await (await GetWorkspaceAsync()).CreateDirectoryAsync("repository");
        var site = new RepositorySite(await StartClusterAsync(major, new ServerOptions { WalSegmentSizeInMiB = 1, ArchiveCommand = RepositorySite.ArchiveCommand(repository) }), repository);
        await site.Cluster.ExecuteAsync("CREATE TABLE t (origin text)");
        (await site.BackupAsync()).EnsureSuccess();
        return site;
    }

    /// <summary>A server that has recovered, and dies without having finished a segment.</summary>
    /// <returns>What it has.</returns>
    private async Task<IReadOnlyList<string>> RecoverAsync(RepositorySite site, string options, string settings)
    {
        await using var recovered = await PrepareAsync(site, options, settings);
        await recovered.StartAsync();
        await Poll.UntilAsync(async () => !await recovered.ScalarAsync<bool>("SELECT pg_is_in_recovery()"), "the recovery is over");
        var rows = await recovered.QueryAsync<string>("SELECT origin FROM t ORDER BY origin");
        await Poll.UntilAsync(async () => await recovered.ScalarAsync<bool>("SELECT count(*) = 0 FROM pg_ls_archive_statusdir() WHERE name LIKE '%.history.ready'"), "its history is archived");
        await recovered.KillAsync();
        return rows;
    }

    /// <returns>What its server has logged.</returns>
    private async Task<string> FailToRecoverAsync(RepositorySite site, string settings)
    {
        await using var recovered = await PrepareAsync(site, "", settings);
        try
        {
            await recovered.StartAsync();
        }
        catch (Xunit.Sdk.XunitException)
        {
            // It may be dead before it takes connections, or after.
        }

        await Poll.UntilAsync(() => !recovered.IsRunning, "the recovery is stopped");
        return recovered.ServerLog;
    }

    private async Task<PostgresCluster> PrepareAsync(RepositorySite site, string options, string settings)
    {
        var target = site.Cluster.Workspace.PathOf($"recovered-{++_recoveries}");
        await HandRestore.UnpackAsync(site.Backups[0], target);
        await HandRestore.AppendSettingsAsync(
            target,
            $"""
            restore_command = 'BACKUP_DIR={site.Repository} {PgkeepBinary.FilePath} get-wal {options} %f "%p"'
            recovery_target_action = 'promote'
            {settings}
            """);
        await TestAccount.WriteFileAsync(Path.Combine(target, "recovery.signal"), "");
        return PostgresCluster.Adopt(site.Cluster.Workspace, site.Cluster.Major, target);
    }
}
