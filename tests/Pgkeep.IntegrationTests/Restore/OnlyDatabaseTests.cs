using Pgkeep.IntegrationTests.Harness;
using Xunit;

namespace Pgkeep.IntegrationTests.Restore;

/// <summary>One database whole, the others empty: what is replayed for those that are not there must not stop the recovery, and nothing else may pass.</summary>
public sealed class OnlyDatabaseTests : IntegrationTest
{
    [Theory, EachMajor]
    public async Task Under_load_the_database_comes_whole_and_the_others_can_be_dropped(int major)
    {
        var site = await StartSiteAsync(major);
        await using (var load = new DatabaseLoad(site.Cluster, "huge"))
        {
            await site.BackupAsync();
            await load.PassAsync(3);
        }

        await WorkBehindTheBackupAsync(site);
        var before = await ClusterRowsAsync(site, "shop");
        await site.ArchiveAsync();

        var result = (await site.RestoreAsync("--stop-server", "--only-database", "shop")).EnsureSuccess();

        Assert.Equal(before, await ClusterRowsAsync(site, "shop"));
        Assert.Contains("DROP DATABASE \"huge\"", result.Stdout, StringComparison.Ordinal);
        Assert.Contains("DROP DATABASE \"other\"", result.Stdout, StringComparison.Ordinal);
        Assert.Equal("young rows", await site.Cluster.ScalarAsync<string>("SELECT note FROM y", "young"));
        // A session in there, or a vacuum, would end the whole server.
        var closed = await Assert.ThrowsAnyAsync<Exception>(() => site.Cluster.ExecuteAsync("SELECT 1", "huge"));
        Assert.Contains("cannot connect to invalid database", closed.Message, StringComparison.Ordinal);
        Assert.Equal(0, await site.Cluster.ScalarAsync<long>("SELECT count(*) FROM pg_database WHERE datname IN ('huge', 'other') AND (age(datfrozenxid) > 100 OR mxid_age(datminmxid) > 100)"));
        await ClusterSoundness.CheckRelationsAsync(site.Cluster);
        await site.Cluster.ExecuteAsync("DROP DATABASE huge");
        await site.Cluster.ExecuteAsync("DROP DATABASE other");
        Assert.DoesNotContain("PANIC", site.Cluster.ServerLog, StringComparison.Ordinal);
        await ClusterSoundness.CheckRelationsAsync(site.Cluster);
        await site.BackupAsync();
    }

    [Theory]
    [InlineData("1")]
    [InlineData("4")]
    public async Task What_is_left_out_takes_no_space(string jobs)
    {
        var site = await StartSiteAsync(PostgresServers.Newest);
        await site.BackupAsync();
        var file = await site.Cluster.ScalarAsync<string>("SELECT pg_relation_filepath('far_rows')", "huge");
        var length = new FileInfo(Path.Combine(site.DataDirectory, file)).Length;

        (await site.RestoreAsync("--stop-server", "--only-database", "shop", "--jobs", jobs, "--target-immediate")).EnsureSuccess();

        Assert.Equal(length, new FileInfo(Path.Combine(site.DataDirectory, file)).Length);
        var blocks = (await TestAccount.RunAsync("stat", ["-c", "%b", Path.Combine(site.DataDirectory, file)])).EnsureSuccess().Stdout.Trim();
        Assert.True(long.Parse(blocks, System.Globalization.CultureInfo.InvariantCulture) * 512 < length / 2, $"{blocks} blocks");
        Assert.Equal("100", await site.Cluster.ScalarAsync<string>("SELECT count(*)::text FROM goods", "shop"));
    }

    [Theory]
    [InlineData("--no-start")]
    [InlineData("--target-immediate", "--target-action", "pause")]
    [InlineData("--target-immediate", "--target-action", "shutdown")]
    public async Task Where_the_empty_ones_could_not_be_closed_it_is_refused(params string[] options)
    {
        var site = await StartSiteAsync(PostgresServers.Newest);
        await site.BackupAsync();

        var result = await site.RestoreAsync([.. options, "--stop-server", "--only-database", "shop"]);

        result.EnsureExitCode(2);
        Assert.Contains("cannot go together", result.Stderr, StringComparison.Ordinal);
        Assert.True(site.Cluster.IsRunning);
    }

