using System.Globalization;
using System.IO.Compression;
using System.Text.Json.Nodes;
using Pgkeep.IntegrationTests.Harness;
using Pgkeep.Postgres;
using Pgkeep.Postgres.Wal;
using Xunit;

namespace Pgkeep.IntegrationTests.Verify;

/// <summary>What <c>verify --wal</c> says of the records that real servers have written.</summary>
public sealed class VerifyRecordsTests : IntegrationTest
{
    private const int Damaged = 16;
    private const int Page = 8192;

    private static readonly WalSegmentSize Size = new(1024 * 1024);

    [Theory]
    [EachMajor]
    public async Task It_says_from_where_to_where_they_are_sound_and_what_was_committed_last(int major)
    {
        var site = await StartAsync(major);
        await site.TakeBackupAsync();
        await WriteAsync(site.Cluster);
        var last = await site.Cluster.ScalarAsync<string>("SELECT xid || ' ' || to_char(timestamp AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US') FROM pg_last_committed_xact()");
        var end = await site.Cluster.ScalarAsync<string>("SELECT pg_walfile_name(pg_switch_wal())");
        await Poll.UntilAsync(() => File.Exists(Path.Combine(site.Archive, end + ".gz")), $"{end} is archived");

        var answer = JsonNode.Parse((await site.RunAsync(["verify", "--wal", "--json"])).EnsureSuccess().Stdout)!;

        var timeline = Assert.Single(answer["timelines"]!.AsArray())!;
        Assert.Equal((1, true, Path.GetFileName(site.Backups[0])), (timeline["timeline"]!.GetValue<int>(), timeline["to_the_end"]!.GetValue<bool>(), timeline["backup"]!.GetValue<string>()));
        var committed = timeline["last_commit_time"]!.GetValue<DateTimeOffset>().UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss.ffffff", CultureInfo.InvariantCulture);
        Assert.Equal(last, $"{timeline["last_commit_xid"]} {committed}");
        Assert.True(timeline["records"]!.GetValue<long>() > 20_000);
        var sound = Lsn.Parse(timeline["sound_to_lsn"]!.GetValue<string>());
        Assert.Equal(end, WalSegmentName.EndingAt(TimelineId.First, sound, Size).ToString());
        Assert.Contains("records sound from", (await site.RunAsync(["verify", "--wal"])).EnsureSuccess().Stdout, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Each_planted_damage_is_named_with_its_position()
    {
        var site = await StartAsync(PostgresServers.Newest);
        await WriteAsync(site.Cluster);
        await site.SwitchAndArchiveAsync();
        await site.Cluster.StopAsync();
        var segments = Directory.EnumerateFiles(site.Archive, "????????????????????????.gz").Order(StringComparer.Ordinal).ToList();
        Assert.True(segments.Count > 10, $"{segments.Count} segments");
        var expected = new List<(string, string, string)>
        {
            Plant(segments[1], "record", (segment, record) => segment[record.Offset + record.Length - 1] ^= 4),
            Plant(segments[3], "record", (segment, record) => segment[record.Offset + 4] ^= 4),
            Plant(segments[5], "chain", (segment, record) => segment[record.Offset + 8] ^= 4),
            Plant(segments[7], "page", (segment, _) => segment[(20 * Page) + 8] ^= 0x40, 20 * Page),
            Plant(segments[9], "page", (segment, _) => segment.AsSpan(20 * Page, Page).Clear(), 21 * Page),
        };

        var answer = JsonNode.Parse((await site.RunAsync(["verify", "--wal", "--json"])).EnsureExitCode(Damaged).Stdout.Split('\n')[0])!;

        Assert.Equal(expected, answer["problems"]!.AsArray().Select(problem => (problem!["file"]!.GetValue<string>(), problem["damage"]!.GetValue<string>(), problem["lsn"]!.GetValue<string>())));
    }

    /// <summary>Damages a record in the middle of a segment, or a page, and stores it as another tool would, with a checksum that fits.</summary>
    /// <param name="at">Where the damage is expected to be seen; in the record where it is left out.</param>
    private static (string File, string Damage, string Position) Plant(string path, string damage, Action<byte[], (int Offset, int Length)> change, int? at = null)
    {
        var content = new MemoryStream();
        using (var gzip = new GZipStream(File.OpenRead(path), CompressionMode.Decompress))
        {
            gzip.CopyTo(content);
        }

        var segment = content.ToArray();
        Assert.True(WalSegmentName.TryParse(Path.GetFileName(path.AsSpan())[..^3], out var name));
        var record = FindRecord(segment, name);
        change(segment, record);
        using (var gzip = new GZipStream(File.Create(path), CompressionLevel.Fastest))
        {
            gzip.Write(segment);
        }

        return (path, damage, (name.StartLsn(Size) + (ulong)(at ?? record.Offset)).ToString());
    }

    /// <summary>One that lies on one page of the second half.</summary>
    private static (int Offset, int Length) FindRecord(byte[] segment, WalSegmentName name)
    {
        var visitor = new FindingVisitor(name.StartLsn(Size));
        new WalScan(Size, null, 1024).Read(name, new MemoryStream(segment), visitor, TestContext.Current.CancellationToken);
        return visitor.Found!.Value;
    }

    private async Task<RepositorySite> StartAsync(int major)
    {
        var repository = await (await GetWorkspaceAsync()).CreateDirectoryAsync("repository");
        var settings = new Dictionary<string, string> { ["track_commit_timestamp"] = "on", ["autovacuum"] = "off" };
        return new RepositorySite(
            await StartClusterAsync(major, new ServerOptions { WalSegmentSizeInMiB = 1, ArchiveCommand = RepositorySite.ArchiveCommand(repository), Settings = settings }), repository);
    }

    private static async Task WriteAsync(PostgresCluster cluster)
    {
        await cluster.ExecuteAsync("CREATE TABLE t AS SELECT i, md5(i::text) AS note FROM generate_series(1, 60000) i");
        await cluster.ExecuteAsync("UPDATE t SET note = note || i WHERE i % 2 = 0");
        await cluster.ExecuteAsync("SELECT pg_logical_emit_message(false, 'test', repeat('x', 3000000)); INSERT INTO t VALUES (0, 'the last')");
    }

    private sealed class FindingVisitor(Lsn start) : IWalRecordVisitor
    {
        public (int Offset, int Length)? Found { get; private set; }

        public bool Visit(in WalRecord record)
        {
            var (offset, length) = ((int)(record.Start - start), (int)record.Header.TotalLength);
            if (offset > Size.Bytes / 2 && offset / Page == (offset + length - 1) / Page && length > WalRecordHeader.Length)
            {
                Found = (offset, length);
            }

            return Found is null;
        }
    }
}
