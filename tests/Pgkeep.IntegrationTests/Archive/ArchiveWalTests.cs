using Pgkeep.IntegrationTests.Harness;
using Xunit;

namespace Pgkeep.IntegrationTests.Archive;

public sealed class ArchiveWalTests(WalSamples samples) : ArchiveTest, IClassFixture<WalSamples>
{
    [Fact]
    public async Task A_segment_is_stored_as_it_is()
    {
        (await PushAsync(samples.Segments[0])).EnsureSuccess();

        await EnsureStoredFilesAreWholeAsync(samples.Segments);
        Assert.Equal([Path.GetFileName(samples.Segments[0]) + ".gz"], RepositoryNames.VisibleIn(Archive));
    }

    [Fact]
    public async Task The_same_segment_again_is_a_success()
    {
        await PushAllAsync([samples.Segments[0]]);

        var again = await PushAsync(samples.Segments[0]);

        Assert.Equal(0, again.ExitCode);
    }

    [Fact]
    public async Task Other_bytes_under_a_stored_name_are_refused()
    {
        await PushAllAsync([samples.Segments[0]]);
        var other = await CopyAsync(samples.Segments[0], Path.GetFileName(samples.Segments[0]));
        FlipByte(other, WithinFirstRecord);

        var result = await PushAsync(other);

        Assert.Equal(42, result.ExitCode);
        await EnsureStoredFilesAreWholeAsync(samples.Segments);
    }

    [Fact]
    public async Task A_segment_under_another_ones_name_is_refused()
    {
        var result = await PushAsync(samples.Segments[0], Path.GetFileName(samples.Segments[1]));

        Assert.Equal(41, result.ExitCode);
        Assert.Empty(RepositoryNames.VisibleIn(Archive));
    }

    [Fact]
    public async Task An_empty_file_is_refused()
    {
        var empty = await (await GetWorkspaceAsync()).WriteFileAsync(Path.GetFileName(samples.Segments[0]), "");

        var result = await PushAsync(empty);

        Assert.Equal(41, result.ExitCode);
    }

    [Fact]
    public async Task A_segment_that_is_cut_short_is_refused()
    {
        var cut = await CopyAsync(samples.Segments[0], Path.GetFileName(samples.Segments[0]));
        (await TestAccount.RunAsync("truncate", ["-s", "700000", cut])).EnsureSuccess();

        var result = await PushAsync(cut);

        Assert.Equal(41, result.ExitCode);
    }

    [Fact]
    public async Task A_segment_of_another_size_is_refused()
    {
        await PushAllAsync([samples.Segments[0]]);

        var result = await PushAsync(samples.OfAnotherSize);

        Assert.Equal(14, result.ExitCode);
    }

    [Fact]
    public async Task A_segment_of_another_cluster_is_refused()
    {
        await PushAllAsync([samples.Segments[0]]);

        var result = await PushAsync(samples.OfAnotherCluster);

        Assert.Equal(14, result.ExitCode);
        await EnsureStoredFilesAreWholeAsync(samples.Segments);
    }

    [Fact]
    public async Task A_backup_history_file_is_stored()
    {
        await PushAllAsync([samples.Segments[0], samples.BackupHistory]);

        Assert.Equal(await File.ReadAllBytesAsync(samples.BackupHistory, TestContext.Current.CancellationToken), await UnzipAsync(StoredPath(Path.GetFileName(samples.BackupHistory))));
    }

    [Fact]
    public async Task A_partial_segment_is_stored_beside_the_whole_one()
    {
        await PushAllAsync([samples.Segments[0]]);
        var name = Path.GetFileName(samples.Segments[0]) + ".partial";

        (await PushAsync(samples.Segments[0], name)).EnsureSuccess();

        Assert.True(File.Exists(StoredPath(name)));
    }

    [Fact]
    public async Task A_second_partial_segment_of_one_name_is_kept_beside_the_first()
    {
        await PushAllAsync([samples.Segments[0]]);
        var name = Path.GetFileName(samples.Segments[0]) + ".partial";
        (await PushAsync(samples.Segments[0], name)).EnsureSuccess();
        var other = await CopyAsync(samples.Segments[0], "other");
        FlipByte(other, WithinFirstRecord);

        (await PushAsync(other, name)).EnsureSuccess();
        (await PushAsync(other, name)).EnsureSuccess();

        var stored = RepositoryNames.VisibleIn(Archive).Where(file => file.StartsWith(name, StringComparison.Ordinal)).ToList();
        Assert.Equal(2, stored.Count);
        Assert.Equal(await File.ReadAllBytesAsync(samples.Segments[0], TestContext.Current.CancellationToken), await UnzipAsync(StoredPath(name)));
        Assert.Equal(await File.ReadAllBytesAsync(other, TestContext.Current.CancellationToken), await UnzipAsync(Path.Combine(Archive, stored.Single(file => file != name + ".gz"))));
    }

