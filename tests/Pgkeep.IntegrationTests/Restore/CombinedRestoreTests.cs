using Pgkeep.IntegrationTests.Harness;
using Xunit;

namespace Pgkeep.IntegrationTests.Restore;

/// <summary>Options that are each tested by themselves elsewhere, with one another and where the parts of the cluster lie on disks of their own.</summary>
public sealed class CombinedRestoreTests : IntegrationTest
{
    private static readonly string[] InPlace = ["--delta", "--in-place"];

    [Theory]
    [InlineData(PlacesLayout.None)]
    [InlineData(PlacesLayout.MountedData | PlacesLayout.MountedWal)]
    [InlineData(PlacesLayout.LinkedWal)]
    [InlineData(PlacesLayout.All)]
    public async Task In_place_every_row_of_a_crashed_server_is_back_with_a_tablespace_made_since_the_backup(PlacesLayout layout)
    {
        await using var places = await PlacesSite.StartAsync(await GetWorkspaceAsync(), PostgresServers.Newest, layout);
        var site = places.Site;
        await site.BackupAsync();
        await AddYoungTablespaceAsync(site);
        var before = await RowsAsync(site);
        await site.Cluster.KillAsync();

        (await site.RestoreAsync(InPlace)).EnsureSuccess();

        Assert.Equal(before, await RowsAsync(site));
        await ClusterSoundness.CheckRelationsAsync(site.Cluster);
        Assert.Empty(places.Find("*.journal"));
        await site.BackupAsync();
    }

    [Theory]
    [InlineData(PlacesLayout.None)]
    [InlineData(PlacesLayout.All)]
    public async Task In_place_to_the_backup_s_end_nothing_is_left_of_a_later_tablespace(PlacesLayout layout)
    {
        await using var places = await PlacesSite.StartAsync(await GetWorkspaceAsync(), PostgresServers.Newest, layout);
        var site = places.Site;
        await site.BackupAsync();
        var before = await site.ContentAsync();
        await AddYoungTablespaceAsync(site);
        await site.Cluster.StopAsync();

        (await site.RestoreAsync([.. InPlace, "--target-immediate"])).EnsureSuccess();

        Assert.Equal(before, await site.ContentAsync());
        Assert.Empty(Directory.EnumerateFileSystemEntries(site.Workspace.PathOf("tablespace-young")));
        Assert.Single(Directory.EnumerateFileSystemEntries(Path.Combine(site.DataDirectory, "pg_tblspc")));
        await site.Cluster.ExecuteAsync($"CREATE TABLESPACE young LOCATION '{site.Workspace.PathOf("tablespace-young")}'");
    }

    [Theory]
    [InlineData(PlacesLayout.None)]
    [InlineData(PlacesLayout.All)]
    public async Task One_database_alone_comes_back_in_place(PlacesLayout layout)
    {
        await using var places = await PlacesSite.StartAsync(await GetWorkspaceAsync(), PostgresServers.Newest, layout);
        var site = places.Site;
        await CreateDatabasesAsync(site);
        await site.BackupAsync();
        var before = await ShopAsync(site);
        await site.ArchiveAsync();
        await site.Cluster.ExecuteAsync("DELETE FROM goods; DELETE FROM aside", "shop");
        await site.Cluster.StopAsync();

        var result = (await site.RestoreAsync([.. InPlace, "--only-database", "shop", "--target-immediate"])).EnsureSuccess();

        Assert.Contains("DROP DATABASE \"huge\"", result.Stdout, StringComparison.Ordinal);
        Assert.Equal(before, await ShopAsync(site));
        await site.Cluster.ExecuteAsync("DROP DATABASE huge");
        await ClusterSoundness.CheckRelationsAsync(site.Cluster);
    }

