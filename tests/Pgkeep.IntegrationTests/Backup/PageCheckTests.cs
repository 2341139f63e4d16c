using System.Globalization;
using System.Text.Json;
using Pgkeep.IntegrationTests.Harness;
using Xunit;

namespace Pgkeep.IntegrationTests.Backup;

/// <summary>A page that is damaged on disk is found while it is copied.</summary>
public sealed class PageCheckTests : BackupTest
{
    private const int BlockSize = 8192;
    private const int Findings = 3;

    [Theory, EachMajor]
    public async Task A_damaged_page_is_named_with_its_file_and_block_and_the_backup_is_kept(int major)
    {
        var site = await StartSiteAsync(major);
        var file = await CreateTableAsync(site);
        await DamageAsync(site, file, block: 7);

        var result = (await site.BackupAsync()).EnsureExitCode(Findings);

        var finding = $"{file} block 7 is damaged";
        Assert.Contains(finding, result.Stdout, StringComparison.Ordinal);
        Assert.Contains($"ERROR: {finding}", await ReadAsync(site.Repository, "backup.log"), StringComparison.Ordinal);
        using var metadata = JsonDocument.Parse(await ReadAsync(Assert.Single(site.Backups), "backup_metadata.json"));
        Assert.StartsWith(finding, Assert.Single(metadata.RootElement.GetProperty("findings").EnumerateArray()).GetString(), StringComparison.Ordinal);
    }

    [Theory, EachMajor]
    public async Task Every_page_of_a_sound_cluster_is_checked_and_none_is_accused(int major)
    {
        var site = await StartSiteAsync(major);
        var file = await CreateTableAsync(site);
        var pages = new FileInfo(Path.Combine(site.Cluster.DataDirectory, file)).Length / BlockSize;

        var result = (await site.BackupAsync("--json")).EnsureSuccess();

        using var metadata = JsonDocument.Parse(await ReadAsync(Assert.Single(site.Backups), "backup_metadata.json"));
        Assert.True(metadata.RootElement.GetProperty("pages_checked").GetInt64() > pages);
        Assert.Empty(metadata.RootElement.GetProperty("excused_pages").EnumerateArray());
        Assert.Contains("\"findings\":[]", result.Stdout, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Pages_that_are_written_all_the_time_are_not_accused()
    {
        var site = await StartSiteAsync(options: new ServerOptions());
        await site.Cluster.ExecuteAsync("CREATE TABLE t WITH (fillfactor = 50) AS SELECT i, repeat('x', 500) AS x FROM generate_series(1, 20000) i; CREATE INDEX ON t (i)");
        using var stop = new CancellationTokenSource();
        var writing = WriteAsync(site, stop.Token);

        for (var round = 0; round < 3; round++)
        {
            (await site.BackupAsync()).EnsureSuccess();
        }

        await stop.CancelAsync();
        await writing;
    }

    private static async Task<string> CreateTableAsync(RepositorySite site)
    {
        await site.Cluster.ExecuteAsync("CREATE TABLE t AS SELECT i, repeat('x', 1000) AS x FROM generate_series(1, 2000) i");
        await site.Cluster.ExecuteAsync("CHECKPOINT");
        return await site.Cluster.ScalarAsync<string>("SELECT pg_relation_filepath('t')");
    }

    /// <summary>In the middle of the page, where neither its LSN nor its checksum stands.</summary>
    private static async Task DamageAsync(RepositorySite site, string file, int block)
    {
        var path = Path.Combine(site.Cluster.DataDirectory, file);
        var offset = ((block * BlockSize) + 4000).ToString(CultureInfo.InvariantCulture);
        (await TestAccount.RunAsync("dd", ["if=/dev/urandom", $"of={path}", "bs=1", "count=16", $"seek={offset}", "conv=notrunc"])).EnsureSuccess();
    }

    private static async Task WriteAsync(RepositorySite site, CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            await site.Cluster.ExecuteAsync("UPDATE t SET x = repeat('y', 500) WHERE i % 7 = 3");
            await site.Cluster.ExecuteAsync("CHECKPOINT");
            // The archiver must keep up, or the backups wait for it.
            await site.Cluster.ExecuteAsync("SELECT pg_sleep(0.1)");
        }
    }

    private static Task<string> ReadAsync(string directory, string name) =>
        File.ReadAllTextAsync(Path.Combine(directory, name), TestContext.Current.CancellationToken);
}
