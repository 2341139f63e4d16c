using System.Text.Json.Nodes;
using Pgkeep.IntegrationTests.Harness;
using Pgkeep.Postgres;
using Pgkeep.Postgres.Wal;
using Pgkeep.Postgres.Wal.Changes;
using Pgkeep.Postgres.Wal.Index;
using Xunit;

namespace Pgkeep.IntegrationTests.Archive;

/// <summary>The indexes of what real servers have archived.</summary>
public sealed class WalIndexTests : IntegrationTest
{
    [Theory]
    [EachMajor]
    public async Task Indexes_and_the_records_between_them_tell_what_all_records_do(int major)
    {
        var site = await StartAsync(major);
        await WriteAsync(site.Cluster);
        var last = await site.SwitchAndArchiveAsync();
        var (read, indexed) = (new Changes(), new Changes());

        var plain = await UnpackAsync(site);
        var reader = new WalRecordReader(plain[0].Name.StartLsn(Size), Size, 8192, WalSegmentIndex.HeldLength);
        foreach (var segment in plain)
        {
            Assert.True(reader.Read(segment.Content, read), reader.Stop?.Problem);
        }

        WalRecordAssembly? open = null;
        foreach (var segment in plain)
        {
            await Poll.UntilAsync(() => File.Exists(IndexOf(site, segment.Name)), $"{segment.Name} has an index");
            open = indexed.Add(await ReadIndexAsync(site, segment.Name), open);
        }

        Assert.Equal(last, plain[^1].Name.ToString());
        Assert.Equal(reader.Records, indexed.Records);
        Assert.Equal(read.Blocks, indexed.Blocks);
        Assert.Equal(read.Rows, indexed.Rows);
        Assert.Equal(read.Committed, indexed.Committed);
        Assert.Equal(read.Aborted, indexed.Aborted);
        Assert.Equal(read.Files, indexed.Files);
        Assert.True(indexed.Crossing > 2 && read.Rows.Values.Sum() > 5_000 && read.Committed.Count > 10 && read.Aborted.Count > 1 && read.Files.Count > 10);
    }

