using Pgkeep.IntegrationTests.Harness;
using Xunit;

namespace Pgkeep.IntegrationTests.Archive;

/// <summary>A standby was promoted in the middle of a segment, and nobody has stopped the old primary: both archive into one repository.</summary>
public sealed class TwoServersTests : IntegrationTest
{
    private string _repository = "";

    private string Archive => Path.Combine(_repository, "wal_archive");

    [Theory, EachMajor]
    public async Task Nothing_is_overwritten_and_both_timelines_restore(int major)
    {
        var (primary, standby) = await StartAsync(major);
        var end = await PromoteAsync(standby);
        await WriteAndArchiveAsync(primary, "old");
        await WriteAndArchiveAsync(standby, "new");

        // The segment of the promotion: whole from the old primary, cut from the new one, and with its beginning on the new timeline.
        await Poll.UntilAsync(() => File.Exists(Path.Combine(Archive, end + ".gz")), $"the old primary's {end}");
        await Poll.UntilAsync(() => File.Exists(Path.Combine(Archive, end + ".partial.gz")), $"the new primary's {end}.partial");
        await Poll.UntilAsync(() => File.Exists(Path.Combine(Archive, "00000002" + end[8..] + ".gz")), "the segment on the new timeline");
        await Poll.UntilAsync(() => File.Exists(Path.Combine(Archive, "00000002.history.gz")), "the history");
        var backup = Directory.EnumerateDirectories(_repository, "backup_*").Single();
        Assert.Equal(["both", "old"], await RestoredAsync(major, backup, "1"));
        Assert.Equal(["both", "new"], await RestoredAsync(major, backup, "2"));
        Assert.Equal(0, await standby.ScalarAsync<long>("SELECT failed_count FROM pg_stat_archiver"));
    }

    [Fact]
    public async Task A_second_promotion_to_the_same_timeline_is_refused_and_explained()
    {
        var (primary, standby) = await StartAsync(PostgresServers.Newest);
        var second = await StartStandbyAsync(primary, "second");
        _ = await PromoteAsync(standby);
        await WriteAndArchiveAsync(standby, "new");
        var history = await File.ReadAllBytesAsync(Path.Combine(Archive, "00000002.history.gz"), TestContext.Current.CancellationToken);
        await primary.ExecuteAsync("INSERT INTO t VALUES ('old')");
        await primary.WaitForReplayAsync(second);

        await second.ExecuteAsync("SELECT pg_promote()");

        await Poll.UntilAsync(() => second.ServerLog.Contains("00000002.history.gz\" holds other content", StringComparison.Ordinal), "its log says what is refused");
        Assert.Contains("a standby was promoted twice", second.ServerLog, StringComparison.Ordinal);
        Assert.Contains("ERROR: 00000002.history", await File.ReadAllTextAsync(Path.Combine(Archive, "archive.log"), TestContext.Current.CancellationToken), StringComparison.Ordinal);
        Assert.Equal(history, await File.ReadAllBytesAsync(Path.Combine(Archive, "00000002.history.gz"), TestContext.Current.CancellationToken));
        Assert.Equal(0, await second.ScalarAsync<long>("SELECT archived_count FROM pg_stat_archiver"));
    }

    /// <summary>Primary and standby, both of which will archive; one row that both have, and a backup.</summary>
    private async Task<(PostgresCluster Primary, PostgresCluster Standby)> StartAsync(int major)
    {
        _repository = await (await GetWorkspaceAsync()).CreateDirectoryAsync("repository");
        var primary = await StartClusterAsync(major, new ServerOptions { WalSegmentSizeInMiB = 1, ArchiveCommand = RepositorySite.ArchiveCommand(_repository) });
        (await new RepositorySite(primary, _repository).BackupAsync()).EnsureSuccess();
        var standby = await StartStandbyAsync(primary);
        await primary.ExecuteAsync("CREATE TABLE t (origin text); INSERT INTO t VALUES ('both')");
        await primary.SwitchWalAsync();
        await primary.ExecuteAsync("CREATE TABLE more AS SELECT i FROM generate_series(1, 5000) i");
        await primary.WaitForReplayAsync(standby);
        return (primary, standby);
    }

    /// <returns>The segment in which the old timeline ends.</returns>
    private static async Task<string> PromoteAsync(PostgresCluster standby)
    {
        var segment = await standby.ScalarAsync<string>("SELECT '00000001' || substr(pg_walfile_name_of, 9) FROM (SELECT '00000001' || lpad(to_hex((pg_last_wal_replay_lsn() - '0/0')::bigint >> 32), 8, '0') || lpad(to_hex(((pg_last_wal_replay_lsn() - '0/0')::bigint & 4294967295) >> 20), 8, '0') AS pg_walfile_name_of) s");
        await standby.ExecuteAsync("SELECT pg_promote()");
        return segment.ToUpperInvariant();
    }

    private async Task WriteAndArchiveAsync(PostgresCluster cluster, string origin)
    {
        await cluster.ExecuteAsync($"INSERT INTO t VALUES ('{origin}'); CREATE TABLE also AS SELECT i, md5(i::text) FROM generate_series(1, 30000) i");
        var last = await cluster.SwitchWalAsync();
        await Poll.UntilAsync(() => File.Exists(Path.Combine(Archive, last + ".gz")), $"{last} is stored");
    }

    /// <summary>As the manual describes a restore by hand, with get-wal.</summary>
    private async Task<IReadOnlyList<string>> RestoredAsync(int major, string backup, string timeline)
    {
        var workspace = await GetWorkspaceAsync();
        var target = workspace.PathOf("restored-" + timeline);
        await HandRestore.UnpackAsync(backup, target);
        await HandRestore.AppendSettingsAsync(
            target,
            $"""
            archive_mode = off
            restore_command = 'BACKUP_DIR={_repository} {PgkeepBinary.FilePath} get-wal %f "%p"'
            recovery_target_timeline = '{timeline}'
            """);
        await TestAccount.WriteFileAsync(Path.Combine(target, "recovery.signal"), "");
        await using var restored = PostgresCluster.Adopt(workspace, major, target);
        await restored.StartAsync();
        await Poll.UntilAsync(async () => !await restored.ScalarAsync<bool>("SELECT pg_is_in_recovery()"), "the recovery is over");
        return await restored.QueryAsync<string>("SELECT origin FROM t ORDER BY origin");
    }
}
