using Pgkeep.IntegrationTests.Harness;
using Xunit;

namespace Pgkeep.IntegrationTests.Restore;

/// <summary>Clusters with mount points and links, restored and rolled back; the rows are compared each time.</summary>
public sealed class MountedPlacesTests : IntegrationTest
{
    [Theory]
    [InlineData(PlacesLayout.MountedData)]
    [InlineData(PlacesLayout.MountedTablespace)]
    [InlineData(PlacesLayout.LinkedWal)]
    [InlineData(PlacesLayout.LinkedWal | PlacesLayout.MountedWal)]
    [InlineData(PlacesLayout.MountedWal)]
    [InlineData(PlacesLayout.MountedData | PlacesLayout.MountedWal)]
    public Task Two_restores_and_two_rollbacks_bring_all_rows_back(PlacesLayout layout) => RestoreTwiceAsync(PostgresServers.Newest, layout);

    [Theory, EachMajor]
    public Task Two_restores_and_two_rollbacks_bring_all_rows_back_with_every_part_on_a_disk_of_its_own(int major) => RestoreTwiceAsync(major, PlacesLayout.All);

    [Theory]
    [InlineData(PlacesLayout.LinkedWal)]
    [InlineData(PlacesLayout.All)]
    [InlineData(PlacesLayout.MountedData | PlacesLayout.MountedWal)]
    public async Task What_only_the_old_WAL_directory_has_is_found_there_and_used(PlacesLayout layout)
    {
        await using var places = await PlacesSite.StartAsync(await GetWorkspaceAsync(), PostgresServers.Newest, layout);
        var site = places.Site;
        await site.BackupAsync();
        await site.AddOrdersAsync();
        var before = await site.ContentAsync();
        await site.Cluster.KillAsync();

        var plan = (await site.RestoreAsync("--dry-run")).EnsureSuccess();
        (await site.RestoreAsync()).EnsureSuccess();

        Assert.Contains("of the old server's own", plan.Stdout, StringComparison.Ordinal);
        Assert.Equal(before, await site.ContentAsync());
    }

    [Fact]
    public async Task The_restored_cluster_has_the_same_link_to_its_WAL()
    {
        await using var places = await PlacesSite.StartAsync(await GetWorkspaceAsync(), PostgresServers.Newest, PlacesLayout.LinkedWal);
        var site = places.Site;
        await site.BackupAsync();
        var link = new FileInfo(Path.Combine(places.Data, "pg_wal")).LinkTarget;

        (await site.RestoreAsync("--stop-server")).EnsureSuccess();

        Assert.Equal(link, new FileInfo(Path.Combine(places.Data, "pg_wal")).LinkTarget);
        Assert.Equal(link, new FileInfo(Path.Combine(Assert.Single(site.Asides), "pg_wal")).LinkTarget);
        Assert.Equal(["pg_wal", Path.GetFileName(Assert.Single(Directory.GetDirectories(places.WalDisk, "pg_wal.before-*")))], Names(places.WalDisk));
        Assert.NotEmpty(Directory.EnumerateFiles(link!, "0000*"));
    }

    [Fact]
    public async Task A_link_to_WAL_that_leads_nowhere_is_refused()
    {
        await using var places = await PlacesSite.StartAsync(await GetWorkspaceAsync(), PostgresServers.Newest, PlacesLayout.LinkedWal);
        var site = places.Site;
        await site.BackupAsync();
        await site.Cluster.StopAsync();
        Directory.Move(Path.Combine(places.WalDisk, "pg_wal"), Path.Combine(places.WalDisk, "gone"));

        var result = await site.RestoreAsync();

        result.EnsureExitCode(10);
        Assert.Contains("mount its disk", result.Stderr, StringComparison.Ordinal);
        Assert.Empty(site.Asides);
    }

