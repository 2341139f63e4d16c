using System.Globalization;
using System.Text.Json;
using Pgkeep.IntegrationTests.Harness;
using Xunit;

namespace Pgkeep.IntegrationTests.Backup;

/// <summary>A server that writes its pages out all the time, under the eyes of a backup that reads them.</summary>
public sealed class TornPageTests : BackupTest
{
    private const int BlockSize = 8192;
    private const int Findings = 3;
    private const int Rounds = 3;
    private const int SoakRounds = 20;

    /// <summary>So few buffers that a page leaves them right after it has changed.</summary>
    private static readonly ServerOptions FewBuffers = new() { Settings = new Dictionary<string, string> { ["shared_buffers"] = "1MB" } };

    [Theory, EachMajor]
    public async Task No_page_that_is_being_written_is_taken_for_a_damaged_one(int major) => await BackUpAsync(await StartAsync(major), Rounds);

    [Soak]
    public async Task No_page_that_is_being_written_is_taken_for_a_damaged_one_in_20_backups() =>
        await BackUpAsync(await StartAsync(PostgresServers.Newest), SoakRounds);

    [Theory, EachMajor]
    public async Task A_page_that_is_damaged_is_found_beside_those_that_are_being_written(int major)
    {
        const int block = 11;
        var site = await StartAsync(major);
        await site.Cluster.ExecuteAsync("CREATE TABLE quiet AS SELECT i, repeat('x', 1000) AS t FROM generate_series(1, 500) i; CHECKPOINT");
        var file = await site.Cluster.ScalarAsync<string>("SELECT pg_relation_filepath('quiet')");
        var offset = ((block * BlockSize) + 5000).ToString(CultureInfo.InvariantCulture);
        await HandRestore.ShellAsync("""printf damage | dd of="$1" bs=1 seek="$2" conv=notrunc status=none""", Path.Combine(site.Cluster.DataDirectory, file), offset);
        await using var load = await StartWritingAsync(site);

        (await site.BackupAsync()).EnsureExitCode(Findings);

        using var metadata = ReadMetadata(site);
        var finding = Assert.Single(metadata.RootElement.GetProperty("findings").EnumerateArray()).GetString();
        Assert.StartsWith($"{file} block {block} is damaged", finding, StringComparison.Ordinal);
        load.EnsureRunning();
    }

    private static async Task BackUpAsync(RepositorySite site, int rounds)
    {
        await using var load = await StartWritingAsync(site);
        using var stop = new CancellationTokenSource();
        var checkpoints = CheckpointAsync(site, stop.Token);

        for (var round = 1; round <= rounds; round++)
        {
            (await site.BackupAsync()).EnsureSuccess();

            using var metadata = ReadMetadata(site);
            Assert.Empty(metadata.RootElement.GetProperty("findings").EnumerateArray());
            SoakRun.Tell($"PostgreSQL {site.Cluster.Major} torn pages round {round}: {metadata.RootElement.GetProperty("pages_checked").GetInt64()} checked, {metadata.RootElement.GetProperty("excused_pages").GetArrayLength()} excused");
        }

        load.EnsureRunning();
        await stop.CancelAsync();
        await checkpoints;
    }

    private static async Task<ServerLoad> StartWritingAsync(RepositorySite site)
    {
        var load = ServerLoad.StartUpdates(site.Cluster, perSecond: 1500);
        await Poll.UntilAsync(() => site.Cluster.ScalarAsync<bool>("SELECT EXISTS (SELECT FROM pgbench_history)"), "the load has begun");
        return load;
    }

    private static async Task CheckpointAsync(RepositorySite site, CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            await site.Cluster.ExecuteAsync("CHECKPOINT; SELECT pg_sleep(0.1)");
        }
    }

    private static JsonDocument ReadMetadata(RepositorySite site) => JsonDocument.Parse(File.ReadAllBytes(Path.Combine(site.Backups[^1], "backup_metadata.json")));

    private async Task<RepositorySite> StartAsync(int major)
    {
        var site = await StartSiteAsync(major, FewBuffers);
        await ServerLoad.PrepareAsync(site.Cluster, scale: 5, indexTablespace: "pg_default");
        return site;
    }
}
