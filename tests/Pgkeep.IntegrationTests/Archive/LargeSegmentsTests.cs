using Pgkeep.IntegrationTests.Harness;
using Xunit;

namespace Pgkeep.IntegrationTests.Archive;

/// <summary>Clusters whose WAL segments are larger than the memory that a command may take.</summary>
public sealed class LargeSegmentsTests : IntegrationTest
{
    private const int Medium = 256;
    private const int Largest = 1024;

    private static readonly TimeSpan Timeout = TimeSpan.FromMinutes(10);

    [Fact]
    public Task Segments_of_256_MB_are_archived_and_restored_within_150_MB() => ArchiveAsync(Medium);

    [Soak]
    public Task Segments_of_1_GB_are_archived_and_restored_within_150_MB() => ArchiveAsync(Largest);

    [Fact]
    public Task Segments_of_256_MB_are_received_and_restored_within_150_MB() => ReceiveAsync(Medium);

    [Soak]
    public Task Segments_of_1_GB_are_received_and_restored_within_150_MB() => ReceiveAsync(Largest);

    [Soak]
    public Task Segments_of_256_MB_are_backed_up_from_a_standby_within_150_MB() => StreamFromStandbyAsync(Medium);

    [Soak]
    public Task Segments_of_1_GB_are_backed_up_from_a_standby_within_150_MB() => StreamFromStandbyAsync(Largest);

    private async Task ArchiveAsync(int mebibytes)
    {
        var workspace = await GetWorkspaceAsync();
        var repository = await workspace.CreateDirectoryAsync("repository");
        var peaks = workspace.PathOf("peaks");
        var options = Options(mebibytes) with { ArchiveCommand = PeakMemory.Recorded(peaks, RepositorySite.ArchiveCommand(repository)) };
        var site = new RepositorySite(await StartClusterAsync(PostgresServers.Newest, options), repository);
        await CreateTableAsync(site.Cluster);
        await EnsureAsync(site, "backup", "--source", "files");
        await WriteSegmentAsync(site.Cluster, mebibytes);
        await EnsureAsync(site, "backup", "--source", "pg_basebackup", "--bindir", PostgresServers.ClientDirectory(PostgresServers.Newest));
        await site.Cluster.ExecuteAsync("INSERT INTO written SELECT i FROM generate_series(1, 1000) i");
        var last = await SwitchAndArchiveAsync(site);
        PeakMemory.Ensure("archive-wal", PeakMemory.HighestIn(peaks));
        var content = await site.Cluster.ChecksumAsync("written");

        await EnsureGetWalAsync(site, last, Path.Combine(site.Cluster.DataDirectory, "pg_wal", last));
        await EnsureAsync(site, "verify", "--deep");
        await EnsureAsync(site, "verify", "--wal");
        await EnsureAsync(site, "wal");
        await EnsureRestoreAsync(site);

        Assert.Equal(content, await site.Cluster.ChecksumAsync("written"));
    }

    private async Task ReceiveAsync(int mebibytes)
    {
        var repository = await (await GetWorkspaceAsync()).CreateDirectoryAsync("repository");
        var cluster = await StartClusterAsync(PostgresServers.Newest, Options(mebibytes));
        var (site, receiving) = (new RepositorySite(cluster, repository), new ReceiveSite(cluster, repository));
        await CreateTableAsync(cluster);
        await using var receiver = await receiving.StartStreamingAsync();
        await EnsureAsync(site, "backup");
        await WriteSegmentAsync(cluster, mebibytes);
        await cluster.ExecuteAsync("INSERT INTO written SELECT i FROM generate_series(1, 1000) i");
        await receiving.WaitUntilReceivedAsync();
        var content = await cluster.ChecksumAsync("written");
        await EnsureAsync(site, "wal");
        PeakMemory.Ensure("receive-wal", PeakMemory.Of(receiver.ProcessId));
        await ReceiveSite.EndAsync(receiver);
        var last = Assert.Single(receiving.Receiving);
        await EnsureGetWalAsync(site, last, Path.Combine(receiving.DirectoryOf("pgkeep"), last));
        Assert.True(receiving.Stored.Count >= 2, string.Join(' ', receiving.Stored));

        await cluster.KillAsync();
        Directory.Delete(cluster.DataDirectory, recursive: true);
        await EnsureRestoreAsync(site);

        Assert.Equal(content, await cluster.ChecksumAsync("written"));
    }

