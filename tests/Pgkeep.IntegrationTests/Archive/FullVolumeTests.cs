using System.Globalization;
using Npgsql;
using Pgkeep.IntegrationTests.Harness;
using Xunit;

namespace Pgkeep.IntegrationTests.Archive;

/// <summary>The repository of a server that is written to lies on a file system of its own, which is full and then read-only; nothing here is injected.</summary>
public sealed class FullVolumeTests : IntegrationTest
{
    private const int SizeInMiB = 64;

    private RepositorySite _site = null!;

    private string Status => Path.Combine(_site.Cluster.DataDirectory, "pg_wal/archive_status");

    [Fact]
    public async Task Archiving_fails_clearly_keeps_everything_and_resumes_by_itself()
    {
        var repository = await (await GetWorkspaceAsync()).CreateDirectoryAsync("repository");
        await using var volume = await MemoryVolume.MountAsync(repository, SizeInMiB);
        _site = new RepositorySite(
            await StartClusterAsync(PostgresServers.Newest, new ServerOptions { WalSegmentSizeInMiB = 1, ArchiveCommand = RepositorySite.ArchiveCommand(repository) }), repository);
        await _site.Cluster.ExecuteAsync("CREATE TABLE filled (i int, fill bytea)");
        await _site.TakeBackupAsync();

        var rows = await FillUntilAsync(0, "No space left on device", failures: 4);
        EnsureToldInLogs($"of {SizeInMiB}M are free there)", "free some space: pgkeep cleanup");
        await EnsureNothingIsHalfWrittenAsync();
        EnsureServerKeepsWhatWaits();
        await volume.RemountAsync("size=1g");
        await WaitForEndAsync();

        await volume.RemountAsync("ro");
        rows = await FillUntilAsync(rows, "Read-only file system", failures: 2);
        EnsureToldInLogs("Read-only file system", "a disk that fails makes the kernel do that");
        EnsureServerKeepsWhatWaits();
        await volume.RemountAsync("rw");
        await WaitForEndAsync();

        await EnsureNothingIsHalfWrittenAsync();
        (await _site.RunAsync(["verify", "--wal"])).EnsureSuccess();
        await _site.Cluster.StopAsync();
        Directory.Delete(_site.Cluster.DataDirectory, recursive: true);
        (await _site.RestoreAsync()).EnsureSuccess();
        Assert.Equal($"{rows} {rows}", await _site.Cluster.ScalarAsync<string>("SELECT count(*) || ' ' || count(DISTINCT i) FROM filled"));
    }

    /// <summary>Writes what cannot be compressed until archiving has failed for that reason and, while the writing goes on, some more times.</summary>
    /// <returns>How many rows there are.</returns>
    private async Task<int> FillUntilAsync(int rows, string reason, long failures)
    {
        var before = await FailedAsync();
        await using var connection = await _site.Cluster.ConnectAsync();
        while (await FailedAsync() < before + failures || !_site.Cluster.ServerLog.Contains(reason, StringComparison.Ordinal))
        {
            const int more = 1000;
            var sql = string.Create(CultureInfo.InvariantCulture, $"INSERT INTO filled SELECT i, (SELECT string_agg(sha512((i || ' ' || j)::bytea), '') FROM generate_series(1, 28) j) FROM generate_series({rows + 1}, {rows + more}) i");
            await using var insert = new NpgsqlCommand(sql, connection);
            await insert.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
            rows += more;
        }

        return rows;
    }

    private Task<long> FailedAsync() => _site.Cluster.ScalarAsync<long>("SELECT failed_count FROM pg_stat_archiver");

    /// <summary>In the server's always; in the archive's where it still takes a line, and else the server's says that it does not.</summary>
    private void EnsureToldInLogs(string fact, string hint)
    {
        var (server, own) = (_site.Cluster.ServerLog, File.ReadAllText(Path.Combine(_site.Archive, "archive.log")));
        Assert.Contains(fact, server, StringComparison.Ordinal);
        Assert.Contains(hint, server, StringComparison.Ordinal);
        Assert.True(
            own.Split('\n').Any(line => line.Contains("ERROR", StringComparison.Ordinal) && line.Contains(fact, StringComparison.Ordinal)) || server.Contains("the log is not written", StringComparison.Ordinal),
            own);
    }

    /// <summary>What has a final name is whole, and what is in the making is one call's at most.</summary>
    private async Task EnsureNothingIsHalfWrittenAsync()
    {
        await Poll.UntilAsync(() => RepositoryNames.LeftoversIn(_site.Archive).Count == 0, "nothing is left in .incoming");
        (await TestAccount.RunAsync("sh", ["-c", "gzip -t \"$1\"/*.gz", "sh", _site.Archive])).EnsureSuccess();
    }

    private void EnsureServerKeepsWhatWaits()
    {
        var waiting = Directory.EnumerateFiles(Status, "*.ready").Select(path => Path.GetFileNameWithoutExtension(path)).ToList();
        Assert.NotEmpty(waiting);
        Assert.All(waiting, name => Assert.True(File.Exists(Path.Combine(_site.Cluster.DataDirectory, "pg_wal", name)) || !File.Exists(Path.Combine(Status, name + ".ready")), name));
    }

    private async Task WaitForEndAsync()
    {
        var last = await _site.Cluster.SwitchWalAsync();
        await Poll.UntilAsync(() => File.Exists(Path.Combine(_site.Archive, last + ".gz")), $"{last} is stored", TimeSpan.FromMinutes(3));
        await Poll.UntilAsync(() => !Directory.EnumerateFiles(Status, "*.ready").Any(), "nothing waits");
    }
}
