using Pgkeep.IntegrationTests.Harness;
using Xunit;

namespace Pgkeep.IntegrationTests.Archive;

/// <summary>The receiver's own disk fails or is full while the server waits for it: nothing that was acknowledged may be lost with that.</summary>
public sealed class ReceiveWalFaultTests : IntegrationTest
{
    [Theory]
    [InlineData("fsync:error=EIO:when=30", 31)]
    [InlineData("pwrite64:error=ENOSPC:when=30", 32)]
    [InlineData("pwrite64:error=EIO:when=30", 31)]
    [InlineData("link,linkat:error=ENOSPC:when=2", 32)]
    public async Task A_disk_that_fails_ends_it_and_the_next_one_goes_on_without_a_gap(string injection, int exitCode)
    {
        var workspace = await GetWorkspaceAsync();
        var site = new ReceiveSite(
            await StartClusterAsync(PostgresServers.Newest, new ServerOptions { WalSegmentSizeInMiB = 1 }), await workspace.CreateDirectoryAsync("repository"));
        await site.Cluster.ExecuteAsync("CREATE TABLE written (session text, number bigint, fill text); ALTER TABLE written ALTER fill SET STORAGE EXTERNAL");
        await using (var first = await site.StartStreamingAsync())
        {
            (await site.RunAsync("backup")).EnsureSuccess();
            await ReceiveSite.EndAsync(first);
        }

        await using var failing = Strace.Start(
            injection,
            PgkeepBinary.FilePath,
            ["receive-wal", "--config", "/dev/null"],
            new RunOptions { Environment = new Dictionary<string, string>(site.Cluster.ClientEnvironment) { ["BACKUP_DIR"] = site.Repository } });
        await ReceiveSite.WaitForAsync(failing, "Receiving WAL");
        await site.MakeSynchronousAsync();
        var writers = Enumerable.Range(0, 3).Select(i => new RowWriter(site.Cluster, $"w{i}")).ToList();
        var failed = await failing.WaitAsync();

        failed.EnsureExitCode(exitCode);
        Assert.Contains("error:", failed.Stderr, StringComparison.Ordinal);
        Assert.Contains("ERROR: receive-wal", site.Log, StringComparison.Ordinal);
        await using var next = await site.StartStreamingAsync();
        var before = writers.Sum(writer => writer.Acknowledged);
        await Poll.UntilAsync(() => writers.Sum(writer => writer.Acknowledged) > before + 50, "commits go on");
        var rows = await Task.WhenAll(writers.Select(writer => writer.EndAsync()));
        await ReceiveSite.EndAsync(next);
        site.EnsureNoGap();
        Assert.Equal([".receiving"], RepositoryNames.LeftoversIn(site.Archive));
        await site.Cluster.KillAsync();
        Directory.Delete(site.Cluster.DataDirectory, recursive: true);
        (await site.RestoreAsync()).EnsureSuccess();
        for (var i = 0; i < rows.Length; i++)
        {
            Assert.InRange(await site.Cluster.ScalarAsync<long>($"SELECT count(*) FROM written WHERE session = 'w{i}'"), rows[i], rows[i] + 1);
        }
    }
}
