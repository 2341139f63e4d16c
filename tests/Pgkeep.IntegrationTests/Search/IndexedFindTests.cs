using System.Text.Json.Nodes;
using Npgsql;
using Pgkeep.IntegrationTests.Harness;
using Xunit;

namespace Pgkeep.IntegrationTests.Search;

/// <summary>With the segments' indexes <c>find</c> reads few of them, and answers as it does without.</summary>
public sealed class IndexedFindTests : IntegrationTest
{
    [Theory, EachMajor]
    public async Task Few_segments_are_read_and_the_answer_is_the_same(int major)
    {
        var site = await StartAsync(major);
        var cluster = site.Cluster;
        await ServerLoad.PrepareAsync(cluster, 1, "pg_default");
        await cluster.ExecuteAsync("CREATE TABLE orders AS SELECT i, md5(i::text) AS note FROM generate_series(1, 5000) i");
        await cluster.ExecuteAsync("CREATE TABLE notes (i int); CREATE TABLE items AS SELECT * FROM orders; CREATE TABLE gone AS SELECT * FROM orders");
        await site.TakeBackupAsync();
        await LoadAsync(cluster);

        await using var late = await BeginAsync(cluster, "DELETE FROM orders WHERE i <= 10");
        await using var nested = await BeginAsync(cluster, "SAVEPOINT s; DELETE FROM orders WHERE i BETWEEN 11 AND 20; RELEASE s");
        await using var wide = await BeginAsync(cluster, "INSERT INTO notes VALUES (1), (2), (3)");
        await using var prepared = await BeginAsync(cluster, "DELETE FROM orders WHERE i BETWEEN 41 AND 50; PREPARE TRANSACTION 'p'");
        var xid = await SendAsync(late, "SELECT txid_current()::text");
        await LoadAsync(cluster);
        await SendAsync(late, "COMMIT");
        await SendAsync(nested, "SAVEPOINT t; DELETE FROM orders WHERE i BETWEEN 21 AND 30; ROLLBACK TO t");
        await cluster.ExecuteAsync("SELECT pg_create_restore_point('here')");
        await LoadAsync(cluster);
        await SendAsync(nested, "COMMIT");
        await SendAsync(wide, "DELETE FROM orders WHERE i BETWEEN 31 AND 40; COMMIT");
        await cluster.ExecuteAsync("TRUNCATE items");
        await cluster.ExecuteAsync("COMMIT PREPARED 'p'");
        await cluster.ExecuteAsync("ALTER TABLE orders RENAME TO sales; DROP TABLE gone");
        await LoadAsync(cluster);
        await cluster.ExecuteAsync("DELETE FROM sales WHERE i BETWEEN 51 AND 60");
        await cluster.ExecuteAsync("BEGIN; DELETE FROM sales WHERE i BETWEEN 61 AND 70; ROLLBACK");
        await LoadAsync(cluster);
        await site.SwitchAndArchiveAsync();

        var deletes = await CompareAsync(site, "--table", "orders", "--op", "delete");
        Assert.Equal(["-10", "-10", "-10", "-10"], Orders(deletes));
        Assert.Contains(deletes["transactions"]!.AsArray(), found => found!["relations"]!.AsArray().Any(relation => relation!["relation"]?.GetValue<string>() == "notes" && relation["inserted"]!.GetValue<int>() == 3));
        Assert.InRange(deletes["segments_read"]!.GetValue<int>(), 1, deletes["segments"]!.GetValue<int>() / 2);
        await CompareAsync(site, "--table", "sales", "--op", "delete");
        await CompareAsync(site, "--table", "notes");
        await CompareAsync(site, "--truncate");
        await CompareAsync(site, "--drop-table", "gone");
        await CompareAsync(site, "--restore-point", "here");
        await CompareAsync(site, "--min-rows", "5", "--op", "delete");
        var byNumber = await CompareAsync(site, "--xid", xid);
        await CompareAsync(site, "--lsn", byNumber["transactions"]![0]!["lsn"]!.GetValue<string>());
    }

