using Pgkeep.IntegrationTests.Harness;
using Xunit;

namespace Pgkeep.IntegrationTests.Archive;

/// <summary>A server under load whose repository gets into trouble: each call fails clearly, and when it is over archiving goes on by itself and nothing is lost.</summary>
public sealed class ArchivingTroubleTests : IntegrationTest
{
    private const string Well = "well";

    private string _repository = "";
    private string _mode = "";

    private string Archive => Path.Combine(_repository, "wal_archive");

    [Fact]
    public async Task Whatever_the_disk_does_archiving_resumes_by_itself_and_nothing_is_lost()
    {
        var cluster = await StartAsync();
        var rows = 0;
        foreach (var (trouble, words) in new[]
        {
            ("fsync:error=EIO", "Input/output error"),
            ("pwrite64:error=EIO", "Input/output error"),
            ("pwrite64:error=ENOSPC", "No space left on device"),
            ("link,linkat:error=EROFS", "Read-only file system"),
        })
        {
            await SetModeAsync(trouble);
            rows = await WriteAsync(cluster, rows);
            await WaitForFailureAsync(cluster, words);
            await SetModeAsync(Well);
            await WaitForEndAsync(cluster);
        }

        await EnsureNothingIsLostAsync(cluster, rows);
    }

    [Fact]
    public async Task A_repository_that_cannot_be_written_or_is_gone_loses_nothing()
    {
        var cluster = await StartAsync();
        var rows = await WriteAsync(cluster, 0);
        await WaitForEndAsync(cluster);

        File.SetUnixFileMode(Path.Combine(Archive, ".incoming"), UnixFileMode.UserRead | UnixFileMode.UserExecute);
        rows = await WriteAsync(cluster, rows);
        await WaitForFailureAsync(cluster, "Permission denied");
        File.SetUnixFileMode(Path.Combine(Archive, ".incoming"), UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        await WaitForEndAsync(cluster);

        Directory.Move(_repository, _repository + ".away");
        rows = await WriteAsync(cluster, rows);
        await Poll.UntilAsync(() => cluster.ServerLog.Contains("does not exist", StringComparison.Ordinal), "the server's log says that the repository is gone");
        Assert.False(Directory.Exists(_repository), "a repository that is gone must not be taken for a new one");
        Directory.Move(_repository + ".away", _repository);
        await WaitForEndAsync(cluster);

        // As if its disk was not mounted: the mount point is there, and the server's account may write into it.
        Directory.Move(_repository, _repository + ".away");
        (await TestAccount.RunAsync("mkdir", ["-m", "0700", _repository])).EnsureSuccess();
        rows = await WriteAsync(cluster, rows);
        await Poll.UntilAsync(() => cluster.ServerLog.Contains("there was a repository of this cluster", StringComparison.Ordinal), "the server's log says that the repository is missing");
        var backup = await PgkeepBinary.RunAsync(["backup"], OptionsOf(cluster));
        Assert.Contains("there was a repository of this cluster", backup.Stderr, StringComparison.Ordinal);
        Assert.DoesNotContain(Directory.EnumerateFiles(_repository), path => path.EndsWith("repository.json", StringComparison.Ordinal));
        Directory.Delete(_repository, recursive: true);
        Directory.Move(_repository + ".away", _repository);
        await WaitForEndAsync(cluster);

        await EnsureNothingIsLostAsync(cluster, rows);
    }

    [Fact]
    public async Task A_slow_disk_only_takes_longer()
    {
        var cluster = await StartAsync();
        await SetModeAsync("fsync:delay_enter=300000");
        var rows = await WriteAsync(cluster, 0);
        await WaitForEndAsync(cluster);

        Assert.Equal(0, await cluster.ScalarAsync<long>("SELECT failed_count FROM pg_stat_archiver"));
        await EnsureNothingIsLostAsync(cluster, rows);
    }

    private async Task<PostgresCluster> StartAsync()
    {
        var workspace = await GetWorkspaceAsync();
        _repository = await workspace.CreateDirectoryAsync("repository");
        _mode = workspace.PathOf("mode");
        await SetModeAsync(Well);
        var script = await workspace.WriteFileAsync(
            "archive",
            $"""
            #!/bin/sh
            export BACKUP_DIR={_repository} PGKEEP_JOBS=2
            mode=$(cat {_mode})
            [ "$mode" = {Well} ] || set -- -f --seccomp-bpf -qq -o /dev/null -e "inject=$mode" {PgkeepBinary.FilePath} archive-wal "$@"
            [ "$mode" = {Well} ] || exec strace "$@"
            exec {PgkeepBinary.FilePath} archive-wal "$@"
            """,
            "0755");
        var cluster = await StartClusterAsync(PostgresServers.Newest, new ServerOptions { WalSegmentSizeInMiB = 1, ArchiveCommand = $"{script} %p %f" });
        await cluster.ExecuteAsync("CREATE TABLE t (i int, note text)");
        (await PgkeepBinary.RunAsync(["backup"], OptionsOf(cluster))).EnsureSuccess();
        return cluster;
    }

    private Task SetModeAsync(string mode) => TestAccount.WriteFileAsync(_mode, mode);

    private RunOptions OptionsOf(PostgresCluster cluster) =>
        new() { Environment = new Dictionary<string, string>(cluster.ClientEnvironment) { ["BACKUP_DIR"] = _repository } };

    /// <returns>How many rows there are now.</returns>
    private static async Task<int> WriteAsync(PostgresCluster cluster, int rows)
    {
        const int more = 30_000;
        await cluster.ExecuteAsync($"INSERT INTO t SELECT i, md5(i::text) FROM generate_series({rows + 1}, {rows + more}) i");
        await cluster.SwitchWalAsync();
        return rows + more;
    }

    private async Task WaitForFailureAsync(PostgresCluster cluster, string words)
    {
        var log = Path.Combine(Archive, "archive.log");
        await Poll.UntilAsync(() => File.ReadAllText(log).Contains(words, StringComparison.Ordinal) && cluster.ServerLog.Contains(words, StringComparison.Ordinal), $"both logs say \"{words}\"");
        Assert.Contains("ERROR", File.ReadLines(log).Last(line => line.Contains(words, StringComparison.Ordinal)), StringComparison.Ordinal);
    }

    private async Task WaitForEndAsync(PostgresCluster cluster)
    {
        var last = await cluster.SwitchWalAsync();
        await Poll.UntilAsync(() => File.Exists(Path.Combine(Archive, last + ".gz")), $"{last} is stored", TimeSpan.FromMinutes(3));
        await Poll.UntilAsync(() => !Directory.EnumerateFiles(Path.Combine(cluster.DataDirectory, "pg_wal/archive_status"), "*.ready").Any(), "nothing waits");
    }

    private async Task EnsureNothingIsLostAsync(PostgresCluster cluster, int rows)
    {
        Assert.Empty(RepositoryNames.LeftoversIn(Archive));
        await cluster.StopAsync();
        Directory.Delete(cluster.DataDirectory, recursive: true);
        var options = OptionsOf(cluster);
        (await PgkeepBinary.RunAsync(
            ["restore", "--yes", "--pgdata", cluster.DataDirectory, "--bindir", cluster.BinDirectory, "--restore-log", cluster.Workspace.PathOf("restore.log")], options)).EnsureSuccess();
        Assert.Equal(rows, await cluster.ScalarAsync<long>("SELECT count(DISTINCT i) FROM t"));
    }
}
