using Pgkeep.IntegrationTests.Harness;
using Xunit;

namespace Pgkeep.IntegrationTests.Restore;

/// <summary>Restores that use the old cluster's files: in place, and beside it where the file system can clone files.</summary>
public sealed class DeltaTests : IntegrationTest
{
    private static readonly string[] InPlace = ["--delta", "--in-place"];

    [Theory, EachMajor]
    public async Task In_place_every_row_is_back_whatever_became_of_the_files(int major)
    {
        var site = await StartSiteAsync(major);
        await site.BackupAsync();
        await site.AddOrdersAsync();
        var before = await site.ContentAsync();
        await site.Cluster.ExecuteAsync("VACUUM FULL orders");
        await site.Cluster.ExecuteAsync("CREATE TABLE later AS SELECT generate_series(1, 1000) i; DELETE FROM orders WHERE i > 4000; UPDATE far SET note = 'gone'; CREATE UNLOGGED TABLE fast AS SELECT 1 a; DROP TABLE nothing");
        var moment = await site.MarkMomentAsync();
        await site.Cluster.ExecuteAsync("INSERT INTO later VALUES (1)");
        await site.Cluster.StopAsync();
        await DamageAsync(site);

        var result = (await site.RestoreAsync([.. InPlace, "--target-time", $"{moment}+00"])).EnsureSuccess();

        Assert.Contains("were right as they were", result.Stdout, StringComparison.Ordinal);
        Assert.Equal("1000", await site.Cluster.ScalarAsync<string>("SELECT count(*)::text FROM later"));
        Assert.Equal("0", await site.Cluster.ScalarAsync<string>("SELECT count(*) FILTER (WHERE note <> 'gone')::text FROM far"));
        Assert.NotEqual(before, await site.Cluster.ChecksumAsync("orders"));
        Assert.Empty(site.Asides);
        Assert.Empty(Journals(site));
        await ClusterSoundness.CheckRelationsAsync(site.Cluster);
    }

    [Theory]
    [InlineData("1")]
    [InlineData("4")]
    public async Task In_place_with_nothing_changed_hardly_anything_is_written(string jobs)
    {
        var site = await StartSiteAsync();
        await site.BackupAsync();
        var before = await site.ContentAsync();

        var result = (await site.RestoreAsync([.. InPlace, "--stop-server", "--json", "--jobs", jobs])).EnsureSuccess();

        var delta = System.Text.Json.Nodes.JsonNode.Parse(result.Stdout.Split('\n', StringSplitOptions.RemoveEmptyEntries)[^1])!["delta"]!;
        Assert.True((long)delta["kept_files"]! > 500, result.Stdout);
        Assert.True((long)delta["written_bytes"]! < 2_000_000, result.Stdout);
        Assert.Equal(before, await site.ContentAsync());
    }

    [Fact]
    public async Task In_place_the_rows_of_a_crashed_server_that_were_not_archived_are_back_and_its_WAL_is_kept()
    {
        var site = await StartSiteAsync();
        await site.BackupAsync();
        await site.AddOrdersAsync();
        var before = await site.ContentAsync();
        await site.Cluster.KillAsync();

        var result = (await site.RestoreAsync(InPlace)).EnsureSuccess();

        Assert.Equal(before, await site.ContentAsync());
        Assert.Contains("has what no archive had", result.Stdout, StringComparison.Ordinal);
        Assert.NotEmpty(Directory.EnumerateFiles(Path.Combine(Assert.Single(SavedWal(site)), "pg_wal")));
    }

    [Theory]
    [InlineData("pwrite64", 4)]
    [InlineData("pwrite64", 1)]
    [InlineData("fsync", 1)]
    [InlineData("unlink", 1)]
    [InlineData("rename", 4)]
    [InlineData("mkdir", 4)]
    [InlineData("ftruncate64", 1)]
    [InlineData("syncfs", 4)]
    public async Task Killed_anywhere_the_same_command_again_brings_every_row_back(string call, int jobs)
    {
        var site = await StartSiteAsync();
        await site.BackupAsync();
        await site.AddOrdersAsync(3000);
        await site.ArchiveAsync();
        await site.AddOrdersAsync();
        var before = await site.ContentAsync();
        await site.Cluster.KillAsync();
        var (deaths, step) = (0, 1);
        for (var when = 1; deaths < 12; when += step++)
        {
            if (deaths % 3 == 1)
            {
                await DamageAsync(site);
            }

            await using var running = site.Start(
                site.RestoreWords([.. InPlace, "--jobs", $"{jobs}", "--no-start"]),
                wrapper: KillPoint.After($"{call}:{when}"));
            var result = await running.WaitAsync();
            if (result.ExitCode == 0)
            {
                break;
            }

            deaths++;
            Assert.Contains(result.ExitCode, (int[])[137, -9, 9]);
            if (Journals(site).Count > 0 && File.ReadAllText(Journals(site)[0]).Contains("\"is_writing\": true", StringComparison.Ordinal))
            {
                Assert.False(File.Exists(Path.Combine(site.DataDirectory, "global/pg_control")) && !File.Exists(Path.Combine(site.DataDirectory, "recovery.signal")));
                (await site.RollbackAsync()).EnsureExitCode(2);
            }
        }

        Assert.True(deaths > 0, "nothing was killed");
        (await site.RestoreAsync(InPlace)).EnsureSuccess();

        Assert.Equal(before, await site.ContentAsync());
        Assert.Empty(Journals(site));
        await ClusterSoundness.CheckRelationsAsync(site.Cluster);
    }

