using System.Text.Json.Nodes;
using Pgkeep.IntegrationTests.Archive;
using Pgkeep.IntegrationTests.Harness;
using Xunit;

namespace Pgkeep.IntegrationTests.Rotation;

/// <summary>The day after pg_upgrade.</summary>
public sealed class UpgradeTests : IntegrationTest
{
    [Fact]
    public async Task Archiving_goes_on_after_one_command_and_the_old_cluster_s_backups_restore()
    {
        var (oldMajor, newMajor) = (PostgresServers.Majors.Min(), PostgresServers.Newest);
        var upgrade = Path.Combine(PostgresServers.BinDirectory(newMajor), "pg_upgrade");
        Assert.SkipUnless(oldMajor < newMajor && File.Exists(upgrade) && File.Exists(Path.Combine(PostgresServers.BinDirectory(oldMajor), "pg_dumpall")), "needs two majors with all their programs");
        var workspace = await GetWorkspaceAsync();
        var repository = await workspace.CreateDirectoryAsync("repository");
        var command = RepositorySite.ArchiveCommand(repository);
        var old = new RepositorySite(await StartClusterAsync(oldMajor, new ServerOptions { ArchiveCommand = command }), repository);
        await old.Cluster.ExecuteAsync("CREATE TABLE orders AS SELECT i, md5(i::text) AS note FROM generate_series(1, 5000) i");
        await old.TakeBackupAsync();
        await old.Cluster.ExecuteAsync("INSERT INTO orders SELECT i, 'later' FROM generate_series(1, 100) i");
        await old.SwitchAndArchiveAsync();
        var content = await old.Cluster.ChecksumAsync("orders");

        var fresh = new RepositorySite(await StartClusterAsync(newMajor, new ServerOptions { ArchiveCommand = command, OwnSystemIdentifier = true }, "new"), repository);
        await fresh.Cluster.StopAsync();
        await old.Cluster.StopAsync();
        (await TestAccount.RunAsync(
            upgrade,
            ["-b", old.Cluster.BinDirectory, "-B", fresh.Cluster.BinDirectory, "-d", old.Cluster.DataDirectory, "-D", fresh.Cluster.DataDirectory, "-U", "postgres", "-s", workspace.Root],
            new RunOptions { WorkingDirectory = workspace.Root, Timeout = TimeSpan.FromMinutes(5) })).EnsureSuccess();
        await fresh.Cluster.StartAsync();
        await Poll.UntilAsync(() => File.ReadAllText(fresh.Cluster.LogFile).Contains("pgkeep repository rotate", StringComparison.Ordinal), "archive-wal names the way out", TimeSpan.FromSeconds(60));

        (await fresh.RunAsync(["repository", "rotate", "--yes"])).EnsureSuccess();

        await fresh.Cluster.SwitchWalAsync();
        await Poll.UntilAsync(() => Directory.Exists(fresh.Archive) && Directory.EnumerateFiles(fresh.Archive, "*.gz").Any(), "the new cluster archives", TimeSpan.FromSeconds(90));
        (await fresh.BackupAsync()).EnsureSuccess();
        (await fresh.RunAsync(["verify", "--wal"])).EnsureSuccess();
        var aside = Assert.Single(Directory.EnumerateDirectories(repository, "old_*"));
        Assert.Equal(["new"], (await OldAndNewAsync(fresh, aside)).Distinct());
        await fresh.Cluster.StopAsync();

        var before = new RepositorySite(old.Cluster, aside);
        Assert.Single(JsonLines(await before.RunAsync(["list", "--json"])));
        (await before.RunAsync(["verify", "--deep"])).EnsureSuccess();
        (await before.RunAsync(["verify", "--wal"])).EnsureSuccess();
        (await before.RestoreAsync()).EnsureSuccess();
        Assert.Equal(content, await old.Cluster.ChecksumAsync("orders"));
    }

    /// <summary>The old cluster's last rows are in what was being received, and nowhere else.</summary>
    [Fact]
    public async Task What_was_being_received_goes_along_and_restores_with_the_old_cluster()
    {
        var repository = await (await GetWorkspaceAsync()).CreateDirectoryAsync("repository");
        var old = new ReceiveSite(await StartClusterAsync(PostgresServers.Newest, new ServerOptions { WalSegmentSizeInMiB = 1 }), repository);
        var fresh = new ReceiveSite(await StartClusterAsync(PostgresServers.Newest, new ServerOptions { WalSegmentSizeInMiB = 1, OwnSystemIdentifier = true }, "new"), repository);
        await old.Cluster.ExecuteAsync("CREATE TABLE orders AS SELECT i FROM generate_series(1, 5000) i");
        await using (var receiver = await old.StartStreamingAsync())
        {
            (await old.RunAsync("backup")).EnsureSuccess();
            await old.Cluster.ExecuteAsync("INSERT INTO orders VALUES (5001)");
            await old.WaitUntilReceivedAsync();
            await ReceiveSite.EndAsync(receiver);
        }

        var received = Assert.Single(old.Receiving);
        await old.Cluster.KillAsync();
        Directory.Delete(old.Cluster.DataDirectory, recursive: true);

        (await fresh.RunAsync("repository", "rotate", "--yes")).EnsureSuccess();

        await using (var receiver = await fresh.StartStreamingAsync())
        {
            Assert.Contains("there is no WAL before this segment", receiver.Stderr, StringComparison.Ordinal);
            await ReceiveSite.EndAsync(receiver);
        }

        var aside = new ReceiveSite(old.Cluster, Assert.Single(Directory.EnumerateDirectories(repository, "old_*")));
        Assert.Equal([received], aside.Receiving);
        (await aside.RestoreAsync()).EnsureSuccess();
        Assert.Equal(5001, await old.Cluster.ScalarAsync<long>("SELECT count(*) FROM orders"));
    }

    /// <summary>What list, stats and cleanup tell of the new repository has nothing of the old one.</summary>
    private static async Task<IEnumerable<string>> OldAndNewAsync(RepositorySite site, string aside)
    {
        var listed = JsonLines(await site.RunAsync(["list", "--json"])).Select(line => line["path"]!.GetValue<string>());
        (await site.RunAsync(["cleanup"])).EnsureSuccess();
        Assert.Equal(1, JsonLines(await site.RunAsync(["stats", "--json"])).Single()["backups"]!.GetValue<int>());
        return listed.Select(path => path.StartsWith(aside, StringComparison.Ordinal) ? "old" : "new");
    }

    private static IEnumerable<JsonNode> JsonLines(ProgramResult result) =>
        result.EnsureSuccess().Stdout.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonNode.Parse(line)!);
}
