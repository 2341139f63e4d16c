using System.Globalization;
using System.Text.Json.Nodes;
using Pgkeep.IntegrationTests.Harness;
using Xunit;

namespace Pgkeep.IntegrationTests.Search;

/// <summary><c>pgkeep find</c> over what real servers have archived at wal_level = replica, and the commands it prints.</summary>
public sealed class FindTests : IntegrationTest
{
    [Theory, EachMajor]
    public async Task Every_accident_is_named_and_the_command_leads_to_right_before_it(int major)
    {
        var site = await StartAsync(major);
        await ServerLoad.PrepareAsync(site.Cluster, 1, "pg_default");
        await CreateTablesAsync(site.Cluster);
        await site.TakeBackupAsync();
        Accident deleted, truncated, dropped;
        await using (ServerLoad.StartTransactions(site.Cluster, 100))
        {
            await Poll.UntilAsync(() => site.Cluster.ScalarAsync<bool>("SELECT EXISTS (SELECT FROM pgbench_history)"), "the load has begun");
            deleted = await CauseAsync(site.Cluster, "DELETE FROM orders WHERE i <= 1234", "orders");
            truncated = await CauseAsync(site.Cluster, "TRUNCATE items", "items");
            dropped = await CauseAsync(site.Cluster, "DROP TABLE customers", "customers");
        }

        var gone = await DropDatabaseAsync(site.Cluster);
        await site.Cluster.ExecuteAsync("CREATE TABLE afterwards (i int)");
        await site.SwitchAndArchiveAsync();

        var found = new[]
        {
            await FindOneAsync(site, "--table", "orders", "--op", "delete", "--min-rows", "100"),
            await FindOneAsync(site, "--truncate", "--table", "public.items"),
            await FindOneAsync(site, "--drop-table", "postgres.public.customers"),
            await FindOneAsync(site, "--drop-database"),
        };

        Assert.Equal(new[] { deleted, truncated, dropped, gone }.Select(accident => accident.Identity), found.Select(Identity));
        Assert.All(new[] { deleted, truncated, dropped, gone }, accident => Assert.InRange(accident.Time, accident.Before, accident.After));
        Assert.Equal("postgres.public.orders -1234 ", WhatOf(found[0]));
        Assert.Equal("postgres.public.items -0 truncated", WhatOf(found[1]));
        Assert.Equal("postgres.public.customers -0 dropped", WhatOf(found[2]));
        Assert.Equal("doomed", found[3]["dropped_databases"]![0]!["database"]!.GetValue<string>());

        // Back from the last one: each restore begins a timeline of its own, on which the accidents before it still lie.
        await RestoreAsync(site, found[3]);
        Assert.Equal(gone.Content, await site.Cluster.ChecksumAsync("kept", "doomed"));
        await RestoreAsync(site, found[2]);
        Assert.Equal(dropped.Content, await site.Cluster.ChecksumAsync("customers"));
        await RestoreAsync(site, found[1]);
        Assert.Equal(truncated.Content, await site.Cluster.ChecksumAsync("items"));
        Assert.Equal(0, await site.Cluster.ScalarAsync<long>("SELECT count(*) FROM orders WHERE i <= 1234"));
        await RestoreAsync(site, found[0]);
        Assert.Equal(deleted.Content, await site.Cluster.ChecksumAsync("orders"));
    }