    [Fact]
    public async Task One_database_alone_comes_back_on_many_disks_and_a_rollback_brings_the_others_too()
    {
        await using var places = await PlacesSite.StartAsync(await GetWorkspaceAsync(), PostgresServers.Newest, PlacesLayout.All);
        var site = places.Site;
        await CreateDatabasesAsync(site);
        await site.BackupAsync();
        var (shop, rows) = (await ShopAsync(site), await site.Cluster.ChecksumAsync("rows_of_huge", "huge"));

        (await site.RestoreAsync("--stop-server", "--only-database", "shop")).EnsureSuccess();
        var restored = await ShopAsync(site);
        (await site.RollbackAsync("--stop-server")).EnsureSuccess();
        await site.Cluster.StartAsync();

        Assert.Equal(shop, restored);
        Assert.Equal(shop, await ShopAsync(site));
        Assert.Equal(rows, await site.Cluster.ChecksumAsync("rows_of_huge", "huge"));
    }

    [Fact]
    public async Task One_database_alone_comes_back_with_a_tablespace_in_another_place()
    {
        var site = await RestoreSite.StartAsync(await GetWorkspaceAsync(), PostgresServers.Newest);
        await CreateDatabasesAsync(site);
        await site.BackupAsync();
        var before = await ShopAsync(site);
        var moved = site.Workspace.PathOf("moved");

        (await site.RestoreAsync("--stop-server", "--only-database", "shop", "--tablespace", $"{site.Workspace.PathOf("tablespace-elsewhere")}={moved}")).EnsureSuccess();
        var restored = await ShopAsync(site);
        var location = await site.Cluster.ScalarAsync<string>("SELECT pg_tablespace_location(oid) FROM pg_tablespace WHERE spcname = 'elsewhere'");
        (await site.RollbackAsync("--stop-server")).EnsureSuccess();
        await site.Cluster.StartAsync();

        Assert.Equal(before, restored);
        Assert.Equal(moved, location);
        Assert.Equal(before, await ShopAsync(site));
        await ClusterSoundness.CheckRelationsAsync(site.Cluster);
    }

    [Fact]
    public async Task In_place_a_tablespace_can_come_to_another_place()
    {
        var site = await RestoreSite.StartAsync(await GetWorkspaceAsync(), PostgresServers.Newest);
        await site.BackupAsync();
        await site.AddOrdersAsync();
        var before = await site.ContentAsync();
        await site.Cluster.StopAsync();
        var moved = site.Workspace.PathOf("moved");

        (await site.RestoreAsync([.. InPlace, "--tablespace", $"{site.Workspace.PathOf("tablespace-elsewhere")}={moved}"])).EnsureSuccess();

        Assert.Equal(before, await site.ContentAsync());
        Assert.Equal(moved, await site.Cluster.ScalarAsync<string>("SELECT pg_tablespace_location(oid) FROM pg_tablespace WHERE spcname = 'elsewhere'"));
        await ClusterSoundness.CheckRelationsAsync(site.Cluster);
    }

    [Fact]
    public async Task Cloned_one_database_alone_comes_back_and_a_rollback_brings_the_others_too()
    {
        var workspace = await GetWorkspaceAsync();
        await using var volume = await CloningVolume.MountAsync(await workspace.CreateDirectoryAsync("mount"), 1024);
        var site = await RestoreSite.StartAsync(workspace, PostgresServers.Newest, name: "mount/data");
        await using var cluster = site.Cluster;
        await site.MoveTablespaceAsync(await workspace.CreateDirectoryAsync("mount/near"));
        await CreateDatabasesAsync(site);
        await site.BackupAsync();
        var (shop, rows) = (await ShopAsync(site), await site.Cluster.ChecksumAsync("rows_of_huge", "huge"));
        await site.Cluster.ExecuteAsync("CREATE TABLE later AS SELECT 1 AS i", "shop");

        (await site.RestoreAsync("--stop-server", "--delta", "--only-database", "shop")).EnsureSuccess();
        var (restored, later) = (await ShopAsync(site), await site.Cluster.ScalarAsync<long>("SELECT count(*) FROM later", "shop"));
        await ClusterSoundness.CheckRelationsAsync(site.Cluster);
        (await site.RollbackAsync("--stop-server")).EnsureSuccess();
        await site.Cluster.StartAsync();

        Assert.Equal((shop, 1), (restored, later));
        Assert.Equal(shop, await ShopAsync(site));
        Assert.Equal(rows, await site.Cluster.ChecksumAsync("rows_of_huge", "huge"));
    }