    [Fact]
    public async Task What_is_missing_or_damaged_is_made_again_and_what_is_left_over_goes()
    {
        var site = await StartAsync(PostgresServers.Newest);
        await WriteAsync(site.Cluster);
        await Poll.UntilAsync(() => Names(site, site.Archive, ".gz").Count > 5, "segments are archived");
        await site.Cluster.StopAsync();
        (await site.RunAsync(["wal", "index"])).EnsureSuccess();
        var names = Names(site, site.Archive, ".gz");
        var before = await File.ReadAllBytesAsync(Path.Combine(site.Repository, "wal_index", names[0] + ".idx"), TestContext.Current.CancellationToken);
        (await TestAccount.RunAsync(
            "sh",
            ["-c", $"cd {site.Repository}/wal_index && rm {names[0]}.idx && truncate -s 100 {names[1]}.idx && cp {names[3]}.idx {names[2]}.idx && cp {names[3]}.idx 0000000100000009000000AA.idx"])).EnsureSuccess();

        var made = JsonNode.Parse((await site.RunAsync(["wal", "index", "--json"])).EnsureSuccess().Stdout)!;
        var again = JsonNode.Parse((await site.RunAsync(["wal", "index", "--json"])).EnsureSuccess().Stdout)!;

        Assert.Equal((names.Count, names.Count - 3, 3, 1), (Number(made, "segments"), Number(made, "current"), Number(made, "made"), Number(made, "removed")));
        Assert.Equal((names.Count, 0, 0), (Number(again, "current"), Number(again, "made"), Number(again, "removed")));
        Assert.Equal(names, Names(site, Path.Combine(site.Repository, "wal_index"), ".idx"));
        Assert.Equal(before, await File.ReadAllBytesAsync(Path.Combine(site.Repository, "wal_index", names[0] + ".idx"), TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task A_segment_that_cannot_be_read_is_a_finding()
    {
        var site = await StartAsync(PostgresServers.Newest);
        var name = await site.SwitchAndArchiveAsync();
        await site.Cluster.StopAsync();
        (await TestAccount.RunAsync("sh", ["-c", $"rm -r {site.Repository}/wal_index; printf 'x' | dd of={site.Archive}/{name}.gz bs=1 seek=200 conv=notrunc"])).EnsureSuccess();

        var result = await site.RunAsync(["wal", "index"]);

        Assert.Equal(3, result.ExitCode);
        Assert.Contains($"look: {name} has none", result.Stdout, StringComparison.Ordinal);
    }

    /// <summary>
    /// The copy was tried out without archiving, which left its unfinished segment behind, and archives now: its next segment has no rival in the archive yet, but does not go on where the
    /// stored one ends.
    /// </summary>
    [Fact]
    public async Task A_copy_that_was_started_without_recovery_signal_is_refused_and_the_first_server_goes_on()
    {
        var site = await StartAsync(PostgresServers.Newest);
        await site.Cluster.ExecuteAsync("CREATE TABLE t (i int); INSERT INTO t SELECT generate_series(1, 1000)");
        var copy = await CopyAsync(site, "copy");
        await copy.ExecuteAsync("INSERT INTO t SELECT generate_series(1, 2000)");
        var shared = await copy.SwitchWalAsync();
        Assert.Equal(shared, await site.SwitchAndArchiveAsync());
        var forked = await copy.SwitchWalAsync();

        var refused = await ArchiveAsync(site, copy, forked);

        Assert.Equal(42, refused.ExitCode);
        Assert.Contains($"does not go on where the stored {shared} ends", refused.Stderr, StringComparison.Ordinal);
        Assert.Contains("two servers write timeline 1", refused.Stderr, StringComparison.Ordinal);
        Assert.Equal(forked, await site.SwitchAndArchiveAsync());
        (await site.RunAsync(["verify", "--wal"])).EnsureSuccess();
    }

    /// <summary>As its hint says.</summary>
    [Fact]
    public async Task A_refused_segment_is_stored_once_the_index_before_it_is_removed()
    {
        var site = await StartAsync(PostgresServers.Newest);
        await site.Cluster.ExecuteAsync("CREATE TABLE t (i int)");
        var copy = await CopyAsync(site, "copy");
        await copy.ExecuteAsync("INSERT INTO t SELECT generate_series(1, 2000)");
        var shared = await copy.SwitchWalAsync();
        Assert.Equal(shared, await site.SwitchAndArchiveAsync());
        var forked = await copy.SwitchWalAsync();
        Assert.Equal(42, (await ArchiveAsync(site, copy, forked)).ExitCode);
        var index = IndexOf(site, Assert.Single(Segments([shared])));

        var off = await ArchiveAsync(site, copy, forked, "--wal-index", "off");
        (await TestAccount.RunAsync("rm", [index])).EnsureSuccess();

        off.EnsureSuccess();
        (await ArchiveAsync(site, copy, forked)).EnsureSuccess();
    }

    /// <summary>A crash leaves the first pages of a record's rest, as one in the middle of writing does; the server writes on behind them.</summary>
    [Theory]
    [EachMajor]
    public async Task A_server_that_crashed_inside_a_record_across_two_segments_is_not_refused(int major)
    {
        var site = await StartAsync(major);
        await site.Cluster.ExecuteAsync("CREATE TABLE t (i int)");
        await site.SwitchAndArchiveAsync();
        await site.Cluster.ExecuteAsync("SELECT pg_logical_emit_message(true, 'x', repeat('y', 900000))");
        var first = await site.Cluster.ScalarAsync<string>("SELECT pg_walfile_name(pg_current_wal_lsn())");
        await site.Cluster.ExecuteAsync("SELECT pg_logical_emit_message(true, 'x', repeat('y', 900000))");
        var second = await site.Cluster.ScalarAsync<string>("SELECT pg_walfile_name(pg_current_wal_lsn())");
        Assert.NotEqual(first, second);
        await Poll.UntilAsync(() => File.Exists(Path.Combine(site.Archive, first + ".gz")), $"{first} is archived");
        await site.Cluster.KillAsync();
        var path = Path.Combine(site.Cluster.DataDirectory, "pg_wal", second);
        (await TestAccount.RunAsync("dd", ["if=/dev/zero", $"of={path}", "bs=8192", "seek=3", "count=125", "conv=notrunc"])).EnsureSuccess();

        await site.Cluster.StartAsync();
        await site.Cluster.ExecuteAsync("INSERT INTO t VALUES (1)");

        Assert.Equal(second, await site.SwitchAndArchiveAsync());
        await site.SwitchAndArchiveAsync();
        (await site.RunAsync(["verify", "--wal"])).EnsureSuccess();
    }

    /// <summary>Crashes, promotions and restarts must never look like a second server.</summary>
    [Fact]
    public async Task One_server_that_crashes_and_is_promoted_is_never_refused()
    {
        var site = await StartAsync(PostgresServers.Newest);
        await WriteAsync(site.Cluster);
        for (var i = 0; i < 3; i++)
        {
            await site.Cluster.ExecuteAsync($"CREATE TABLE crash_{i} AS SELECT i, repeat(md5(i::text), 20) FROM generate_series(1, 6000) i");
            await site.Cluster.KillAsync();
            await site.Cluster.StartAsync();
            await site.SwitchAndArchiveAsync();
        }

        await using var standby = await PostgresCluster.StartStandbyAsync(site.Cluster);
        await site.Cluster.ExecuteAsync("CREATE TABLE last AS SELECT i FROM generate_series(1, 30000) i");
        await site.Cluster.StopAsync();
        await standby.ExecuteAsync("SELECT pg_promote()");
        await standby.ExecuteAsync("CREATE TABLE promoted AS SELECT i, repeat(md5(i::text), 20) FROM generate_series(1, 6000) i");
        var promoted = new RepositorySite(standby, site.Repository);
        await promoted.SwitchAndArchiveAsync();

        Assert.StartsWith("00000002", await promoted.SwitchAndArchiveAsync(), StringComparison.Ordinal);
        var log = await File.ReadAllTextAsync(Path.Combine(site.Archive, "archive.log"), TestContext.Current.CancellationToken);
        Assert.DoesNotContain("ERROR", log, StringComparison.Ordinal);
        Assert.DoesNotContain("No index", log, StringComparison.Ordinal);
    }

    private static WalSegmentSize Size { get; } = new(1024 * 1024);

    private static string IndexOf(RepositorySite site, WalSegmentName segment) => Path.Combine(site.Repository, "wal_index", $"{segment}.idx");

    private static int Number(JsonNode result, string name) => result[name]!.GetValue<int>();

    private static List<string> Names(RepositorySite site, string directory, string suffix) =>
        [.. Directory.EnumerateFiles(directory, "????????????????????????" + suffix).Select(path => Path.GetFileName(path)[..24]).Order(StringComparer.Ordinal)];

    private static IEnumerable<WalSegmentName> Segments(IEnumerable<string> names)
    {
        foreach (var name in names)
        {
            Assert.True(WalSegmentName.TryParse(name, out var segment));
            yield return segment;
        }
    }

    private static async Task<WalSegmentIndex> ReadIndexAsync(RepositorySite site, WalSegmentName segment)
    {
        Assert.True(WalIndexDecoder.TryDecode(await File.ReadAllBytesAsync(IndexOf(site, segment), TestContext.Current.CancellationToken), out var index, out var problem), problem);
        return index;
    }

    private static Task<ProgramResult> ArchiveAsync(RepositorySite site, PostgresCluster server, string segment, params string[] options) =>
        PgkeepBinary.RunAsync(
            ["archive-wal", .. options, $"pg_wal/{segment}", segment],
            new RunOptions { Environment = new Dictionary<string, string> { ["BACKUP_DIR"] = site.Repository }, WorkingDirectory = server.DataDirectory });

    /// <summary>A copy of the stopped server, both running afterwards, the copy without archiving.</summary>
    private static async Task<PostgresCluster> CopyAsync(RepositorySite site, string name)
    {
        var target = site.Cluster.Workspace.PathOf(name);
        await site.Cluster.KillAsync();
        (await TestAccount.RunAsync("cp", ["-a", site.Cluster.DataDirectory, target])).EnsureSuccess();
        (await TestAccount.RunAsync("sh", ["-c", $"rm -f {target}/postmaster.pid; echo \"archive_command = ''\" >>{target}/postgresql.conf"])).EnsureSuccess();
        await site.Cluster.StartAsync();
        var copy = PostgresCluster.Adopt(site.Cluster.Workspace, site.Cluster.Major, target);
        await copy.StartAsync();
        return copy;
    }

    private static async Task WriteAsync(PostgresCluster cluster)
    {
        await cluster.ExecuteAsync("CREATE DATABASE other");
        await cluster.ExecuteAsync("DROP DATABASE other");
        await cluster.ExecuteAsync("CREATE TABLE w (i int PRIMARY KEY, t text); INSERT INTO w SELECT i, repeat(md5(i::text), 10) FROM generate_series(1, 5000) i; CREATE INDEX ON w (t)");
        await cluster.ExecuteAsync("CHECKPOINT");
        await cluster.ExecuteAsync("UPDATE w SET t = t || 'x' WHERE i % 3 = 0; DELETE FROM w WHERE i % 5 = 0");
        await cluster.ExecuteAsync("VACUUM w");
        await cluster.ExecuteAsync("INSERT INTO w VALUES (1, 'x') ON CONFLICT DO NOTHING");
        await cluster.ExecuteAsync("BEGIN; INSERT INTO w VALUES (-1, ''); SAVEPOINT a; INSERT INTO w VALUES (-2, ''); ROLLBACK TO a; SAVEPOINT b; INSERT INTO w VALUES (-3, ''); COMMIT");
        await cluster.ExecuteAsync("BEGIN; CREATE TABLE gone (i int); INSERT INTO gone VALUES (1); ROLLBACK; CREATE TABLE emptied (i int); INSERT INTO emptied VALUES (1)");
        await cluster.ExecuteAsync("TRUNCATE emptied; SELECT pg_create_restore_point('here')");
        for (var i = 0; i < 20; i++)
        {
            await cluster.ExecuteAsync($"UPDATE w SET t = t || '{i}' WHERE i % 20 = {i}");
        }

        await cluster.ExecuteAsync("SELECT pg_logical_emit_message(true, 'long', repeat('x', 2500000))");
    }

    private static async Task<List<(WalSegmentName Name, byte[] Content)>> UnpackAsync(RepositorySite site)
    {
        var plain = new List<(WalSegmentName Name, byte[] Content)>();
        foreach (var name in Segments(Names(site, site.Archive, ".gz")))
        {
            using var content = new MemoryStream();
            await using var gzip = new System.IO.Compression.GZipStream(File.OpenRead(Path.Combine(site.Archive, $"{name}.gz")), System.IO.Compression.CompressionMode.Decompress);
            await gzip.CopyToAsync(content, TestContext.Current.CancellationToken);
            plain.Add((name, content.ToArray()));
        }

        return plain;
    }

    private async Task<RepositorySite> StartAsync(int major)
    {
        var repository = await (await GetWorkspaceAsync()).CreateDirectoryAsync("repository");
        var cluster = await StartClusterAsync(
            major, new ServerOptions { WalSegmentSizeInMiB = 1, ArchiveCommand = RepositorySite.ArchiveCommand(repository), Settings = new Dictionary<string, string> { ["autovacuum"] = "off" } });
        return new RepositorySite(cluster, repository);
    }

    /// <summary>What records do, read one by one with all of each record, or added up from indexes.</summary>
    private sealed class Changes : IWalRecordVisitor
    {
        private readonly WalRecordBody _body = new();

        public long Records { get; private set; }

        public long Crossing { get; private set; }

        public SortedSet<(string Relation, RelationFork Fork, uint Block)> Blocks { get; } = [];

        public SortedDictionary<string, long> Rows { get; } = new(StringComparer.Ordinal);

        public SortedSet<uint> Committed { get; } = [];

        public SortedSet<uint> Aborted { get; } = [];

        public SortedSet<string> Files { get; } = [];

        public bool Visit(in WalRecord record)
        {
            Assert.True(_body.TryDecode(record, out var problem), problem);
            foreach (var block in _body.Blocks)
            {
                Blocks.Add((block.Relation.ToString(), block.Fork, block.Block));
            }

            if (HeapChange.TryRead(record, _body, out var change) && !change.TakesBackInsertion)
            {
                Count($"{change.Relation} {(change.Operation is HeapOperation.MultiInsert ? HeapOperation.Insert : change.Operation is HeapOperation.HotUpdate ? HeapOperation.Update : change.Operation)}", change.Rows);
            }

            if (TransactionEnd.TryRead(record, _body, out var end))
            {
                (end.IsCommit ? Committed : Aborted).UnionWith([end.Xid, .. end.Subtransactions.ToArray()]);
                Files.UnionWith(end.UnlinkedFiles.ToArray().Select(file => $"unlinked {file}"));
            }

            if (StorageChange.TryRead(record, _body, out var storage))
            {
                Files.Add($"{storage.Operation} {storage.Relation} {storage.Fork}");
            }

            if (DatabaseChange.TryRead(record, _body, out var database))
            {
                Files.Add($"{database.Operation} {database.Database}");
            }

            return true;
        }

        /// <param name="open">That went on behind the segment before.</param>
        /// <returns>That goes on behind this one.</returns>
        public WalRecordAssembly? Add(WalSegmentIndex index, WalRecordAssembly? open)
        {
            Records += index.Records;
            if (open is not null)
            {
                index.Ends.Head!.AppendTo(open);
            }

            if (open is { Remaining: 0 })
            {
                Assert.True(open.IsSound);
                Records++;
                Crossing++;
                Visit(new WalRecord { Format = index.Format, Header = open.Header, Start = open.Start, End = open.Start, Bytes = open.Held });
            }

            AddRelations(index);
            Committed.UnionWith(index.Committed.ToList());
            Aborted.UnionWith(index.Aborted.ToList());
            Files.UnionWith(index.UnlinkedFiles.Select(file => $"unlinked {file.Relation}"));
            Files.UnionWith(index.CreatedFiles.Select(file => $"Create {file.Relation} {file.Fork}"));
            Files.UnionWith(index.TruncatedFiles.Select(file => $"Truncate {file.Relation} {RelationFork.Main}"));
            Files.UnionWith(index.Databases.Select(change => $"{change.Operation} {change.Database}"));
            return index.Ends.IsInsideHead ? open : index.Ends.Open;
        }

        private void AddRelations(WalSegmentIndex index)
        {
            foreach (var relation in index.Relations)
            {
                Blocks.UnionWith(relation.Forks.SelectMany(fork => fork.Blocks.ToList().Select(block => (relation.Relation.ToString(), fork.Fork, block))));
                Count($"{relation.Relation} {HeapOperation.Insert}", relation.Inserts);
                Count($"{relation.Relation} {HeapOperation.Update}", relation.Updates);
                Count($"{relation.Relation} {HeapOperation.Delete}", relation.Deletes + relation.Moves);
                Count($"{relation.Relation} {HeapOperation.InPlace}", relation.InPlace);
            }
        }

        private void Count(string what, long rows)
        {
            if (rows > 0)
            {
                Rows[what] = Rows.GetValueOrDefault(what) + rows;
            }
        }
    }
}