    /// <summary>Rows of catalogues come in whole, in part beside the row before, and in page images of every compression.</summary>
    [Theory, EachMajor]
    public async Task Names_are_followed_whatever_the_records_have(int major)
    {
        var site = await StartAsync(major);
        await site.Cluster.ExecuteAsync("CREATE TABLE \"old Name\" (i int); CREATE SCHEMA s; CREATE TABLE s.moved (i int)");
        await site.TakeBackupAsync();
        string[] compressions = major is 15 or 17 or 18 ? ["off", "pglz", "lz4", "zstd"] : ["off", "on"];
        var expected = new List<string>();
        foreach (var compression in compressions)
        {
            await site.Cluster.ExecuteAsync($"ALTER SYSTEM SET wal_compression = '{compression}'");
            await site.Cluster.ExecuteAsync("SELECT pg_reload_conf()");
            await ChangeNamesAsync(site.Cluster, compression, expected);
        }

        await site.Cluster.ExecuteAsync("ALTER TABLE \"old Name\" RENAME TO \"new Name\"");
        await site.Cluster.ExecuteAsync("INSERT INTO \"new Name\" SELECT generate_series(1, 7)");
        await site.Cluster.ExecuteAsync("ALTER SCHEMA s RENAME TO t; INSERT INTO t.moved VALUES (1)");
        await site.Cluster.ExecuteAsync("CREATE DATABASE fresh");
        await site.Cluster.ExecuteAsync("CREATE TABLE inside (i int)", "fresh");
        await site.Cluster.ExecuteAsync("INSERT INTO inside VALUES (1), (2)", "fresh");
        await site.SwitchAndArchiveAsync();
        expected.AddRange(["postgres.public.new Name +7 ", "postgres.t.moved +1 ", "fresh.public.inside +2 "]);

        var answer = await FindAsync(site, 0, "--min-rows", "1");

        Assert.Equal(expected, answer["transactions"]!.AsArray().SelectMany(Inserted));
        Assert.Empty(answer["name_problems"]!.AsArray());
    }

    /// <summary>Its rows lie elsewhere then; images of the new pages tell where.</summary>
    [Theory, EachMajor]
    public async Task After_a_rewrite_of_pg_class_files_keep_their_names(int major)
    {
        var site = await StartAsync(major);
        await site.Cluster.ExecuteAsync("CREATE TABLE a (i int); CREATE TABLE b (i int)");
        await site.TakeBackupAsync();
        await site.Cluster.ExecuteAsync("VACUUM FULL pg_class");
        await site.Cluster.ExecuteAsync("INSERT INTO a VALUES (1)");
        await site.Cluster.ExecuteAsync("CREATE TABLE c (i int)");
        await site.Cluster.ExecuteAsync("INSERT INTO c VALUES (1)");
        await site.Cluster.ExecuteAsync("DROP TABLE b");
        await site.SwitchAndArchiveAsync();

        var rows = await FindAsync(site, 0, "--min-rows", "1");
        var drops = await FindAsync(site, 0, "--drop-table", "b");

        Assert.Equal(["postgres.public.a +1 ", "postgres.public.c +1 "], rows["transactions"]!.AsArray().SelectMany(Inserted));
        Assert.Contains(Assert.Single(drops["transactions"]!.AsArray())!["relations"]!.AsArray().Where(relation => relation!["relation"]?.GetValue<string>() == "b"), relation =>
            relation!["fate"]!.GetValue<string>() is "dropped" or "file_removed");
    }

    [Fact]
    public async Task What_is_not_there_is_told()
    {
        var site = await StartAsync(PostgresServers.Newest);
        await site.Cluster.ExecuteAsync("CREATE TABLE orders (i int); CREATE SCHEMA s; CREATE TABLE twice (i int); CREATE TABLE s.twice (i int)");
        await site.TakeBackupAsync();
        await site.Cluster.ExecuteAsync("INSERT INTO orders VALUES (1)");
        await site.Cluster.ExecuteAsync("SELECT pg_create_restore_point('here and now')");
        await site.Cluster.ExecuteAsync("BEGIN; DELETE FROM orders; ROLLBACK");
        await site.SwitchAndArchiveAsync();

        var nothing = await site.RunAsync(["find", "--table", "orders", "--op", "delete"]);
        var typo = await site.RunAsync(["find", "--table", "oders"]);
        var ambiguous = await site.RunAsync(["find", "--table", "twice"]);
        var empty = await site.RunAsync(["find"]);
        var point = await FindAsync(site, 0, "--restore-point", "here and now");
        var near = await FindAsync(site, 0, "--commits-near", "2030-01-01 00:00");

        Assert.Contains("Nothing was found.", nothing.EnsureExitCode(1).Stdout, StringComparison.Ordinal);
        Assert.Contains("did you mean postgres.public.orders?", typo.EnsureExitCode(2).Stderr, StringComparison.Ordinal);
        Assert.Contains("postgres.public.twice, postgres.s.twice", ambiguous.EnsureExitCode(2).Stderr, StringComparison.Ordinal);
        empty.EnsureExitCode(2);
        Assert.Equal($"pgkeep restore --target-name 'here and now' --target-timeline 1 --backup-dir {site.Repository}", point["restore_points"]![0]!["restore"]!.GetValue<string>());
        Assert.NotEmpty(near["commits_before"]!.AsArray());
        Assert.Empty(near["commits_after"]!.AsArray());
    }

