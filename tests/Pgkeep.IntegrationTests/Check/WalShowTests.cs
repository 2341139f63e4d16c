using System.Globalization;
using System.IO.Compression;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Pgkeep.IntegrationTests.Harness;
using Xunit;

namespace Pgkeep.IntegrationTests.Check;

/// <summary><c>pgkeep wal show</c> over what real servers have archived.</summary>
public sealed partial class WalShowTests : IntegrationTest
{
    private const int Page = 8192;

    /// <summary>The first byte of the page magic of the major before.</summary>
    private static readonly Dictionary<int, byte> Magics = new() { [14] = 0x06, [16] = 0x10 };

    /// <summary>What 13 calls the operations of 14.</summary>
    private static readonly Dictionary<string, string> NamesOf13 = new()
    {
        ["Heap2/PRUNE"] = "Heap2/CLEAN",
        ["Heap2/VACUUM"] = "Heap2/FREEZE_PAGE",
        ["Heap2/FREEZE_PAGE"] = "Heap2/CLEANUP_INFO",
        ["Transaction/INVALIDATION"] = "Transaction/UNKNOWN (60)",
    };

    [Theory]
    [EachMajor]
    public async Task Every_number_is_that_of_pg_waldump(int major)
    {
        var site = await StartAsync(major);
        await WriteOfAllKindsAsync(site, major);
        var first = SegmentsOf(site)[0];
        var last = await site.SwitchAndArchiveAsync();
        var plain = await UnpackAsync(site, major);

        foreach (var (what, from, to) in (IEnumerable<(string, string, string)>)[("0/0..", first, last), (last, last, last), .. SegmentsOf(site)[..4].Select(name => (name, name, name))])
        {
            var shown = await ShowAsync(site, what);
            var dump = await TestAccount.RunAsync(PostgresServers.WalDump(major), ["--stats=record", "-p", plain, from, to]);

            Assert.Equal(Parse(dump.EnsureSuccess().Stdout), Numbers(shown, major));
            Assert.Null(shown["problem"]);
        }

        var all = await ShowAsync(site, "0/0..");
        Assert.True(all["managers"]!.AsArray().Count >= 15, all.ToJsonString());
        var commit = await site.Cluster.QueryAsync<string>("SELECT xid || ' ' || to_char(timestamp AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US') FROM pg_last_committed_xact()");
        var committed = all["last_commit"]!;
        Assert.Equal(commit[0], $"{committed["xid"]} {committed["time"]!.GetValue<DateTimeOffset>().UtcDateTime:yyyy-MM-dd'T'HH:mm:ss.ffffff}");
        Assert.Contains("INSERT+INIT", (await site.RunAsync(["wal", "show", "0/0.."])).EnsureSuccess().Stdout, StringComparison.Ordinal);
        if (PostgresServers.WalDumpMajor(major) == major)
        {
            var file = await site.RunAsync(["wal", "show", Path.Combine(plain, first), "--json"]);
            Assert.Equal(Numbers(await ShowAsync(site, first), major), Numbers(JsonNode.Parse(file.EnsureSuccess().Stdout)!, major));
        }
    }

    [Fact]
    public async Task Between_two_moments_lies_what_a_recovery_replays_between_them()
    {
        var site = await StartAsync(PostgresServers.Newest);
        await site.Cluster.ExecuteAsync("CREATE TABLE moments (i int)");
        var commits = new List<(string Xid, string Time)>();
        for (var i = 0; i < 4; i++)
        {
            var answer = await site.Cluster.QueryAsync<string>($"WITH x AS (INSERT INTO moments SELECT generate_series(1, {100 * (i + 1)}) RETURNING 1) SELECT pg_current_xact_id()::text FROM x LIMIT 1");
            var time = await site.Cluster.ScalarAsync<string>($"SELECT to_char(pg_xact_commit_timestamp('{answer[0]}'::xid) AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US')");
            commits.Add((answer[0], time + " UTC"));
        }

        await site.SwitchAndArchiveAsync();

        var two = await ShowAsync(site, $"{commits[1].Time}..{commits[2].Time}");
        var one = await ShowAsync(site, $"{commits[2].Time}..{commits[2].Time}");
        var rest = await ShowAsync(site, $"{commits[3].Time}..");
        var before = await ShowAsync(site, $"..{commits[0].Time}");

        Assert.Equal((2, commits[1].Xid, commits[2].Xid), (two["commits"]!.GetValue<int>(), two["first_commit"]!["xid"]!.ToString(), two["last_commit"]!["xid"]!.ToString()));
        // What the next transaction had written before its commit is replayed with it.
        Assert.Equal((1, 300 + 400), (one["commits"]!.GetValue<int>(), Operations(one).Where(row => row.Name.StartsWith("Heap/INSERT", StringComparison.Ordinal)).Sum(row => row.Records)));
        Assert.Equal(commits[3].Xid, rest["first_commit"]!["xid"]!.ToString());
        Assert.Equal(commits[0].Xid, before["last_commit"]!["xid"]!.ToString());
    }

