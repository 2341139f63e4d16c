using Pgkeep.IntegrationTests.Backup;
using Pgkeep.IntegrationTests.Harness;
using Xunit;

namespace Pgkeep.IntegrationTests.Archive;

/// <summary>Servers whose recovery gets its WAL from get-wal, over more segments than are fetched ahead.</summary>
public sealed class PrefetchRecoveryTests : BackupTest
{
    private const int SegmentCount = 24;

    [Theory, EachMajor]
    public async Task The_rows_come_back_through_segments_that_were_fetched_ahead(int major)
    {
        var site = await PrepareAsync(major);
        await using var server = Adopt(site);
        using var watch = new CancellationTokenSource();
        var seen = WatchAsync(site, watch.Token);

        await server.StartAsync();
        await Poll.UntilAsync(() => IsPromotedAsync(server), "the server is promoted");

        await watch.CancelAsync();
        Assert.Equal(await site.Cluster.ChecksumAsync("t"), await server.ChecksumAsync("t"));
        Assert.NotEmpty(await seen);
        await Poll.UntilAsync(() => !Directory.Exists(AheadOf(site)), "the directory is gone");
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task Kills_at_any_moment_cost_no_row(int seed)
    {
        var site = await PrepareAsync(PostgresServers.Newest);
        await using var server = Adopt(site);
        var random = new Random(seed);

        // A get-wal that is killed ends the server, as the death of any of its processes would; it is started again.
        for (var starts = 0; starts < 5; starts++)
        {
            await TryStartAsync(server);
            for (var kills = 0; kills < 8 && server.IsRunning && !await IsPromotedAsync(server);)
            {
                kills += Kill(random.Next(5) > 0 ? LeftProcesses.Below(site.Cluster.Workspace.Root) : LeftProcesses.GetWalOf(site.Repository));
                await Task.Delay(random.Next(10), TestContext.Current.CancellationToken);
            }
        }

        await Poll.UntilAsync(() => Task.FromResult(!server.IsRunning || LeftProcesses.GetWalOf(site.Repository).Count == 0), "the last kill is over");
        await TryStartAsync(server);
        await Poll.UntilAsync(() => IsPromotedAsync(server), "the server is promoted");
        Assert.Equal(await site.Cluster.ChecksumAsync("t"), await server.ChecksumAsync("t"));
    }

    [Fact]
    public async Task A_restore_leaves_nothing_that_was_fetched_ahead()
    {
        var site = await StartSiteAsync();
        await site.TakeBackupAsync();
        await WriteAsync(site);
        var expected = await site.Cluster.ChecksumAsync("t");
        await HandRestore.ShellAsync("""mkdir -m 0700 "$1" && echo x >"$1/000000010000000000000001.prefetched" """, Path.Combine(site.Cluster.Workspace.Root, ".data.pgkeep-prefetch"));

        (await site.RestoreAsync()).EnsureSuccess();

        Assert.Equal(expected, await site.Cluster.ChecksumAsync("t"));
        await Poll.UntilAsync(() => !Directory.EnumerateDirectories(site.Cluster.Workspace.Root, ".data.*").Any(), "the directory is gone");
    }

    private static string AheadOf(RepositorySite site) => site.Cluster.Workspace.PathOf(".by-hand.pgkeep-prefetch");

    private static int Kill(IReadOnlyList<int> processes)
    {
        foreach (var process in processes)
        {
            Processes.Send(process, Signal.Kill);
        }

        return processes.Count;
    }

    private static async Task<bool> IsPromotedAsync(PostgresCluster server)
    {
        try
        {
            return await server.ScalarAsync<bool>("SELECT NOT pg_is_in_recovery()");
        }
        catch (Npgsql.NpgsqlException)
        {
            return false; // it is on its way, or was ended
        }
    }

    private static async Task TryStartAsync(PostgresCluster server)
    {
        try
        {
            if (!server.IsRunning)
            {
                await server.StartAsync();
            }
        }
        catch (Xunit.Sdk.XunitException)
        {
            // It was killed before it answered.
        }
    }

    /// <summary>The names of the segments that were ready at some moment.</summary>
    private static Task<HashSet<string>> WatchAsync(RepositorySite site, CancellationToken cancellationToken) => Task.Run(
        async () =>
        {
            var seen = new HashSet<string>();
            while (!cancellationToken.IsCancellationRequested)
            {
                try
                {
                    seen.UnionWith(Directory.EnumerateFiles(AheadOf(site), "*.prefetched"));
                }
                catch (DirectoryNotFoundException)
                {
                    // Not yet, or not any more.
                }

                await Task.Delay(2, CancellationToken.None);
            }

            return seen;
        },
        CancellationToken.None);

    private static async Task WriteAsync(RepositorySite site)
    {
        await site.Cluster.ExecuteAsync("CREATE TABLE t (i int, note text)");
        for (var i = 0; i < SegmentCount; i++)
        {
            await site.Cluster.ExecuteAsync($"INSERT INTO t SELECT {i}, md5(random()::text) FROM generate_series(1, 2000)");
            await site.Cluster.SwitchWalAsync();
        }

        await site.SwitchAndArchiveAsync();
    }

    /// <summary>A backup unpacked by hand, with an archive of many segments behind it.</summary>
    private async Task<RepositorySite> PrepareAsync(int major)
    {
        var site = await StartSiteAsync(major);
        var backup = await site.TakeBackupAsync();
        await WriteAsync(site);
        var target = site.Cluster.Workspace.PathOf("by-hand");
        await HandRestore.UnpackAsync(backup, target);
        var fetch = $"BACKUP_DIR={site.Repository} {PgkeepBinary.FilePath} get-wal --config /dev/null --wal-archive-dir {site.Archive} %f %p";
        await HandRestore.ShellAsync("""touch "$1/recovery.signal" """, target);
        await HandRestore.AppendSettingsAsync(target, $"archive_mode = off\nrestore_command = '{fetch}'");
        return site;
    }

    private static PostgresCluster Adopt(RepositorySite site) =>
        PostgresCluster.Adopt(site.Cluster.Workspace, site.Cluster.Major, site.Cluster.Workspace.PathOf("by-hand"));
}