    [Fact]
    public async Task A_transaction_from_the_log_is_found_however_it_ended()
    {
        var site = await StartAsync(PostgresServers.Newest);
        await site.Cluster.ExecuteAsync("CREATE TABLE orders (i int)");
        await site.TakeBackupAsync();
        var rolledBack = await site.Cluster.ScalarAsync<string>("BEGIN; INSERT INTO orders VALUES (1), (2); SELECT txid_current()::text; ROLLBACK");
        await site.Cluster.ExecuteAsync("BEGIN; INSERT INTO orders VALUES (3); PREPARE TRANSACTION 'one'");
        await site.Cluster.ExecuteAsync("COMMIT PREPARED 'one'");
        await site.SwitchAndArchiveAsync();

        var one = await FindOneAsync(site, "--xid", rolledBack);
        var prepared = await FindOneAsync(site, "--table", "orders");
        var byPosition = await FindOneAsync(site, "--lsn", prepared["lsn"]!.GetValue<string>());

        Assert.Equal(("rolled_back", null), (one["outcome"]!.GetValue<string>(), one["restore"]));
        Assert.Equal(("committed", true), (prepared["outcome"]!.GetValue<string>(), prepared["prepared"]!.GetValue<bool>()));
        Assert.Equal(prepared["xid"]!.ToString(), byPosition["xid"]!.ToString());
    }

    [Fact]
    public async Task Missing_WAL_ends_the_search_and_is_told()
    {
        var site = await StartAsync(PostgresServers.Newest);
        await site.Cluster.ExecuteAsync("CREATE TABLE orders AS SELECT i FROM generate_series(1, 100) i");
        await site.TakeBackupAsync();
        await site.Cluster.ExecuteAsync("DELETE FROM orders");
        await site.SwitchAndArchiveAsync();
        var missing = await site.SwitchAndArchiveAsync();
        await site.SwitchAndArchiveAsync();
        File.Delete(Path.Combine(site.Archive, missing + ".gz"));

        var answer = await FindAsync(site, 3, "--table", "orders", "--op", "delete");

        Assert.Contains(missing, answer["problem"]!.GetValue<string>(), StringComparison.Ordinal);
        Assert.Equal(1, answer["found"]!.GetValue<int>());
    }

    /// <summary>What a transaction changed in catalogues before the backup began, and what it committed behind it, no snapshot shows: a search by name must not pass it over without a word.</summary>
    [Theory, EachMajor]
    public async Task A_table_changed_by_a_transaction_that_the_backup_did_not_see_is_told_of(int major)
    {
        var site = await StartAsync(major);
        await site.Cluster.ExecuteAsync("CREATE TABLE big AS SELECT i FROM generate_series(1, 100) i");
        await using (var open = await site.Cluster.ConnectAsync())
        {
            await using var migration = new Npgsql.NpgsqlCommand("BEGIN; ALTER TABLE big ALTER i TYPE bigint", open);
            await migration.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
            await site.TakeBackupAsync();
            migration.CommandText = "COMMIT";
            await migration.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
        }

        await site.Cluster.ExecuteAsync("DELETE FROM big WHERE i <= 60");
        await site.SwitchAndArchiveAsync();

        var answer = await FindAsync(site, 1, "--table", "big", "--op", "delete");
        var all = await FindAsync(site, 0, "--op", "delete");

        Assert.Contains("may be big", Assert.Single(answer["name_problems"]!.AsArray())!.GetValue<string>(), StringComparison.Ordinal);
        Assert.Contains(all["transactions"]![0]!["relations"]!.AsArray(), relation => relation!["deleted"]!.GetValue<int>() == 60);
    }