    [Fact]
    public async Task Another_link_in_the_data_directory_is_told_and_kept_aside()
    {
        await using var places = await PlacesSite.StartAsync(await GetWorkspaceAsync(), PostgresServers.Newest, PlacesLayout.None);
        var site = places.Site;
        var log = await site.Workspace.CreateDirectoryAsync("log-disk");
        (await TestAccount.RunAsync("ln", ["-s", log, Path.Combine(places.Data, "log")])).EnsureSuccess();
        await site.BackupAsync();

        var result = (await site.RestoreAsync("--stop-server")).EnsureSuccess();

        Assert.Contains("\"log\" in the data directory is a link", result.Stderr, StringComparison.Ordinal);
        Assert.Equal(log, new FileInfo(Path.Combine(Assert.Single(site.Asides), "log")).LinkTarget);
        Assert.False(Directory.Exists(Path.Combine(places.Data, "log")));
    }

    [Fact]
    public async Task A_mount_point_deep_in_the_data_directory_is_refused()
    {
        await using var places = await PlacesSite.StartAsync(await GetWorkspaceAsync(), PostgresServers.Newest, PlacesLayout.None);
        var site = places.Site;
        await site.BackupAsync();
        await site.Cluster.StopAsync();
        var mounted = Path.Combine(places.Data, "base/1");
        await using var volume = await MemoryVolume.MountAsync(mounted, 10);

        var result = await site.RestoreAsync();

        result.EnsureExitCode(10);
        Assert.Contains(mounted, result.Stderr, StringComparison.Ordinal);
        Assert.Contains("nothing was changed", result.Stderr, StringComparison.Ordinal);
        Assert.Empty(places.Left);
    }

