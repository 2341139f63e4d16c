using System.Globalization;
using Pgkeep.IntegrationTests.Harness;
using Xunit;

namespace Pgkeep.IntegrationTests.Archive;

/// <summary>The receiver's own disk fails or is full, or the receiver is killed, while the server waits for it: nothing that was acknowledged may be lost with that.</summary>
public sealed class ReceiveWalFaultTests : IntegrationTest
{
    private ReceiveSite _site = null!;

    [Theory]
    [InlineData("fsync:error=EIO:when=30", 31)]
    [InlineData("pwrite64:error=ENOSPC:when=30", 32)]
    [InlineData("pwrite64:error=EIO:when=30", 31)]
    [InlineData("link,linkat:error=ENOSPC:when=2", 32)]
    public async Task A_disk_that_fails_ends_it_and_the_next_one_goes_on_without_a_gap(string injection, int exitCode)
    {
        await StartAsync();
        await using var failing = Strace.Start(injection, PgkeepBinary.FilePath, Words, Options);
        await ReceiveSite.WaitForAsync(failing, "Receiving WAL");
        await _site.MakeSynchronousAsync();
        var writers = StartWriters();
        var failed = await failing.WaitAsync();

        failed.EnsureExitCode(exitCode);
        Assert.Contains("error:", failed.Stderr, StringComparison.Ordinal);
        Assert.Contains("ERROR: receive-wal", _site.Log, StringComparison.Ordinal);
        await EnsureNothingIsLostAsync(writers);
    }

    [Fact]
    public async Task Killed_after_any_of_its_calls_it_loses_nothing()
    {
        await StartAsync();
        await _site.MakeSynchronousAsync();
        var writers = StartWriters();
        foreach (var call in new[] { "create", "pwrite64", "fsync", "link", "unlink", "rename", "write" })
        {
            foreach (var occurrence in new[] { 1, 2, 3, 5 })
            {
                var words = KillPoint.After(string.Create(CultureInfo.InvariantCulture, $"{call}:{occurrence}"));
                await using var receiver = TestAccount.Start(words[0], [.. words[1..], PgkeepBinary.FilePath, .. Words], Options);
                (await receiver.WaitAsync()).EnsureExitCode(KillPoint.ExitCode);
            }
        }

        await EnsureNothingIsLostAsync(writers);
    }

    private static string[] Words => ["receive-wal", "--config", "/dev/null"];

    private RunOptions Options => new() { Environment = new Dictionary<string, string>(_site.Cluster.ClientEnvironment) { ["BACKUP_DIR"] = _site.Repository } };

    private async Task StartAsync()
    {
        var workspace = await GetWorkspaceAsync();
        _site = new ReceiveSite(
            await StartClusterAsync(PostgresServers.Newest, new ServerOptions { WalSegmentSizeInMiB = 1 }), await workspace.CreateDirectoryAsync("repository"));
        await _site.Cluster.ExecuteAsync("CREATE TABLE written (session text, number bigint, fill text); ALTER TABLE written ALTER fill SET STORAGE EXTERNAL");
        await using var first = await _site.StartStreamingAsync();
        (await _site.RunAsync("backup")).EnsureSuccess();
        await ReceiveSite.EndAsync(first);
    }

    private List<RowWriter> StartWriters() => [.. Enumerable.Range(0, 3).Select(i => new RowWriter(_site.Cluster, $"w{i}"))];

    /// <summary>The next receiver goes on; then the server is lost with its disk.</summary>
    private async Task EnsureNothingIsLostAsync(List<RowWriter> writers)
    {
        await using var next = await _site.StartStreamingAsync();
        var before = writers.Sum(writer => writer.Acknowledged);
        await Poll.UntilAsync(() => writers.Sum(writer => writer.Acknowledged) > before + 50, "commits go on");
        var rows = await Task.WhenAll(writers.Select(writer => writer.EndAsync()));
        await ReceiveSite.EndAsync(next);
        _site.EnsureNoGap();
        Assert.Equal([".receiving"], RepositoryNames.LeftoversIn(_site.Archive));
        await _site.Cluster.KillAsync();
        Directory.Delete(_site.Cluster.DataDirectory, recursive: true);
        (await _site.RestoreAsync()).EnsureSuccess();
        for (var i = 0; i < rows.Length; i++)
        {
            Assert.InRange(await _site.Cluster.ScalarAsync<long>($"SELECT count(*) FROM written WHERE session = 'w{i}'"), rows[i], rows[i] + 1);
        }
    }
}