    [Fact]
    public async Task Damaged_and_missing_WAL_is_told_with_what_could_be_read()
    {
        var site = await StartAsync(PostgresServers.Newest);
        await site.Cluster.ExecuteAsync("CREATE TABLE t AS SELECT i FROM generate_series(1, 60000) i");
        await site.SwitchAndArchiveAsync();
        var segments = SegmentsOf(site);
        var beyond = await site.RunAsync(["wal", "show", "..F/0", "--json"]);
        var (broken, missing) = (Path.Combine(site.Archive, segments[1] + ".gz"), segments[^2]);
        (await TestAccount.RunAsync(
            "sh",
            ["-c", $"cd {site.Archive} && gunzip -c {broken} >x && printf '\\377\\377\\377' | dd of=x bs=1 seek=82000 conv=notrunc 2>/dev/null && gzip -c x >{broken} && rm x {missing}.gz"])).EnsureSuccess();

        var damaged = await site.RunAsync(["wal", "show", segments[1], "--json"]);
        var cut = await site.RunAsync(["wal", "show", "0/0..", "--json"]);
        var gone = await site.RunAsync(["wal", "show", missing]);

        Assert.Contains("checksum does not fit", JsonNode.Parse(damaged.EnsureExitCode(3).Stdout)!["problem"]!.GetValue<string>(), StringComparison.Ordinal);
        Assert.Contains(segments[1], JsonNode.Parse(cut.EnsureExitCode(3).Stdout)!["problem"]!.GetValue<string>(), StringComparison.Ordinal);
        Assert.Equal(40, gone.ExitCode);
        Assert.Contains("before F/0", JsonNode.Parse(beyond.EnsureExitCode(3).Stdout)!["problem"]!.GetValue<string>(), StringComparison.Ordinal);
    }

    private static async Task<JsonNode> ShowAsync(RepositorySite site, string what) =>
        JsonNode.Parse((await site.RunAsync(["wal", "show", what, "--json"])).EnsureSuccess().Stdout)!;

    private static List<string> SegmentsOf(RepositorySite site) =>
        [.. Directory.EnumerateFiles(site.Archive, "????????????????????????.gz").Select(path => Path.GetFileName(path)[..^3]).Order(StringComparer.Ordinal)];

    private async Task<RepositorySite> StartAsync(int major)
    {
        var repository = await (await GetWorkspaceAsync()).CreateDirectoryAsync("repository");
        var settings = new Dictionary<string, string>
        {
            ["max_prepared_transactions"] = "4",
            ["track_commit_timestamp"] = "on",
            // pg_waldump of 13, which reads the WAL of 14 here, does not know what 14 adds with "logical".
            ["wal_level"] = major == 14 ? "replica" : "logical",
            ["autovacuum"] = "off",
            ["wal_log_hints"] = "on",
        };
        var cluster = await StartClusterAsync(major, new ServerOptions { WalSegmentSizeInMiB = 1, ArchiveCommand = RepositorySite.ArchiveCommand(repository), Settings = settings });
        return new RepositorySite(cluster, repository);
    }

    /// <summary>Records of nearly every resource manager, page images of every way of compression, and records over many segments.</summary>
    private static async Task WriteOfAllKindsAsync(RepositorySite site, int major)
    {
        var cluster = site.Cluster;
        await cluster.ExecuteAsync("CREATE DATABASE other; ALTER DATABASE other SET work_mem = '1MB'");
        await cluster.ExecuteAsync("DROP DATABASE other");
        string[] compressions = major is 15 or 17 or 18 ? ["off", "pglz", "lz4", "zstd"] : ["off", "on"];
        foreach (var compression in compressions)
        {
            await cluster.ExecuteAsync($"ALTER SYSTEM SET wal_compression = '{compression}'");
            await cluster.ExecuteAsync("SELECT pg_reload_conf()");
            await WriteIndexesAsync(cluster, "t_" + compression);
        }

        await cluster.ExecuteAsync("BEGIN; CREATE TABLE p (i int); INSERT INTO p VALUES (1); PREPARE TRANSACTION 'one'");
        await cluster.ExecuteAsync("BEGIN; INSERT INTO t_off (i) VALUES (1); PREPARE TRANSACTION 'two'");
        await cluster.ExecuteAsync("COMMIT PREPARED 'one'");
        await cluster.ExecuteAsync("ROLLBACK PREPARED 'two'");
        await cluster.ExecuteAsync("BEGIN; INSERT INTO p VALUES (2); SAVEPOINT a; INSERT INTO p VALUES (3); SAVEPOINT b; UPDATE p SET i = i + 1; ROLLBACK TO a; DELETE FROM p; COMMIT");
        await cluster.ExecuteAsync("BEGIN; TRUNCATE t_off; DROP TABLE p; ROLLBACK; SELECT pg_create_restore_point('here'); SELECT pg_replication_origin_create('node')");
        await cluster.ExecuteAsync("SELECT pg_replication_origin_session_setup('node'); INSERT INTO t_off (i) VALUES (5)");
        await WriteMessagesAsync(cluster);
    }