    [Theory]
    [InlineData]
    [InlineData("--delta", "--in-place")]
    [InlineData("--only-database", "postgres")]
    public async Task A_tablespace_that_is_a_directory_of_the_cluster_comes_along(params string[] options)
    {
        var site = await RestoreSite.StartAsync(await GetWorkspaceAsync(), PostgresServers.Newest);
        // PostgreSQL 15 and later, for developers: pg_tblspc/OID is no link then.
        await site.Cluster.ExecuteAsync("ALTER SYSTEM SET allow_in_place_tablespaces = on");
        await site.Cluster.ExecuteAsync("SELECT pg_reload_conf()");
        await Poll.UntilAsync(async () => await site.Cluster.ScalarAsync<string>("SHOW allow_in_place_tablespaces") == "on", "the setting is read");
        await site.Cluster.ExecuteAsync("CREATE TABLESPACE inside LOCATION ''");
        await site.Cluster.ExecuteAsync("CREATE TABLE within TABLESPACE inside AS SELECT i, md5(i::text) AS note FROM generate_series(1, 3000) i");
        await site.BackupAsync();
        await site.Cluster.ExecuteAsync("UPDATE within SET note = 'later' WHERE i % 5 = 0");
        var before = $"{await site.ContentAsync()}; {await site.Cluster.ChecksumAsync("within")}";

        (await site.RestoreAsync([.. options, "--stop-server"])).EnsureSuccess();

        Assert.Equal(before, $"{await site.ContentAsync()}; {await site.Cluster.ChecksumAsync("within")}");
        await ClusterSoundness.CheckRelationsAsync(site.Cluster);
    }

    private static async Task AddYoungTablespaceAsync(RestoreSite site)
    {
        await site.AddOrdersAsync();
        await site.Cluster.CreateTablespaceAsync("young");
        await site.Cluster.ExecuteAsync("CREATE TABLE y TABLESPACE young AS SELECT i, md5(i::text) FROM generate_series(1, 3000) i");
        await site.Cluster.ExecuteAsync("CHECKPOINT");
        await site.Cluster.ExecuteAsync("UPDATE y SET i = -i WHERE i % 7 = 0");
    }

    private static async Task<string> RowsAsync(RestoreSite site) => $"{await site.ContentAsync()}; y {await site.Cluster.ChecksumAsync("y")}";

    private static async Task<string> ShopAsync(RestoreSite site) => $"{await site.Cluster.ChecksumAsync("goods", "shop")}; {await site.Cluster.ChecksumAsync("aside", "shop")}";

    private static async Task CreateDatabasesAsync(RestoreSite site)
    {
        await site.Cluster.ExecuteAsync("CREATE DATABASE shop");
        await site.Cluster.ExecuteAsync("CREATE DATABASE huge");
        await site.Cluster.ExecuteAsync(
            """
            CREATE TABLE goods AS SELECT i AS id, i * 3 AS price FROM generate_series(1, 10000) i;
            CREATE TABLE aside TABLESPACE elsewhere AS SELECT i, md5(i::text) AS note FROM generate_series(1, 3000) i;
            """,
            "shop");
        await site.Cluster.ExecuteAsync(
            """
            CREATE TABLE rows_of_huge AS SELECT i, md5(i::text) AS note FROM generate_series(1, 30000) i;
            CREATE TABLE far_rows TABLESPACE elsewhere AS SELECT i, md5(i::text) AS note FROM generate_series(1, 30000) i;
            """,
            "huge");
    }
}
