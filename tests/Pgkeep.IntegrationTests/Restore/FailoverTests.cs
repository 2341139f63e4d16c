using Pgkeep.IntegrationTests.Archive;
using Pgkeep.IntegrationTests.Harness;
using Xunit;

namespace Pgkeep.IntegrationTests.Restore;

/// <summary>Restores with a repository into which a standby archives that was promoted in the middle of a segment.</summary>
public sealed class FailoverTests : IntegrationTest
{
    [Theory, EachMajor]
    public async Task What_the_old_server_wrote_behind_a_promotion_stays_in_its_own_data_directory(int major)
    {
        var site = await StartAsync(major);
        // The promotion comes where a segment begins: the recovery asks for that one.
        await site.WaitForAsync(await site.Primary.SwitchWalAsync());
        await site.Primary.ExecuteAsync("ALTER SYSTEM SET archive_command = 'false'");
        await site.Primary.ExecuteAsync("SELECT pg_reload_conf()");
        await site.Primary.WaitForReplayAsync(site.Standby);
        var end = await site.PromoteAsync();
        await site.WaitForAsync("00000002.history");
        await site.Standby.KillAsync();
        await site.Primary.ExecuteAsync("INSERT INTO t VALUES ('old'); CREATE TABLE also AS SELECT i, md5(i::text) FROM generate_series(1, 30000) i");
        await site.Primary.SwitchWalAsync();
        await site.Primary.KillAsync();
        var own = SegmentsOf(site.Primary.DataDirectory).Where(name => string.CompareOrdinal(name, end) > 0).ToList();
        Assert.NotEmpty(own);

        var restored = (await site.RestoreAsync()).EnsureSuccess();

        Assert.Equal(["both"], await site.Primary.QueryAsync<string>("SELECT origin FROM t"));
        Assert.Contains("no part of this restore, and kept in the old data directory only", restored.Stderr, StringComparison.Ordinal);
        var aside = Assert.Single(Directory.EnumerateDirectories(site.Primary.Workspace.Root, "data.before-*"));
        Assert.Empty(own.Except(SegmentsOf(aside)));
        await site.WaitForAsync(await site.Primary.SwitchWalAsync());
        Assert.DoesNotContain(own, name => File.Exists(site.StoredPath(name)));
    }

    [Theory, EachMajor]
    public async Task A_moment_in_the_last_segment_of_a_lost_server_is_reached_through_the_next_timeline(int major)
    {
        var site = await StartAsync(major);
        var (moment, end) = await FailOverAsync(site);
        Assert.False(File.Exists(site.StoredPath(end)));
        await site.WaitForAsync("00000002" + end[8..]);
        await site.WaitForAsync(end + ".partial");
        await site.Standby.StopAsync();
        Directory.Delete(site.Primary.DataDirectory, recursive: true);

        var first = (await site.RestoreAsync("--target-time", moment)).EnsureSuccess();
        Assert.Equal(["both", "first"], await OriginsAsync(site));
        Assert.Contains("timeline 2 began after the target, but of timeline 1 the archive has nothing behind", first.Stderr, StringComparison.Ordinal);

        // Again, with what the restored server has archived since.
        await site.WriteAndArchiveAsync(site.Primary, "restored");
        (await site.RestoreAsync("--target-time", moment)).EnsureSuccess();
        Assert.Equal(["both", "first"], await OriginsAsync(site));

        // Its pg_wal has segments that were used on an earlier timeline, some of them under the number that they had.
        (await site.RestoreAsync()).EnsureSuccess();
        Assert.Equal(["both", "first"], await OriginsAsync(site));
    }

    [Fact]
    public async Task So_is_it_when_two_servers_were_lost_in_the_same_segment()
    {
        var site = await StartAsync(PostgresServers.Newest);
        var second = await StartStandbyAsync(site.Standby, "second");
        var (moment, end) = await FailOverAsync(site, async () =>
        {
            await site.Standby.WaitForReplayAsync(second);
            await site.Standby.KillAsync();
            await second.ExecuteAsync("SELECT pg_promote()");
            await second.ExecuteAsync("INSERT INTO t VALUES ('third')");
            await site.WaitForAsync(await second.SwitchWalAsync());
            await second.StopAsync();
        });
        Assert.True(File.Exists(site.StoredPath("00000003" + end[8..])));
        Assert.False(File.Exists(site.StoredPath("00000002" + end[8..])));
        Directory.Delete(site.Primary.DataDirectory, recursive: true);

        (await site.RestoreAsync("--target-time", moment)).EnsureSuccess();

        Assert.Equal(["both", "first"], await OriginsAsync(site));
    }