    [Fact]
    public async Task An_unknown_name_is_refused_with_those_that_there_are()
    {
        var site = await StartSiteAsync(PostgresServers.Newest);
        await site.BackupAsync();

        var result = await site.RestoreAsync("--stop-server", "--only-database", "shop", "--only-database", "shoop");

        result.EnsureExitCode(2);
        Assert.Contains("it has huge, other, shop", result.Stderr, StringComparison.Ordinal);
        Assert.True(site.Cluster.IsRunning);
    }

    [Fact]
    public async Task A_database_that_was_copied_from_one_that_is_left_out_is_refused_before_anything_is_touched()
    {
        var site = await StartSiteAsync(PostgresServers.Newest);
        await site.BackupAsync();
        await site.Cluster.ExecuteAsync("CREATE DATABASE copied TEMPLATE other STRATEGY file_copy");
        await site.ArchiveAsync();

        var refused = await site.RestoreAsync("--stop-server", "--only-database", "shop");
        var isRunning = site.Cluster.IsRunning;
        (await site.RestoreAsync("--stop-server", "--only-database", "shop", "--only-database", "other")).EnsureSuccess();

        refused.EnsureExitCode(2);
        Assert.Contains("--only-database other", refused.Stderr, StringComparison.Ordinal);
        Assert.True(isRunning);
        Assert.Equal("5", await site.Cluster.ScalarAsync<string>("SELECT count(*)::text FROM o", "copied"));
    }

    [Fact]
    public async Task A_page_that_a_kept_database_misses_puts_the_old_cluster_back()
    {
        var site = await StartSiteAsync(PostgresServers.Newest);
        _ = await ClusterRowsAsync(site, "shop");
        await site.Cluster.ExecuteAsync("ALTER SYSTEM SET full_page_writes = off");
        var file = Path.Combine(site.DataDirectory, await site.Cluster.ScalarAsync<string>("SELECT pg_relation_filepath('goods')", "shop"));
        await site.Cluster.StopAsync();
        await ShellAsync("cp \"$1\" \"$1.kept\" && truncate -s 0 \"$1\"", file);
        await site.Cluster.StartAsync();
        await site.BackupAsync();
        await site.Cluster.StopAsync();
        await ShellAsync("mv \"$1.kept\" \"$1\"", file);
        await site.Cluster.StartAsync();
        await site.Cluster.ExecuteAsync("UPDATE goods SET price = 2", "shop");
        await site.ArchiveAsync();
        var before = await ClusterRowsAsync(site, "shop");

        var result = await site.RestoreAsync("--stop-server", "--only-database", "shop");

        Assert.NotEqual(0, result.ExitCode);
        Assert.Contains("changes a page that the backup does not have", result.Stderr, StringComparison.Ordinal);
        Assert.Equal(before, await ClusterRowsAsync(site, "shop"));
    }

    /// <summary>Everything that is replayed for a database of which nothing is there.</summary>
    private static async Task WorkBehindTheBackupAsync(RestoreSite site)
    {
        await site.Cluster.ExecuteAsync("CHECKPOINT");
        await site.Cluster.ExecuteAsync(
            """
            UPDATE far_rows SET note = 'changed' WHERE i % 50 = 0;
            DELETE FROM near_rows WHERE i < 500;
            TRUNCATE cut;
            DROP TABLE dropped;
            CREATE INDEX ON near_rows USING hash (note);
            CREATE INDEX ON near_rows (note);
            INSERT INTO hashed SELECT i, i::text FROM generate_series(1, 20000) i;
            DELETE FROM hashed WHERE i % 3 = 0;
            CREATE TABLE fresh AS SELECT generate_series(1, 5000) i;
            ALTER TABLE fresh SET TABLESPACE elsewhere;
            """,
            "huge");
        await site.Cluster.ExecuteAsync("VACUUM near_rows", "huge");
        await site.Cluster.ExecuteAsync("VACUUM visible", "huge");
        await site.Cluster.ExecuteAsync("VACUUM hashed", "huge");
        await site.Cluster.ExecuteAsync("VACUUM FULL far_rows", "huge");
        await site.Cluster.ExecuteAsync("VACUUM FREEZE", "other");
        await site.Cluster.ExecuteAsync("UPDATE goods SET price = price + 1 WHERE id % 2 = 0; INSERT INTO goods SELECT i, 7 FROM generate_series(1001, 1500) i", "shop");
        await site.Cluster.ExecuteAsync("CREATE DATABASE young");
        await site.Cluster.ExecuteAsync("CREATE TABLE y AS SELECT 'young rows'::text AS note", "young");
        await site.Cluster.ExecuteAsync("ALTER DATABASE other SET TABLESPACE elsewhere");
        await site.Cluster.ExecuteAsync("CREATE DATABASE passing TEMPLATE template0");
        await site.Cluster.ExecuteAsync("DROP DATABASE passing");
    }