    [Fact]
    public async Task Below_a_directory_of_root_s_the_server_s_account_restores_and_rolls_back_by_itself()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "needs root");
        await using var places = await PlacesSite.StartAsync(await GetWorkspaceAsync(), PostgresServers.Newest, PlacesLayout.MountedData);
        var site = places.Site;
        await site.BackupAsync();
        await site.AddOrdersAsync();
        var before = await site.ContentAsync();
        await site.Cluster.StopAsync();
        // As in a container, where only the volume belongs to the account. The socket directory and the log lie beside it here, so no server runs meanwhile.
        File.SetUnixFileMode(site.Workspace.Root, (UnixFileMode)0b101_101_101);
        var plan = await site.RestoreAsync("--no-start");
        var rollback = await site.RollbackAsync();
        File.SetUnixFileMode(site.Workspace.Root, (UnixFileMode)0b111_000_000);

        plan.EnsureSuccess();
        rollback.EnsureSuccess();
        await site.Cluster.StartAsync();
        Assert.Equal(before, await site.ContentAsync());
    }

    [Theory]
    [InlineData(PlacesLayout.MountedData)]
    [InlineData(PlacesLayout.MountedTablespace)]
    [InlineData(PlacesLayout.LinkedWal | PlacesLayout.MountedWal)]
    public async Task A_disk_that_gets_full_under_the_copy_puts_the_old_cluster_back_and_starts_it(PlacesLayout layout)
    {
        await using var places = await PlacesSite.StartAsync(await GetWorkspaceAsync(), PostgresServers.Newest, layout);
        var site = places.Site;
        await site.BackupAsync();
        await site.AddOrdersAsync();
        var before = await site.ContentAsync();
        // The plan has been made when the old cluster is about to move, and then there is time.
        await using var running = site.Start(
            site.RestoreWords("--stop-server"),
            wrapper: ["strace", "-f", "-b", "execve", "-qq", "-o", "/dev/null", "-e", "trace=renameat2", "-e", "inject=renameat2:delay_enter=5000000:when=1"]);
        await Poll.UntilAsync(() => running.HasEnded || !site.Cluster.IsRunning, "the server is stopped");
        await places.FillAsync(places.Mounted[0]);

        var result = await running.WaitAsync();

        result.EnsureExitCode(32);
        Assert.Equal(before, await site.ContentAsync());
        Assert.Empty(places.Left);
    }

    [Fact]
    public async Task Too_little_room_on_one_disk_is_refused_with_what_a_forget_would_free_there()
    {
        await using var places = await PlacesSite.StartAsync(await GetWorkspaceAsync(), PostgresServers.Newest, PlacesLayout.MountedData);
        var site = places.Site;
        await site.BackupAsync();
        (await site.RestoreAsync("--stop-server")).EnsureSuccess();
        var before = await site.ContentAsync();
        await places.FillAsync(places.Mounted[0]);

        var refused = await site.RestoreAsync("--stop-server");

        refused.EnsureExitCode(32);
        var id = Path.GetFileName(Assert.Single(places.Find(".pgkeep-old-*.journal")))[".pgkeep-old-".Length..^".journal".Length];
        Assert.Contains($"pgkeep restore forget {id} --pgdata {places.Data}", string.Join(' ', refused.Stderr.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)), StringComparison.Ordinal);
        Assert.True(site.Cluster.IsRunning);
        Assert.Equal(before, await site.ContentAsync());
        (await site.RunAsync(["restore", "forget", id, "--yes", "--pgdata", places.Data])).EnsureSuccess();
        Assert.Empty(places.Left);
        File.Delete(Path.Combine(places.Data, "filler"));
        (await site.RestoreAsync("--stop-server")).EnsureSuccess();
        Assert.Equal(before, await site.ContentAsync());
    }

    [Fact]
    public async Task A_backup_holds_nothing_of_what_a_restore_has_left_inside()
    {
        await using var places = await PlacesSite.StartAsync(await GetWorkspaceAsync(), PostgresServers.Newest, PlacesLayout.All);
        var site = places.Site;
        await site.BackupAsync();
        (await site.RestoreAsync("--stop-server")).EnsureSuccess();
        (await site.RollbackAsync("--stop-server")).EnsureSuccess();
        await site.Cluster.StartAsync();
        (await site.RestoreAsync("--stop-server")).EnsureSuccess();

        var backup = await site.BackupAsync();

        Assert.NotEmpty(Directory.GetDirectories(places.Data, ".pgkeep-old-*"));
        Assert.NotEmpty(Directory.GetDirectories(places.Data, ".pgkeep-undone-*"));
        foreach (var archive in Directory.GetFiles(backup, "*.tar.gz"))
        {
            var members = (await TestAccount.RunAsync("tar", ["tzf", archive])).EnsureSuccess().Stdout;
            Assert.DoesNotContain("pgkeep", members, StringComparison.Ordinal);
            Assert.DoesNotContain("lost+found", members, StringComparison.Ordinal);
        }
    }

    /// <summary>To a moment, and again, with rows of its own after each; then back twice, then to the end of the WAL, which is that of the first timeline.</summary>
    private async Task RestoreTwiceAsync(int major, PlacesLayout layout)
    {
        await using var places = await PlacesSite.StartAsync(await GetWorkspaceAsync(), major, layout);
        var site = places.Site;
        await site.BackupAsync();
        await site.AddOrdersAsync();
        var (moment, atMoment) = (await site.MarkMomentAsync(), await site.ContentAsync());
        await site.AddOrdersAsync();
        var first = await site.ContentAsync();

        (await site.RestoreAsync("--stop-server", "--target-time", moment + "+00")).EnsureSuccess();
        Assert.Equal(atMoment, await site.ContentAsync());
        await site.AddOrdersAsync();
        var second = await site.ContentAsync();
        (await site.RestoreAsync("--stop-server", "--target-time", moment + "+00")).EnsureSuccess();
        Assert.Equal(atMoment, await site.ContentAsync());

        (await site.RollbackAsync("--stop-server")).EnsureSuccess();
        await site.Cluster.StartAsync();
        Assert.Equal(second, await site.ContentAsync());
        (await site.RollbackAsync("--stop-server")).EnsureSuccess();
        await site.Cluster.StartAsync();
        Assert.Equal(first, await site.ContentAsync());

        (await site.RunAsync(["restore", "forget", "--all", "--yes", "--pgdata", places.Data])).EnsureSuccess();
        Assert.Empty(places.Left);
        (await site.RestoreAsync("--stop-server")).EnsureSuccess();
        Assert.Equal(first, await site.ContentAsync());
    }

    private static IReadOnlyList<string?> Names(string directory) => [.. Directory.EnumerateFileSystemEntries(directory).Select(Path.GetFileName).Order(StringComparer.Ordinal)];
}
