using Pgkeep.IntegrationTests.Harness;
using Xunit;

namespace Pgkeep.IntegrationTests.Backup;

/// <summary>Backups of a server that is busy, each brought back and looked at as a whole.</summary>
public sealed class BackupUnderLoadTests : BackupTest
{
    private const int SmallScale = 5; // 75 MB
    private const int MiddleScale = 20; // 0.3 GB
    private const int LargeScale = 200; // 3 GB
    private const int SoakRounds = 20;

    [Theory, EachMajor]
    public async Task A_backup_of_a_busy_server_comes_back_sound(int major)
    {
        var site = await StartBusySiteAsync(major, SmallScale, new ServerOptions());
        await using var load = await StartLoadAsync(site);

        await new BackupRound(site, load).RunAsync(1);
    }

    [Theory, EachMajor]
    public Task So_does_one_through_the_connection(int major) => RunRoundsAsync(major, "sql");

    [Theory, EachMajor]
    public Task So_does_one_through_pg_basebackup(int major) => RunRoundsAsync(major, "pg_basebackup");

    [Soak]
    public async Task Twenty_backups_of_3_GB_of_a_busy_server_come_back_sound_and_so_does_a_restore()
    {
        var site = await StartBusySiteAsync(PostgresServers.Newest, LargeScale, new ServerOptions { Settings = new Dictionary<string, string> { ["shared_buffers"] = "256MB" } });
        await using (var load = await StartLoadAsync(site))
        {
            for (var round = 1; round <= SoakRounds; round++)
            {
                await new BackupRound(site, load).RunAsync(round);
                await RemoveOldWalAsync(site);
            }

            (await site.RunAsync(["backup", "--quiet"], TimeSpan.FromMinutes(20))).EnsureSuccess();
        }

        (await site.RestoreAsync(TimeSpan.FromMinutes(20))).EnsureSuccess();

        await ClusterSoundness.CheckSumsAsync(site.Cluster);
        await ClusterSoundness.CheckRelationsAsync(site.Cluster);
    }

    /// <summary>With a tablespace. Three larger rounds on the majors that are always tested, one on each other.</summary>
    private async Task RunRoundsAsync(int major, string source)
    {
        var isUsual = major is 15 or 18;
        var site = await StartBusySiteAsync(major, isUsual ? MiddleScale : SmallScale, new ServerOptions());
        await using var load = await StartLoadAsync(site);
        for (var round = 1; round <= (isUsual ? 3 : 1); round++)
        {
            await new BackupRound(site, load) { Source = source }.RunAsync(round);
        }
    }

    private static async Task<ServerLoad> StartLoadAsync(RepositorySite site)
    {
        var load = ServerLoad.StartTransactions(site.Cluster, perSecond: 400);
        await load.StartChurnAsync(site.Cluster);
        await Poll.UntilAsync(() => site.Cluster.ScalarAsync<bool>("SELECT EXISTS (SELECT FROM pgbench_history)"), "the load has begun");
        return load;
    }

    /// <summary>The soak would fill the disk: each round's backup is gone, and so is the need for what was archived before it began.</summary>
    private static Task<ProgramResult> RemoveOldWalAsync(RepositorySite site) => HandRestore.ShellAsync("""find "$1" -name '0*.gz' -mmin +2 -delete""", site.Archive);

    private async Task<RepositorySite> StartBusySiteAsync(int major, int scale, ServerOptions options)
    {
        var site = await StartSiteAsync(major, options);
        await site.Cluster.CreateTablespaceAsync("side");
        await ServerLoad.PrepareAsync(site.Cluster, scale, "side");
        return site;
    }
}