    [Fact]
    public async Task Where_a_restore_left_a_timeline_at_a_target_a_later_moment_on_it_is_not_taken_from_the_new_one()
    {
        var site = await StartAsync(PostgresServers.Newest);
        await site.Standby.StopAsync();
        await site.Primary.ExecuteAsync("ALTER SYSTEM SET archive_command = 'false'");
        await site.Primary.ExecuteAsync("SELECT pg_reload_conf()");
        var first = await WriteAndMarkAsync(site.Primary, "first");
        var second = await WriteAndMarkAsync(site.Primary, "second");
        await site.Primary.ExecuteAsync("INSERT INTO t VALUES ('third')");
        await site.Primary.KillAsync();
        (await site.RestoreAsync("--target-time", first)).EnsureSuccess();
        Assert.Equal(["both", "first"], await OriginsAsync(site));
        await site.WriteAndArchiveAsync(site.Primary, "restored");

        var refused = await site.RestoreAsync("--target-time", second);

        Assert.Contains("would not be reached", refused.EnsureExitCode(51).Stderr, StringComparison.Ordinal);
        Assert.Contains("without a target the restore follows timeline 2", refused.Stderr, StringComparison.Ordinal);
        Assert.DoesNotContain("leave it out", refused.Stderr, StringComparison.Ordinal);
        Assert.Equal(["both", "first", "restored"], await OriginsAsync(site));
    }

    [Fact]
    public async Task What_a_receiver_had_of_the_lost_server_may_go_when_the_next_timeline_has_it()
    {
        var repository = await (await GetWorkspaceAsync()).CreateDirectoryAsync("repository");
        var primary = await StartClusterAsync(PostgresServers.Newest, new ServerOptions { WalSegmentSizeInMiB = 1, ArchiveCommand = RepositorySite.ArchiveCommand(repository) });
        (await new RepositorySite(primary, repository).BackupAsync()).EnsureSuccess();
        var site = new TwoServersSite(new RepositorySite(primary, repository), await StartStandbyAsync(primary));
        var receiving = new ReceiveSite(primary, repository);
        var receiver = await receiving.StartStreamingAsync();
        await site.WriteCommonAsync();
        var (moment, end) = await FailOverAsync(site, killAsync: async () =>
        {
            await receiving.WaitUntilReceivedAsync();
            await site.Primary.KillAsync();
            receiver.Send(Signal.Kill);
            await receiver.WaitAsync();
            await receiver.DisposeAsync();
        });
        Assert.Contains(end, receiving.Receiving);

        (await PgkeepBinary.RunAsync(
            ["receive-wal", "--drop-slot"], new RunOptions { Environment = new Dictionary<string, string>(site.Standby.ClientEnvironment) { ["BACKUP_DIR"] = repository } })).EnsureSuccess();
        Assert.Empty(receiving.Receiving);
        await site.Standby.StopAsync();
        Directory.Delete(site.Primary.DataDirectory, recursive: true);

        (await site.RestoreAsync("--target-time", moment)).EnsureSuccess();

        Assert.Equal(["both", "first"], await OriginsAsync(site));
    }

    private static Task<IReadOnlyList<string>> OriginsAsync(TwoServersSite site) => site.Primary.QueryAsync<string>("SELECT origin FROM t ORDER BY origin");

    /// <returns>A moment behind the row, with its zone.</returns>
    private static async Task<string> WriteAndMarkAsync(PostgresCluster cluster, string origin)
    {
        await cluster.ExecuteAsync($"INSERT INTO t VALUES ('{origin}')");
        await cluster.ExecuteAsync("SELECT pg_sleep(0.01)");
        return await cluster.ScalarAsync<string>("SELECT to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US') || '+00' FROM pg_sleep(0.01)");
    }

    /// <summary>The primary is lost in the middle of a segment, behind a row, a moment and an accident that its standby has too, which takes over and archives.</summary>
    /// <param name="thenAsync">What happens to the standby before it has filled a segment.</param>
    private static async Task<(string Moment, string End)> FailOverAsync(TwoServersSite site, Func<Task>? thenAsync = null, Func<Task>? killAsync = null)
    {
        var moment = await WriteAndMarkAsync(site.Primary, "first");
        await site.Primary.ExecuteAsync("INSERT INTO t VALUES ('accident')");
        await site.Primary.WaitForReplayAsync(site.Standby);
        await (killAsync ?? site.Primary.KillAsync)();
        var end = await site.PromoteAsync();
        await site.WaitForAsync("00000002.history");
        await (thenAsync ?? (() => site.WriteAndArchiveAsync(site.Standby, "new")))();
        return (moment, end);
    }

    private static IReadOnlyList<string> SegmentsOf(string dataDirectory) =>
        [.. Directory.EnumerateFiles(Path.Combine(dataDirectory, "pg_wal", "archive_status"), "00000001????????????????.ready").Select(path => Path.GetFileNameWithoutExtension(path)).Order(StringComparer.Ordinal)];

    private async Task<TwoServersSite> StartAsync(int major)
    {
        var repository = await (await GetWorkspaceAsync()).CreateDirectoryAsync("repository");
        var primary = await StartClusterAsync(major, new ServerOptions { WalSegmentSizeInMiB = 1, ArchiveCommand = RepositorySite.ArchiveCommand(repository) });
        (await new RepositorySite(primary, repository).BackupAsync()).EnsureSuccess();
        var site = new TwoServersSite(new RepositorySite(primary, repository), await StartStandbyAsync(primary));
        await site.WriteCommonAsync();
        return site;
    }
}