    [Fact]
    public async Task Killed_in_place_a_restore_that_keeps_what_is_left_brings_every_row_back_too()
    {
        var site = await StartSiteAsync();
        await site.BackupAsync();
        await site.AddOrdersAsync();
        var before = await site.ContentAsync();
        await site.Cluster.KillAsync();
        await using (var killed = site.Start(
            site.RestoreWords(InPlace), wrapper: KillPoint.After("syncfs:1")))
        {
            await killed.WaitAsync();
        }

        var plan = (await site.RestoreAsync("--dry-run")).EnsureSuccess();
        (await site.RestoreAsync()).EnsureSuccess();

        Assert.Contains("what is left of the cluster moves aside", string.Join(' ', plan.Stdout.Split((char[])[' ', '\n'], StringSplitOptions.RemoveEmptyEntries)), StringComparison.Ordinal);
        Assert.Equal(before, await site.ContentAsync());
        Assert.Empty(Journals(site));
        Assert.NotEmpty(site.Asides);
    }

    [Fact]
    public async Task A_failure_before_the_first_change_leaves_everything_as_it_was()
    {
        var site = await StartSiteAsync();
        await site.BackupAsync();
        await site.AddOrdersAsync();
        var before = await site.ContentAsync();
        await site.Cluster.StopAsync();

        await using var running = site.Start(
            site.RestoreWords(InPlace), wrapper: ["strace", "-f", "-qq", "-o", "/dev/null", "-P", Path.Combine(site.DataDirectory, "base"), "-e", "trace=statx", "-e", "inject=statx:error=EIO:when=1"]);
        var failed = await running.WaitAsync();

        failed.EnsureExitCode(31);
        Assert.Empty(Journals(site));
        await site.Cluster.StartAsync();
        Assert.Equal(before, await site.ContentAsync());
    }

    [Fact]
    public async Task A_failure_behind_it_says_how_to_go_on_and_no_server_starts()
    {
        var site = await StartSiteAsync();
        await site.BackupAsync();
        var before = await site.ContentAsync();
        await site.AddOrdersAsync();
        await site.Cluster.StopAsync();
        await using var running = site.Start(
            site.RestoreWords(InPlace), wrapper: ["strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=syncfs", "-e", "inject=syncfs:error=EIO:when=1"]);

        var failed = await running.WaitAsync();

        failed.EnsureExitCode(31);
        Assert.Contains("the restore in place is not over", failed.Stderr, StringComparison.Ordinal);
        Assert.Contains("pgkeep restore --delta --in-place", failed.Stderr, StringComparison.Ordinal);
        await Assert.ThrowsAnyAsync<Exception>(() => site.Cluster.StartAsync());
        (await site.RestoreAsync([.. InPlace, "--target-immediate"])).EnsureSuccess();
        Assert.Equal(before, await site.ContentAsync());
    }

    [Fact]
    public async Task It_asks_for_the_words_in_place_and_yes_alone_does_nothing_in_place()
    {
        var site = await StartSiteAsync();
        await site.BackupAsync();
        await site.Cluster.StopAsync();
        var before = await site.FingerprintAsync();

        var refused = await site.AnswerAsync("restore\n", "restore", "--pgdata", site.DataDirectory, "--delta", "--in-place");
        var alone = await site.RestoreAsync("--in-place");

        Assert.NotEqual(0, refused.ExitCode);
        Assert.Contains("there is no way back", refused.Stdout + refused.Stderr, StringComparison.Ordinal);
        Assert.Contains("--delta --in-place", alone.Stderr, StringComparison.Ordinal);
        alone.EnsureExitCode(2);
        Assert.Equal(before, await site.FingerprintAsync());
    }

