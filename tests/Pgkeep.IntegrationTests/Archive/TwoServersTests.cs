using Pgkeep.IntegrationTests.Harness;
using Xunit;

namespace Pgkeep.IntegrationTests.Archive;

/// <summary>A standby was promoted in the middle of a segment, and nobody has stopped the old primary: both archive into one repository.</summary>
public sealed class TwoServersTests : IntegrationTest
{
    [Theory, EachMajor]
    public async Task Nothing_is_overwritten_and_both_timelines_restore(int major)
    {
        var site = await StartAsync(major);
        var end = await site.PromoteAsync();
        await site.WriteAndArchiveAsync(site.Primary, "old");
        await site.WriteAndArchiveAsync(site.Standby, "new");

        // The segment of the promotion: whole from the old primary, cut from the new one, and with its beginning on the new timeline.
        await site.WaitForAsync(end);
        await site.WaitForAsync(end + ".partial");
        await site.WaitForAsync("00000002" + end[8..]);
        await site.WaitForAsync("00000002.history");
        Assert.Equal(["both", "old"], await site.RestoredAsync("1"));
        Assert.Equal(["both", "new"], await site.RestoredAsync("2"));
        Assert.Equal(0, await site.Standby.ScalarAsync<long>("SELECT failed_count FROM pg_stat_archiver"));
    }

    [Fact]
    public async Task A_second_promotion_to_the_same_timeline_is_refused_and_explained()
    {
        var site = await StartAsync(PostgresServers.Newest);
        var second = await StartStandbyAsync(site.Primary, "second");
        _ = await site.PromoteAsync();
        await site.WriteAndArchiveAsync(site.Standby, "new");
        var history = await File.ReadAllBytesAsync(site.StoredPath("00000002.history"), TestContext.Current.CancellationToken);
        await site.Primary.ExecuteAsync("INSERT INTO t VALUES ('old')");
        await site.Primary.WaitForReplayAsync(second);

        await second.ExecuteAsync("SELECT pg_promote()");

        await Poll.UntilAsync(() => second.ServerLog.Contains("00000002.history.gz\" holds other content", StringComparison.Ordinal), "its log says what is refused");
        Assert.Contains("a standby was promoted twice", second.ServerLog, StringComparison.Ordinal);
        Assert.Contains("ERROR: 00000002.history", await File.ReadAllTextAsync(Path.Combine(site.Archive, "archive.log"), TestContext.Current.CancellationToken), StringComparison.Ordinal);
        Assert.Equal(history, await File.ReadAllBytesAsync(site.StoredPath("00000002.history"), TestContext.Current.CancellationToken));
        Assert.Equal(0, await second.ScalarAsync<long>("SELECT archived_count FROM pg_stat_archiver"));
    }

    [Theory, EachMajor]
    public async Task With_the_new_timeline_s_first_segments_lost_no_recovery_follows_the_old_one(int major)
    {
        var site = await StartAsync(major);
        var end = await site.PromoteAsync();
        await site.WriteAndArchiveAsync(site.Primary, "old");
        await site.WriteAndArchiveAsync(site.Standby, "new");
        await site.WaitForAsync(end);
        var begin = "00000002" + end[8..];
        await site.WaitForAsync(begin);
        await site.StopAsync();
        File.Delete(site.StoredPath(begin));

        var refused = await site.RestoreAsync();
        Assert.Contains($"{begin}\" is missing", refused.EnsureExitCode(40).Stderr, StringComparison.Ordinal);
        Assert.Contains($"{begin}\" is missing", await site.FailToRestoreAsync("2", "--timeline 2"), StringComparison.Ordinal);

        // With the history alone the timeline ends where it began.
        foreach (var path in Directory.EnumerateFiles(site.Archive, "00000002????????????????.gz"))
        {
            File.Delete(path);
        }

        Assert.Equal(["both", "old"], await site.RestoredAsync("2", $"gunzip -c {site.Archive}/%f.gz > \"%p\""));
        var log = await site.FailToRestoreAsync("latest", "");
        Assert.Contains("get-wal --timeline 1", log, StringComparison.Ordinal);
        Assert.Contains("get-wal --timeline 2", log, StringComparison.Ordinal);
        Assert.Equal(["both"], await site.RestoredAsync("2"));
        Assert.Equal(["both"], await site.RestoredAsync("2", site.GetWal("--timeline 2")));
        Directory.Delete(site.Primary.DataDirectory, recursive: true);
        Assert.Contains("timeline 2's own WAL is missing: the restore ends at", (await site.RestoreAsync()).EnsureSuccess().Stderr, StringComparison.Ordinal);
        Assert.Equal(["both"], await site.Primary.QueryAsync<string>("SELECT origin FROM t ORDER BY origin"));
    }

    [Fact]
    public async Task A_hole_before_a_promotion_is_no_end_where_only_the_new_timeline_goes_on()
    {
        var site = await StartAsync(PostgresServers.Newest);
        await site.WaitForAsync(await site.Primary.SwitchWalAsync());
        await site.Primary.WaitForReplayAsync(site.Standby);
        await site.Primary.KillAsync();
        _ = await site.PromoteAsync();
        await site.WriteAndArchiveAsync(site.Standby, "new");
        await site.Standby.StopAsync();
        var lost = Directory.EnumerateFiles(site.Archive, "00000001????????????????.gz").Max(StringComparer.Ordinal)!;
        File.Delete(lost);

        Assert.Contains($"{lost[..^3]}\" is missing, and WAL of timeline 2, which goes on from there, is stored", await site.FailToRestoreAsync("2", ""), StringComparison.Ordinal);
    }

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