    /// <summary>Where the rows of a rewritten catalogue are, only the segments tell in which it was written.</summary>
    [Theory, EachMajor]
    public async Task A_rewritten_catalogue_is_followed(int major)
    {
        var site = await StartAsync(major);
        var cluster = site.Cluster;
        await ServerLoad.PrepareAsync(cluster, 1, "pg_default");
        await cluster.ExecuteAsync("CREATE TABLE orders AS SELECT i FROM generate_series(1, 5000) i");
        await site.TakeBackupAsync();
        await LoadAsync(cluster);
        await cluster.ExecuteAsync("VACUUM FULL pg_class");
        await cluster.ExecuteAsync("ALTER SYSTEM SET full_page_writes = on");
        await cluster.ExecuteAsync("SELECT pg_reload_conf()");
        await cluster.ExecuteAsync("CHECKPOINT");
        await cluster.ExecuteAsync("VACUUM FULL orders");
        await LoadAsync(cluster);
        await cluster.ExecuteAsync("CREATE DATABASE other TEMPLATE postgres");
        await cluster.ExecuteAsync("DELETE FROM orders WHERE i <= 7", "other");
        await LoadAsync(cluster);
        await cluster.ExecuteAsync("DELETE FROM orders WHERE i <= 10");
        await LoadAsync(cluster);
        await cluster.ExecuteAsync("DROP DATABASE other");
        await site.SwitchAndArchiveAsync();

        await CompareAsync(site, "--table", "postgres.public.orders", "--op", "delete");
        await CompareAsync(site, "--op", "delete");
        await CompareAsync(site, "--drop-database");
    }

    private static IEnumerable<string> Orders(JsonNode answer) => answer["transactions"]!.AsArray()
        .Select(found => $"-{Assert.Single(found!["relations"]!.AsArray(), relation => relation!["relation"]?.GetValue<string>() == "orders")!["deleted"]}");

    /// <returns>The answer with the indexes.</returns>
    private static async Task<JsonNode> CompareAsync(RepositorySite site, params string[] options)
    {
        var (indexes, aside) = (Path.Combine(site.Repository, "wal_index"), Path.Combine(site.Repository, ".aside"));
        var answer = await FindAsync(site, options);
        Directory.Move(indexes, aside);
        var whole = await FindAsync(site, options);
        Directory.Move(aside, indexes);
        Assert.NotEmpty(answer["transactions"]!.AsArray().Concat(answer["restore_points"]!.AsArray()));
        Assert.InRange(answer["segments_read"]!.GetValue<int>(), 1, whole["segments_read"]!.GetValue<int>());
        var read = answer["segments_read"]!.DeepClone();
        answer["segments_read"] = whole["segments_read"]!.DeepClone();
        Assert.Equal(whole.ToJsonString(), answer.ToJsonString());
        answer["segments_read"] = read;
        return answer;
    }

    private static async Task<JsonNode> FindAsync(RepositorySite site, string[] options) => JsonNode.Parse((await site.RunAsync(["find", "--json", .. options])).EnsureSuccess().Stdout)!;

    private static async Task LoadAsync(PostgresCluster cluster) =>
        (await cluster.RunClientAsync("pgbench", ["--no-vacuum", "--client=4", "--transactions=1500", "postgres"], TimeSpan.FromMinutes(5))).EnsureSuccess();

    private static async Task<NpgsqlConnection> BeginAsync(PostgresCluster cluster, string sql)
    {
        var connection = await cluster.ConnectAsync();
        await SendAsync(connection, $"BEGIN; {sql}");
        return connection;
    }

    private static async Task<string> SendAsync(NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        return await command.ExecuteScalarAsync(TestContext.Current.CancellationToken) as string ?? "";
    }

    private async Task<RepositorySite> StartAsync(int major)
    {
        var repository = await (await GetWorkspaceAsync()).CreateDirectoryAsync("repository");
        var settings = new Dictionary<string, string> { ["max_prepared_transactions"] = "2", ["autovacuum"] = "off", ["wal_level"] = "replica", ["full_page_writes"] = "off" };
        return new RepositorySite(
            await StartClusterAsync(major, new ServerOptions { ArchiveCommand = RepositorySite.ArchiveCommand(repository), Settings = settings, WalSegmentSizeInMiB = 1 }), repository);
    }
}