    /// <summary>Its template's rows may have been written by one transaction and never been looked at.</summary>
    [Theory, EachMajor]
    public async Task A_database_made_from_a_template_has_names(int major)
    {
        var site = await StartAsync(major);
        await site.Cluster.ExecuteAsync("CREATE DATABASE tmpl");
        await site.Cluster.ExecuteAsync("BEGIN; CREATE SCHEMA app; CREATE TABLE app.q (i int); COMMIT", "tmpl");
        await site.TakeBackupAsync();
        await site.Cluster.ExecuteAsync("CREATE DATABASE shop TEMPLATE tmpl");
        await site.Cluster.ExecuteAsync("INSERT INTO app.q VALUES (1), (2)", "shop");
        await site.SwitchAndArchiveAsync();

        var found = await FindOneAsync(site, "--table", "shop.app.q");

        Assert.Equal(["shop.app.q +2 "], Inserted(found));
    }

    /// <summary>A number names another transaction on another timeline.</summary>
    [Fact]
    public async Task The_command_names_the_timeline_and_others_are_told()
    {
        var site = await StartAsync(PostgresServers.Newest);
        await site.Cluster.ExecuteAsync("CREATE TABLE orders AS SELECT i FROM generate_series(1, 100) i");
        await site.TakeBackupAsync();
        await site.Cluster.ExecuteAsync("SELECT pg_create_restore_point('before')");
        await site.Cluster.ExecuteAsync("DELETE FROM orders WHERE i <= 10");
        await site.SwitchAndArchiveAsync();
        await site.Cluster.ExecuteAsync("DELETE FROM orders WHERE i <= 20");
        await site.SwitchAndArchiveAsync();
        (await site.RestoreAsync(null, ["--target-name", "before"])).EnsureSuccess();
        await site.Cluster.ExecuteAsync("DELETE FROM orders WHERE i <= 30");
        await site.SwitchAndArchiveAsync();

        var newest = await FindAsync(site, 0, "--table", "orders", "--op", "delete");
        var first = await FindAsync(site, 0, "--table", "orders", "--op", "delete", "--timeline", "1");

        Assert.Equal("[1]", newest["other_timelines"]!.ToJsonString());
        Assert.Equal(["-30"], newest["transactions"]!.AsArray().Select(found => $"-{found!["relations"]![0]!["deleted"]}"));
        Assert.Contains("--target-timeline 2", newest["transactions"]![0]!["restore"]!.GetValue<string>(), StringComparison.Ordinal);
        Assert.Equal(["-10", "-10"], first["transactions"]!.AsArray().Select(found => $"-{found!["relations"]![0]!["deleted"]}"));
        await RestoreAsync(site, first["transactions"]![1]!);
        Assert.Equal(90, await site.Cluster.ScalarAsync<long>("SELECT count(*) FROM orders"));
    }

    private static async Task CreateTablesAsync(PostgresCluster cluster)
    {
        await cluster.ExecuteAsync("CREATE TABLE orders AS SELECT i, md5(i::text) AS note FROM generate_series(1, 5000) i");
        await cluster.ExecuteAsync("CREATE TABLE items AS SELECT * FROM orders; CREATE TABLE customers AS SELECT * FROM orders");
        await cluster.ExecuteAsync("CREATE DATABASE doomed");
        await cluster.ExecuteAsync("CREATE TABLE kept AS SELECT i, md5(i::text) AS note FROM generate_series(1, 3000) i", "doomed");
    }

    /// <summary>A table created, emptied and dropped, its pages' first change after a checkpoint each time, and one that is rewritten.</summary>
    private static async Task ChangeNamesAsync(PostgresCluster cluster, string name, List<string> expected)
    {
        await cluster.ExecuteAsync("CHECKPOINT");
        await cluster.ExecuteAsync($"CREATE TABLE made_{name} (i int)");
        await cluster.ExecuteAsync($"INSERT INTO made_{name} SELECT generate_series(1, 3)");
        await cluster.ExecuteAsync("CHECKPOINT");
        await cluster.ExecuteAsync($"BEGIN; TRUNCATE made_{name}; INSERT INTO made_{name} VALUES (4); COMMIT");
        await cluster.ExecuteAsync("CHECKPOINT");
        await cluster.ExecuteAsync($"ALTER TABLE made_{name} ALTER i TYPE bigint");
        await cluster.ExecuteAsync($"VACUUM FULL made_{name}");
        await cluster.ExecuteAsync($"INSERT INTO made_{name} VALUES (5), (6)");
        await cluster.ExecuteAsync("CHECKPOINT");
        await cluster.ExecuteAsync($"ALTER TABLE made_{name} RENAME TO renamed_{name}");
        await cluster.ExecuteAsync($"INSERT INTO renamed_{name} VALUES (7)");
        await cluster.ExecuteAsync($"DROP TABLE renamed_{name}");
        expected.AddRange([$"postgres.public.made_{name} +3 ", $"postgres.public.made_{name} +1 truncated", $"postgres.public.made_{name} +2 ", $"postgres.public.renamed_{name} +1 "]);
    }