    [Fact]
    public async Task Where_files_cannot_be_cloned_delta_alone_is_refused_with_both_choices()
    {
        var workspace = await GetWorkspaceAsync();
        await using var volume = await MemoryVolume.MountAsync(await workspace.CreateDirectoryAsync("mount"), 600);
        var site = await RestoreSite.StartAsync(workspace, PostgresServers.Newest, name: "mount/data");
        await using var cluster = site.Cluster;
        await site.BackupAsync();
        await site.Cluster.StopAsync();

        var refused = await site.RestoreAsync("--delta");

        Assert.NotEqual(0, refused.ExitCode);
        Assert.Contains("leave --delta out", refused.Stderr, StringComparison.Ordinal);
        Assert.Contains("--delta --in-place", refused.Stderr, StringComparison.Ordinal);
        Assert.DoesNotContain(
            Directory.EnumerateFileSystemEntries(workspace.PathOf("mount")), path => path.Contains("before", StringComparison.Ordinal) || path.Contains("clone", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("4")]
    [InlineData("1")]
    public async Task Cloned_the_old_cluster_is_whole_beside_the_new_one_and_comes_back(string jobs)
    {
        var workspace = await GetWorkspaceAsync();
        await using var volume = await CloningVolume.MountAsync(await workspace.CreateDirectoryAsync("mount"), 1024);
        var site = await RestoreSite.StartAsync(workspace, PostgresServers.Newest, name: "mount/data");
        await using var cluster = site.Cluster;
        await site.MoveTablespaceAsync(await workspace.CreateDirectoryAsync("mount/near"));
        await site.Cluster.ExecuteAsync("CREATE TABLE far (i int, note text) TABLESPACE elsewhere; INSERT INTO far SELECT i, md5(i::text) FROM generate_series(1, 100000) i; CREATE TABLE big AS SELECT i, md5(i::text) m FROM generate_series(1, 500000) i");
        await site.BackupAsync();
        var first = await site.ContentAsync();
        await site.ArchiveAsync();
        await site.Cluster.ExecuteAsync("UPDATE far SET note = 'x' WHERE i = 7; DELETE FROM orders; CHECKPOINT");
        var second = await site.ContentAsync();
        await site.Cluster.StopAsync();
        var used = volume.Used;

        var result = (await site.RestoreAsync("--delta", "--target-immediate", "--jobs", jobs, "--json")).EnsureSuccess();

        var grown = volume.Used - used;
        Assert.Equal(first, await site.ContentAsync());
        await ClusterSoundness.CheckRelationsAsync(site.Cluster);
        Assert.True((long)System.Text.Json.Nodes.JsonNode.Parse(result.Stdout.Split('\n', StringSplitOptions.RemoveEmptyEntries)[^1])!["delta"]!["kept_files"]! > 500, result.Stdout);
        Assert.True(grown < 120_000_000, $"{grown} bytes");
        (await site.RollbackAsync("--stop-server")).EnsureSuccess();
        await site.Cluster.StartAsync();
        Assert.Equal(second, await site.ContentAsync());
        await ClusterSoundness.CheckRelationsAsync(site.Cluster);
    }

    private static IReadOnlyList<string> Journals(RestoreSite site) =>
        [.. Directory.EnumerateFiles(Path.GetDirectoryName(site.DataDirectory)!, "data.in-place.journal")];

    private static IReadOnlyList<string> SavedWal(RestoreSite site) =>
        [.. Directory.EnumerateDirectories(Path.GetDirectoryName(site.DataDirectory)!, "data.in-place-*.wal")];

    /// <summary>Of the files of tables: one is changed at the same length and time, one grows, one shrinks, one is missing, one is a directory; and others come.</summary>
    private static async Task DamageAsync(RestoreSite site)
    {
        const string script =
            """
            cd "$1"
            set -- $(ls -S base/5/* base/13*/* 2>/dev/null | grep -E '/[0-9]+$' | head -40)
            [ -n "$5" ] || exit 0
            touch -r "$1" stamp && printf x | dd of="$1" bs=1 seek=9000 conv=notrunc status=none && touch -r stamp "$1"
            echo more >>"$2"
            truncate -s 8192 "$3"
            rm -f "$4"
            rm -f "$5" && mkdir -p "$5/deep" && echo x >"$5/deep/file"
            mkdir -p base/77777/pgsql_tmp && echo x >base/77777/pgsql_tmp/file
            ln -sfn / base/88888
            """;
        (await TestAccount.RunAsync("sh", ["-c", script, "sh", site.DataDirectory])).EnsureSuccess();
    }

    private async Task<RestoreSite> StartSiteAsync(int? major = null) => await RestoreSite.StartAsync(await GetWorkspaceAsync(), major ?? PostgresServers.Newest);
}