    private static async Task WriteIndexesAsync(PostgresCluster cluster, string table)
    {
        await cluster.ExecuteAsync(
            $"""
            CREATE TABLE {table} (id serial, i int, note text, p point, a int[]);
            CREATE INDEX ON {table} (i); CREATE INDEX ON {table} USING hash (i); CREATE INDEX ON {table} USING gin (a);
            CREATE INDEX ON {table} USING gist (p); CREATE INDEX ON {table} USING spgist (p); CREATE INDEX ON {table} USING brin (i) WITH (pages_per_range = 1);
            INSERT INTO {table} (i, note, p, a) SELECT i, repeat(md5(i::text), 3), point(i % 97, i % 89), ARRAY[i, i + 1] FROM generate_series(1, 2000) i;
            """);
        await cluster.ExecuteAsync("CHECKPOINT");
        await cluster.ExecuteAsync($"UPDATE {table} SET i = i + 1 WHERE i % 3 = 0; DELETE FROM {table} WHERE i % 2 = 0; SELECT 1 FROM {table} WHERE id > 0 FOR UPDATE");
        await cluster.ExecuteAsync($"VACUUM (FREEZE) {table}");
        await cluster.ExecuteAsync("CHECKPOINT");
        await cluster.ExecuteAsync($"INSERT INTO {table} (i, p, a) SELECT i, point(i, i), ARRAY[i] FROM generate_series(1, 500) i; REINDEX TABLE {table}; TRUNCATE {table}; INSERT INTO {table} (i) VALUES (1)");
    }

    /// <summary>0 to 2.4 MB each: some of them have whole segments for themselves.</summary>
    private static Task WriteMessagesAsync(PostgresCluster cluster) =>
        cluster.ExecuteAsync("SELECT pg_logical_emit_message(i % 2 = 0, 'test', repeat(md5(i::text), (i * i * 7919) % 75000)) FROM generate_series(1, 30) i");

    /// <summary>The archive as pg_waldump wants it.</summary>
    private async Task<string> UnpackAsync(RepositorySite site, int major)
    {
        var plain = await (await GetWorkspaceAsync()).CreateDirectoryAsync("plain");
        foreach (var name in SegmentsOf(site))
        {
            using var content = new MemoryStream();
            await using (var gzip = new GZipStream(File.OpenRead(Path.Combine(site.Archive, name + ".gz")), CompressionMode.Decompress))
            {
                await gzip.CopyToAsync(content, TestContext.Current.CancellationToken);
            }

            await File.WriteAllBytesAsync(Path.Combine(plain, name), WithMagic(content.ToArray(), PostgresServers.WalDumpMajor(major) == major ? null : Magics[major]), TestContext.Current.CancellationToken);
        }

        return plain;
    }

    /// <summary>The records are the same in both majors, and their checksums do not cover the headers of the pages.</summary>
    private static byte[] WithMagic(byte[] segment, byte? magic)
    {
        for (var page = 0; magic is { } other && page < segment.Length; page += Page)
        {
            segment[page] = segment[page] == 0 ? (byte)0 : other;
        }

        return segment;
    }

    private static IEnumerable<(string Name, long Records, long RecordBytes, long ImageBytes)> Operations(JsonNode shown) =>
        shown["managers"]!.AsArray().SelectMany(manager => manager!["operations"]!.AsArray().Select(operation => (
            $"{manager["name"]}/{operation!["name"]}",
            operation["records"]!.GetValue<long>(),
            operation["record_bytes"]!.GetValue<long>(),
            operation["image_bytes"]!.GetValue<long>())));

    private static SortedDictionary<string, (long, long, long)> Numbers(JsonNode shown, int major)
    {
        var numbers = new SortedDictionary<string, (long, long, long)>(StringComparer.Ordinal);
        foreach (var (name, records, bytes, images) in Operations(shown))
        {
            numbers.Add(major == 14 ? NamesOf13.GetValueOrDefault(name, name) : name, (records, bytes, images));
        }

        numbers.Add("Total", (shown["records"]!.GetValue<long>(), shown["record_bytes"]!.GetValue<long>(), shown["image_bytes"]!.GetValue<long>()));
        return numbers;
    }

    private static SortedDictionary<string, (long, long, long)> Parse(string dump)
    {
        var numbers = new SortedDictionary<string, (long, long, long)>(StringComparer.Ordinal);
        foreach (Match row in Row().Matches(dump))
        {
            numbers.Add(row.Groups["name"].Value, (Number(row, "n"), Number(row, "r"), Number(row, "f")));
        }

        return numbers;
    }

    private static long Number(Match row, string name) => long.Parse(row.Groups[name].Value, CultureInfo.InvariantCulture);

    [GeneratedRegex(@"^(?<name>\S+/\S.*?|Total)\s+(?<n>\d+)(\s+\(\s*[\d.]+\))?\s+(?<r>\d+)\s+[(\[]\s*[\d.]+%?[)\]]\s+(?<f>\d+)\s", RegexOptions.Multiline | RegexOptions.ExplicitCapture)]
    private static partial Regex Row();
}