    /// <summary>Which segment is a standby's last one, its stream tells only behind it.</summary>
    private async Task StreamFromStandbyAsync(int mebibytes)
    {
        var repository = await (await GetWorkspaceAsync()).CreateDirectoryAsync("repository");
        var primary = await StartClusterAsync(PostgresServers.Newest, Options(mebibytes) with { Settings = new Dictionary<string, string> { ["wal_keep_size"] = "4GB" } });
        await CreateTableAsync(primary);
        var standby = await StartStandbyAsync(primary);
        await WriteSegmentAsync(primary, mebibytes);
        await primary.ExecuteAsync("CHECKPOINT");
        await primary.WaitForReplayAsync(standby);
        await standby.ExecuteAsync("CHECKPOINT");
        await WriteSegmentAsync(primary, mebibytes);
        await primary.ExecuteAsync("INSERT INTO written SELECT i FROM generate_series(1, 1000) i");
        await primary.WaitForReplayAsync(standby);
        var content = await standby.ChecksumAsync("written");
        var site = new RepositorySite(standby, repository);

        await EnsureAsync(site, "backup", "--source", "pg_basebackup", "--bindir", PostgresServers.ClientDirectory(PostgresServers.Newest), "--archive-wait", "1s");
        await standby.KillAsync();
        Directory.Delete(standby.DataDirectory, recursive: true);
        await EnsureRestoreAsync(site);

        Assert.Equal(content, await standby.ChecksumAsync("written"));
    }

    private static ServerOptions Options(int mebibytes) => new() { WalSegmentSizeInMiB = mebibytes };

    private static Task CreateTableAsync(PostgresCluster cluster) => cluster.ExecuteAsync("CREATE TABLE written AS SELECT i FROM generate_series(1, 1000) i");

    /// <summary>A little more WAL than a segment holds.</summary>
    private static Task WriteSegmentAsync(PostgresCluster cluster, int mebibytes) => cluster.ExecuteAsync(
        $"SELECT pg_logical_emit_message(false, 'test', repeat(md5(i::text), 32768)) FROM generate_series(1, {mebibytes + (mebibytes / 16)}) i");

    private static async Task<string> SwitchAndArchiveAsync(RepositorySite site)
    {
        var segment = await site.Cluster.SwitchWalAsync();
        await Poll.UntilAsync(() => File.Exists(Path.Combine(site.Archive, segment + ".gz")), $"{segment} is archived", Timeout);
        return segment;
    }

    private static async Task EnsureAsync(RepositorySite site, params string[] arguments)
    {
        var (result, peak) = await PeakMemory.RunAsync(arguments, new RunOptions { Environment = site.Environment, Timeout = Timeout });
        _ = result.EnsureSuccess();
        PeakMemory.Ensure(string.Join(' ', arguments), peak);
    }

    private static async Task EnsureGetWalAsync(RepositorySite site, string segment, string original)
    {
        var place = await site.Cluster.Workspace.CreateDirectoryAsync("pg_wal");
        await EnsureAsync(site, "get-wal", segment, Path.Combine(place, "RECOVERYXLOG"));
        (await TestAccount.RunAsync("cmp", [original, Path.Combine(place, "RECOVERYXLOG")])).EnsureSuccess();
    }

    private static Task EnsureRestoreAsync(RepositorySite site) => EnsureAsync(
        site,
        "restore",
        "--stop-server",
        "--yes",
        "--pgdata",
        site.Cluster.DataDirectory,
        "--bindir",
        site.Cluster.BinDirectory,
        "--restore-log",
        site.Cluster.Workspace.PathOf("restore.log"));
}