    private static async Task ShellAsync(string script, string file) => (await TestAccount.RunAsync("sh", ["-c", script, "sh", file])).EnsureSuccess();

    private static async Task<string> ClusterRowsAsync(RestoreSite site, string database) => string.Join(
        "; ", await site.Cluster.ChecksumAsync("goods", database), await site.Cluster.ChecksumAsync("aside", database), await site.ContentAsync());

    private async Task<RestoreSite> StartSiteAsync(int major)
    {
        var site = await RestoreSite.StartAsync(await GetWorkspaceAsync(), major, new Dictionary<string, string> { ["autovacuum"] = "off" });
        foreach (var database in (string[])["shop", "huge", "other"])
        {
            await site.Cluster.ExecuteAsync($"CREATE DATABASE {database}");
        }

        await site.Cluster.ExecuteAsync(
            """
            CREATE TABLE goods AS SELECT i AS id, i * 3 AS price FROM generate_series(1, 100) i;
            CREATE TABLE aside (i int, note text) TABLESPACE elsewhere;
            INSERT INTO aside SELECT i, md5(i::text) FROM generate_series(1, 3000) i;
            """,
            "shop");
        await site.Cluster.ExecuteAsync(
            """
            CREATE TABLE far_rows (i int, note text) TABLESPACE elsewhere;
            INSERT INTO far_rows SELECT i, md5(i::text) FROM generate_series(1, 50000) i;
            CREATE TABLE near_rows AS SELECT i, md5(i::text) AS note FROM generate_series(1, 50000) i;
            CREATE TABLE visible AS SELECT i, md5(i::text) AS note FROM generate_series(1, 50000) i;
            CREATE TABLE cut AS SELECT generate_series(1, 5000) i;
            CREATE TABLE dropped AS SELECT generate_series(1, 5000) i;
            CREATE TABLE hashed (i int, note text);
            CREATE INDEX ON hashed USING hash (note);
            INSERT INTO hashed SELECT i, i::text FROM generate_series(1, 20000) i;
            CREATE UNLOGGED TABLE fast AS SELECT generate_series(1, 1000) i;
            """,
            "huge");
        await site.Cluster.ExecuteAsync("CREATE TABLE o AS SELECT generate_series(1, 5) i", "other");
        return site;
    }

    /// <summary>Writes into one database without pause, and cleans up behind itself.</summary>
    private sealed class DatabaseLoad : IAsyncDisposable
    {
        private readonly CancellationTokenSource _end = new();
        private readonly Task _running;
        private int _rounds = 1000;

        public DatabaseLoad(PostgresCluster cluster, string database) => _running = Task.Run(() => RunAsync(cluster, database));

        public Task PassAsync(int rounds)
        {
            var until = Volatile.Read(ref _rounds) + rounds;
            return Poll.UntilAsync(() => Volatile.Read(ref _rounds) >= until || _running.IsCompleted, "the load has written");
        }

        public async ValueTask DisposeAsync()
        {
            await _end.CancelAsync();
            await _running.WaitAsync(TimeSpan.FromMinutes(1), CancellationToken.None);
            _end.Dispose();
        }

        private async Task RunAsync(PostgresCluster cluster, string database)
        {
            for (; !_end.IsCancellationRequested; Interlocked.Increment(ref _rounds))
            {
                await cluster.ExecuteAsync(
                    $"""
                    UPDATE near_rows SET note = note || 'x' WHERE i % 100 = {_rounds % 100};
                    INSERT INTO far_rows SELECT i, 'more' FROM generate_series(1, 500) i;
                    CREATE TABLE round_{_rounds} AS SELECT i, md5(i::text) FROM generate_series(1, 500) i;
                    CREATE INDEX ON round_{_rounds} (md5);
                    TRUNCATE cut;
                    DROP TABLE IF EXISTS round_{_rounds - 2};
                    """,
                    database);
                await cluster.ExecuteAsync("VACUUM near_rows", database);
            }
        }
    }
}