    [Fact]
    public async Task A_segment_that_nobody_finished_is_refused_and_stored_as_partial_where_its_timeline_was_left()
    {
        await PushAllAsync([samples.Segments[0]]);
        var name = Path.GetFileName(samples.Segments[1]);
        var unfinished = await CopyAsync(samples.Segments[1], name);
        var content = await File.ReadAllBytesAsync(unfinished, TestContext.Current.CancellationToken);
        content.AsSpan(content.AsSpan().LastIndexOfAnyExcept((byte)0) - 40).Clear(); // with the switch that ended it
        await File.WriteAllBytesAsync(unfinished, content, TestContext.Current.CancellationToken);

        var refused = await PushAsync(unfinished);
        Assert.Equal(41, refused.ExitCode);
        Assert.Contains("had not finished it", refused.Stderr, StringComparison.Ordinal);
        var position = $"{Convert.ToUInt32(name[8..16], 16):X}/{(Convert.ToUInt32(name[16..], 16) << 20) + 100:X}";
        await TestAccount.WriteFileAsync(Path.Combine(Path.GetDirectoryName(unfinished)!, "00000002.history"), $"1\t{position}\tno recovery target specified\n");

        (await PushAsync(unfinished)).EnsureSuccess();

        Assert.True(File.Exists(StoredPath(name + ".partial")));
        Assert.False(File.Exists(StoredPath(name)));
    }

    [Fact]
    public async Task An_archive_that_is_gone_is_not_begun_anew()
    {
        await PushAllAsync([samples.Segments[0]]);
        Directory.Move(Archive, Archive + ".away");

        var gone = await PushAsync(samples.Segments[1]);
        Assert.Equal(11, gone.ExitCode);
        Assert.Contains("nothing is there now", gone.Stderr, StringComparison.Ordinal);
        Assert.False(Directory.Exists(Archive));
        (await TestAccount.RunAsync("mkdir", [Archive])).EnsureSuccess();
        Assert.Equal(11, (await PushAsync(samples.Segments[1])).ExitCode);
        Directory.Delete(Archive);

        Directory.Move(Archive + ".away", Archive);
        (await PushAsync(samples.Segments[1])).EnsureSuccess();
    }

    [Fact]
    public async Task A_timeline_history_is_stored()
    {
        await PushAllAsync([samples.Segments[0]]);
        var history = await (await GetWorkspaceAsync()).WriteFileAsync("00000002.history", "1\t0/3000000\tno recovery target specified\n");

        (await PushAsync(history)).EnsureSuccess();

        Assert.True(File.Exists(StoredPath("00000002.history")));
    }

    [Fact]
    public async Task A_history_file_that_is_none_is_refused()
    {
        await PushAllAsync([samples.Segments[0]]);
        var history = await (await GetWorkspaceAsync()).WriteFileAsync("00000002.history", "one two\n");

        var result = await PushAsync(history);

        Assert.Equal(41, result.ExitCode);
    }

    [Theory]
    [InlineData("archive_status")]
    [InlineData("00000001000000000000000g")]
    [InlineData("../000000010000000000000001")]
    [InlineData("000000010000000000000001.gz")]
    public async Task A_name_that_is_not_WALs_is_refused(string name)
    {
        var result = await PushAsync(samples.Segments[0], name);

        Assert.Equal(41, result.ExitCode);
    }

    [Fact]
    public async Task A_file_that_is_not_there_is_a_failure_below_126()
    {
        var result = await PushAsync("pg_wal/000000010000000000000001");

        Assert.Equal(31, result.ExitCode);
    }

    [Fact]
    public async Task A_missing_repository_is_a_failure_and_is_not_created()
    {
        Directory.Delete(Repository);

        var result = await PushAsync(samples.Segments[0]);

        Assert.Equal(11, result.ExitCode);
        Assert.False(Directory.Exists(Repository));
    }

    [Fact]
    public async Task A_repository_that_cannot_be_written_is_a_failure()
    {
        await PushAllAsync([samples.Segments[0]]);
        (await TestAccount.RunAsync("chmod", ["0500", Archive])).EnsureSuccess();

        var result = await PushAsync(samples.Segments[1]);

        Assert.Equal(30, result.ExitCode);
        Assert.Contains("hint:", result.Stderr, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_damaged_stored_file_is_not_taken_for_the_same()
    {
        await PushAllAsync([samples.Segments[0]]);
        var stored = StoredPath(Path.GetFileName(samples.Segments[0]));
        Damage(stored);
        // Minutes ago: what was stored just now, by a call that looked ahead, is not read back.
        File.SetLastWriteTimeUtc(stored, new DateTime(2025, 1, 8, 0, 0, 0, DateTimeKind.Utc));

        var result = await PushAsync(samples.Segments[0]);

        Assert.Equal(13, result.ExitCode);
    }

    [Fact]
    public async Task Two_processes_may_store_the_same_segment_at_once()
    {
        var results = await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => PushAsync(samples.Segments[0])));

        Assert.All(results, result => result.EnsureSuccess());
        await EnsureStoredFilesAreWholeAsync(samples.Segments);
        Assert.Empty(RepositoryNames.LeftoversIn(Archive));
    }

    [Theory, EachMajor]
    public async Task A_server_archives_all_its_WAL(int major)
    {
        var cluster = await StartClusterAsync(major, new ServerOptions { WalSegmentSizeInMiB = 1, ArchiveCommand = RepositorySite.ArchiveCommand(Repository) });
        await cluster.ExecuteAsync("CREATE TABLE t AS SELECT i, md5(i::text) FROM generate_series(1, 50000) i");
        var last = await cluster.SwitchWalAsync();

        await Poll.UntilAsync(() => File.Exists(StoredPath(last)), $"{last} is archived");

        Assert.Equal(0, await cluster.ScalarAsync<long>("SELECT failed_count FROM pg_stat_archiver"));
        var stored = RepositoryNames.VisibleIn(Archive);
        Assert.Equal(Enumerable.Range(0, stored.Count).Select(i => $"{last[..16]}{Convert.ToUInt32(last[16..], 16) - stored.Count + 1 + i:X8}.gz"), stored);
        Assert.True(stored.Count > 2);
    }
}