    private static async Task<Accident> CauseAsync(PostgresCluster cluster, string sql, string table)
    {
        var content = await cluster.ChecksumAsync(table);
        var before = await NowAsync(cluster);
        var xid = await cluster.ScalarAsync<string>($"BEGIN; SELECT txid_current()::text; {sql}; COMMIT");
        var after = await NowAsync(cluster);
        var time = await cluster.ScalarAsync<string>($"SELECT to_char(pg_xact_commit_timestamp('{xid}'::xid) AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US')");
        return new Accident(xid, time, before, after, content);
    }

    private static async Task<Accident> DropDatabaseAsync(PostgresCluster cluster)
    {
        var content = await cluster.ChecksumAsync("kept", "doomed");
        var before = await NowAsync(cluster);
        await cluster.ExecuteAsync("DROP DATABASE doomed");
        var after = await NowAsync(cluster);
        var last = await cluster.ScalarAsync<string>("SELECT xid || '|' || to_char(timestamp AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US') FROM pg_last_committed_xact()");
        return new Accident(last.Split('|')[0], last.Split('|')[1], before, after, content);
    }

    private static Task<string> NowAsync(PostgresCluster cluster) => cluster.ScalarAsync<string>("SELECT to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US')");

    private static async Task<JsonNode> FindAsync(RepositorySite site, int exitCode, params string[] options) =>
        JsonNode.Parse((await site.RunAsync(["find", "--json", .. options])).EnsureExitCode(exitCode).Stdout)!;

    private static async Task<JsonNode> FindOneAsync(RepositorySite site, params string[] options) => Assert.Single((await FindAsync(site, 0, options))["transactions"]!.AsArray())!;

    private static (string Xid, string Time) Identity(JsonNode found) =>
        (found["xid"]!.ToString(), found["time"]!.GetValue<DateTimeOffset>().UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss.ffffff", CultureInfo.InvariantCulture));

    /// <summary>Of the only table.</summary>
    private static string WhatOf(JsonNode found)
    {
        var relation = Assert.Single(found["relations"]!.AsArray(), relation => !relation!["internal"]!.GetValue<bool>())!;
        return $"{NameOf(relation)} -{relation["deleted"]} {relation["fate"]}";
    }

    private static IEnumerable<string> Inserted(JsonNode? found) => found!["relations"]!.AsArray()
        .Where(relation => !relation!["internal"]!.GetValue<bool>())
        .Select(relation => $"{NameOf(relation!)} +{relation!["inserted"]} {relation["fate"]}");

    private static string NameOf(JsonNode relation) => $"{relation["database"]}.{relation["schema"]}.{relation["relation"]}";

    /// <summary>With the command as it was printed, and what the test's server needs beside it.</summary>
    private static async Task RestoreAsync(RepositorySite site, JsonNode found)
    {
        var words = found["restore"]!.GetValue<string>().Split(' ');
        Assert.Equal(["pgkeep", "restore"], words[..2]);
        (await site.RestoreAsync(null, words[2..])).EnsureSuccess();
    }

    private async Task<RepositorySite> StartAsync(int major)
    {
        var repository = await (await GetWorkspaceAsync()).CreateDirectoryAsync("repository");
        var settings = new Dictionary<string, string> { ["track_commit_timestamp"] = "on", ["max_prepared_transactions"] = "2", ["autovacuum"] = "off", ["wal_level"] = "replica" };
        return new RepositorySite(await StartClusterAsync(major, new ServerOptions { ArchiveCommand = RepositorySite.ArchiveCommand(repository), Settings = settings }), repository);
    }

    /// <param name="Time">Of the commit, in UTC, as <paramref name="Before"/> and <paramref name="After"/>.</param>
    /// <param name="Content">Of the table before it.</param>
    private sealed record Accident(string Xid, string Time, string Before, string After, string Content)
    {
        public (string Xid, string Time) Identity => (Xid, Time);
    }
}
