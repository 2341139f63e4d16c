using System.Text.Json.Nodes;
using Npgsql;
using Pgkeep.IntegrationTests.Harness;
using Xunit;

namespace Pgkeep.IntegrationTests.Verify;

/// <summary><c>verify --wal</c> over what real servers have archived.</summary>
public sealed class VerifyWalTests : IntegrationTest
{
    private const int Damaged = 16;

    /// <summary>Records over many pages and segments, crashes in the middle of them, a failover, and one more crash on the new timeline.</summary>
    [Theory]
    [EachMajor]
    public async Task An_archive_with_crashes_and_a_failover_is_sound(int major)
    {
        var site = await StartAsync(major);
        await site.TakeBackupAsync();
        await WriteAndCrashAsync(site.Cluster);
        await WriteAndCrashAsync(site.Cluster);
        var standby = await StartStandbyAsync(site.Cluster);
        await WriteAsync(site.Cluster);
        await site.Cluster.WaitForReplayAsync(standby);
        await site.Cluster.StopAsync();
        await standby.ExecuteAsync("SELECT pg_promote(true, 60)");
        await WriteAsync(standby);
        await WriteAndCrashAsync(standby);
        await new RepositorySite(standby, site.Repository).SwitchAndArchiveAsync();

        var result = (await site.RunAsync(["verify", "--wal", "--json"])).EnsureSuccess();

        var answer = JsonNode.Parse(result.Stdout)!;
        Assert.True(answer["sound"]!.GetValue<bool>());
        Assert.True(answer["segments"]!.GetValue<int>() > 20);
        Assert.True(File.Exists(Path.Combine(site.Archive, "00000002.history.gz")));
        Assert.Contains("Verified the archive: ", File.ReadAllText(Path.Combine(site.Repository, "backup.log")), StringComparison.Ordinal);
        var status = JsonNode.Parse((await new RepositorySite(standby, site.Repository).RunAsync(["wal", "--json"])).EnsureSuccess().Stdout)!;
        Assert.Equal(2, status["timelines"]!.AsArray().Count);
    }

    [Fact]
    public async Task Damage_is_named_with_its_file_its_kind_and_its_place()
    {
        var site = await StartAsync(PostgresServers.Newest);
        await site.TakeBackupAsync();
        await WriteAsync(site.Cluster);
        await site.SwitchAndArchiveAsync();
        await site.Cluster.StopAsync();
        var segments = Directory.EnumerateFiles(site.Archive, "????????????????????????.gz").Order(StringComparer.Ordinal).ToList();
        var (broken, swapped, missing, cut) = (segments[^9], segments[^7], segments[^5], segments[^3]);
        await ShellAsync(
            $"cd {site.Archive} && gunzip -c {broken} >x && printf '\\377\\377\\377' | dd of=x bs=1 seek=81928 conv=notrunc 2>/dev/null && gzip -c x >{broken} && rm x"
            + $" && cp {segments[^1]} {swapped} && rm {missing} && truncate -s 300 {cut}");

        var result = await site.RunAsync(["verify", "--wal", "--json"]);
        var named = await site.RunAsync(["verify", "--wal", Path.GetFileName(site.Backups[0])]);

        var lines = result.EnsureExitCode(Damaged).Stdout.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        var problems = JsonNode.Parse(lines[0])!["problems"]!.AsArray().Select(problem => (problem!["file"]!.GetValue<string>(), problem["damage"]!.GetValue<string>())).ToList();
        Assert.Equal([(broken, "page"), (swapped, "wrong_file"), (missing[..^3], "missing"), (cut, "damaged")], problems);
        Assert.Contains("is sound", named.EnsureExitCode(Damaged).Stdout, StringComparison.Ordinal);
        Assert.Contains(Path.GetFileName(cut), named.Stderr, StringComparison.Ordinal);
    }

    /// <summary>As somebody stores it who copies pg_wal: the segment that the server is writing.</summary>
    [Theory]
    [EachMajor]
    public async Task The_last_segment_that_its_server_had_not_finished_is_named(int major)
    {
        var site = await StartAsync(major);
        var current = "";
        do
        {
            // One that was used before has old pages in it, which verify names as such.
            await site.SwitchAndArchiveAsync();
            await site.Cluster.ExecuteAsync("INSERT INTO t VALUES (1, 'one')");
            current = await site.Cluster.ScalarAsync<string>("SELECT pg_walfile_name(pg_current_wal_lsn())");
        }
        while (File.ReadAllBytes(Path.Combine(site.Cluster.DataDirectory, "pg_wal", current)).AsSpan(^8192..).ContainsAnyExcept((byte)0));

        await ShellAsync($"gzip -c {site.Cluster.DataDirectory}/pg_wal/{current} >{site.Archive}/{current}.gz");

        var result = await site.RunAsync(["verify", "--wal", "--json"]);

        var problem = Assert.Single(JsonNode.Parse(result.EnsureExitCode(Damaged).Stdout.Split('\n')[0])!["problems"]!.AsArray())!;
        Assert.Equal((Path.Combine(site.Archive, current + ".gz"), "unfinished"), (problem["file"]!.GetValue<string>(), problem["damage"]!.GetValue<string>()));
        Assert.True(await site.Cluster.ScalarAsync<bool>($"SELECT pg_walfile_name('{problem["lsn"]!.GetValue<string>()}') = '{current}'"));
        Assert.Contains("keeps the whole one out", result.Stdout, StringComparison.Ordinal);
    }

    private async Task<RepositorySite> StartAsync(int major)
    {
        var repository = await (await GetWorkspaceAsync()).CreateDirectoryAsync("repository");
        var options = new ServerOptions { WalSegmentSizeInMiB = 1, ArchiveCommand = RepositorySite.ArchiveCommand(repository), Settings = new Dictionary<string, string> { ["wal_keep_size"] = "200MB" } };
        var cluster = await StartClusterAsync(major, options);
        await cluster.ExecuteAsync("CREATE TABLE t (i int, note text); ALTER TABLE t ALTER note SET STORAGE EXTERNAL");
        return new RepositorySite(cluster, repository);
    }

    /// <summary>Messages of 0 to 300 kB: records that cover pages and go over into the next segment.</summary>
    private static Task WriteAsync(PostgresCluster cluster) => cluster.ExecuteAsync(
        """
        SELECT pg_logical_emit_message(false, 'test', repeat(md5(i::text), (i * 7919) % 10000)) FROM generate_series(1, 60) i;
        INSERT INTO t SELECT i, md5(i::text) FROM generate_series(1, 20000) i;
        """);

    private static async Task WriteAndCrashAsync(PostgresCluster cluster)
    {
        var writing = WriteUntilItEndsAsync(cluster);
        await Task.Delay(TimeSpan.FromMilliseconds(150), TestContext.Current.CancellationToken);
        await cluster.KillAsync();
        await writing;
        await cluster.StartAsync();
        await WriteAsync(cluster);
    }

    private static async Task WriteUntilItEndsAsync(PostgresCluster cluster)
    {
        try
        {
            await WriteAsync(cluster);
        }
        catch (NpgsqlException)
        {
            // It was killed under it, as it should be.
        }
    }

    private static async Task ShellAsync(string script) => (await TestAccount.RunAsync("sh", ["-c", script])).EnsureSuccess();
}
