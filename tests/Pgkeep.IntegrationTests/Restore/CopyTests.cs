using Pgkeep.IntegrationTests.Harness;
using Xunit;

namespace Pgkeep.IntegrationTests.Restore;

/// <summary>Copies beside the cluster, whose server runs all the while: what is in them, and what happens to the cluster, which is nothing.</summary>
public sealed class CopyTests : IntegrationTest
{
    private const int Port = 5999;

    private static readonly Dictionary<string, string> Still = new() { ["autovacuum"] = "off" };

    [Theory, EachMajor]
    public async Task A_copy_has_the_rows_of_its_target_and_the_cluster_goes_on_and_archives(int major)
    {
        var site = await StartSiteAsync(major);
        await site.BackupAsync();
        await site.AddOrdersAsync();
        var (moment, expected) = (await site.MarkMomentAsync(), await site.ContentAsync());
        await site.AddOrdersAsync();
        await site.ArchiveAsync();
        var before = await site.ContentAsync();

        var result = (await CopyAsync(site, "--target-time", $"{moment}+00")).EnsureSuccess();

        var copy = new SocketServer(CopyOf(site), Port);
        Assert.Equal(expected, await ContentAsync(copy));
        Assert.Contains($"psql -h {CopyOf(site)} -p {Port} postgres", result.Stdout, StringComparison.Ordinal);
        await copy.ExecuteAsync("INSERT INTO orders SELECT i, 'in the copy' FROM generate_series(1, 1000) i; DELETE FROM far; CHECKPOINT");
        await copy.ScalarAsync<string>("SELECT pg_walfile_name(pg_switch_wal())");
        await site.AddOrdersAsync();
        await site.ArchiveAsync();
        Assert.NotEqual(before, await site.ContentAsync());
        Assert.All(Directory.EnumerateFiles(site.Archive, "0*"), file => Assert.StartsWith("00000001", Path.GetFileName(file), StringComparison.Ordinal));
        Assert.Empty(site.Asides);
    }

    [Theory, EachMajor]
    public async Task A_copy_keeps_to_itself_whatever_the_cluster_s_configuration_says(int major)
    {
        var site = await StartSiteAsync(major, new() { ["shared_preload_libraries"] = "pgoutput", ["synchronous_standby_names"] = "", ["max_connections"] = "137", ["max_prepared_transactions"] = "7" });
        await site.Cluster.ExecuteAsync("ALTER SYSTEM SET archive_timeout = '1h'");
        await site.BackupAsync();

        (await CopyAsync(site)).EnsureSuccess();

        var copy = new SocketServer(CopyOf(site), Port);
        var settings = await copy.ScalarAsync<string>(
            """
            SELECT string_agg(name || '=' || setting, ' ' ORDER BY name) FROM pg_settings
            WHERE name IN ('archive_mode', 'archive_command', 'archive_timeout', 'listen_addresses', 'shared_preload_libraries', 'max_logical_replication_workers', 'max_connections', 'max_prepared_transactions', 'restore_command')
            """);
        // A command is shown as disabled while archiving is off.
        Assert.Equal(
            "archive_command=(disabled) archive_mode=off archive_timeout=0 listen_addresses= max_connections=137 max_logical_replication_workers=0 max_prepared_transactions=7 restore_command= shared_preload_libraries=",
            settings);
        Assert.Contains("archive_timeout", await File.ReadAllTextAsync(Path.Combine(CopyOf(site), "postgresql.auto.conf.original"), TestContext.Current.CancellationToken), StringComparison.Ordinal);
        Assert.False(File.Exists(Path.Combine(CopyOf(site), ".pgkeep-copy.json")));
        Assert.Equal(1, await copy.ScalarAsync<int>("SELECT 1 WHERE pg_tablespace_location((SELECT oid FROM pg_tablespace WHERE spcname = 'elsewhere')) LIKE '%/copy.tablespaces/%'"));
    }

    [Theory, EachMajor]
    public async Task A_tablespace_made_since_the_backup_is_refused_and_up_to_it_the_copy_leaves_its_files_alone(int major)
    {
        var site = await StartSiteAsync(major, Still);
        await site.BackupAsync();
        await site.AddOrdersAsync();
        var expected = await site.ContentAsync();
        var directory = await site.Cluster.CreateTablespaceAsync("young");
        await site.Cluster.ExecuteAsync("CREATE TABLE y TABLESPACE young AS SELECT i FROM generate_series(1, 30000) i");
        await site.Cluster.ExecuteAsync("CHECKPOINT");
        await site.ArchiveAsync();
        var files = await FilesAsync(directory);

        var refused = await CopyAsync(site);
        var target = refused.Stderr.Split('\n').Single(line => line.Contains("--target-lsn", StringComparison.Ordinal)).Split("--target-lsn ")[1].Split(' ')[0];
        var result = await CopyAsync(site, "--target-lsn", target, "--target-exclusive");

        refused.EnsureExitCode(52);
        Assert.Contains(directory, refused.Stderr, StringComparison.Ordinal);
        result.EnsureSuccess();
        Assert.Equal(expected, await ContentAsync(new SocketServer(CopyOf(site), Port)));
        Assert.Equal(files, await FilesAsync(directory));
        Assert.Equal(30000, await site.Cluster.ScalarAsync<long>("SELECT count(*) FROM y"));
    }

    [Theory, EachMajor]
    public async Task What_is_archived_while_a_copy_waits_for_its_start_is_no_part_of_it(int major)
    {
        var site = await StartSiteAsync(major, Still);
        await site.BackupAsync();
        await site.AddOrdersAsync();
        var expected = await site.ContentAsync();
        await site.ArchiveAsync();
        (await CopyAsync(site, "--no-start")).EnsureSuccess();
        var directory = await site.Cluster.CreateTablespaceAsync("young");
        await site.Cluster.ExecuteAsync("CREATE TABLE y TABLESPACE young AS SELECT i FROM generate_series(1, 30000) i");
        await site.Cluster.ExecuteAsync("CHECKPOINT");
        await site.ArchiveAsync();
        var files = await FilesAsync(directory);

        (await TestAccount.RunAsync(Path.Combine(site.Cluster.BinDirectory, "pg_ctl"), ["start", "-w", "-D", CopyOf(site), "-l", CopyOf(site) + ".log"])).EnsureSuccess();

        var copy = new SocketServer(CopyOf(site), Port);
        await Poll.UntilAsync(async () => !await copy.ScalarAsync<bool>("SELECT pg_is_in_recovery()"), "the copy is promoted");
        Assert.Equal(expected, await ContentAsync(copy));
        Assert.Equal(files, await FilesAsync(directory));
    }

    [Theory, EachMajor]
    public async Task A_tablespace_comes_where_it_is_wanted_with_a_copy_and_without(int major)
    {
        var site = await StartSiteAsync(major);
        await site.BackupAsync();
        var before = await site.ContentAsync();
        var location = site.Workspace.PathOf("tablespace-elsewhere");
        var (first, second) = (site.Workspace.PathOf("it's first"), site.Workspace.PathOf("second"));
        const string where = "SELECT pg_tablespace_location(oid) FROM pg_tablespace WHERE spcname = 'elsewhere'";

        (await CopyAsync(site, "--tablespace", $"{location}={first}")).EnsureSuccess();
        (await site.RestoreAsync("--stop-server", "--tablespace", $"{location}={second}")).EnsureSuccess();

        var copy = new SocketServer(CopyOf(site), Port);
        Assert.Equal((first, before), (await copy.ScalarAsync<string>(where), await ContentAsync(copy)));
        Assert.Equal((second, before), (await site.Cluster.ScalarAsync<string>(where), await site.ContentAsync()));
        (await site.RollbackAsync("--stop-server")).EnsureSuccess();
        await site.Cluster.StartAsync();
        Assert.Equal((location, before), (await site.Cluster.ScalarAsync<string>(where), await site.ContentAsync()));
    }

    [Theory]
    [InlineData("data/copy", 10, "lies in the data directory")]
    [InlineData("tablespace-elsewhere/copy", 10, "lies in the tablespace")]
    [InlineData("repository/copy", 10, "lie one inside the other")]
    [InlineData("data", 10, "is not empty")]
    [InlineData(".", 10, "lie one inside the other")]
    public async Task A_place_that_belongs_to_somebody_is_refused(string place, int exitCode, string fact)
    {
        var site = await StartSiteAsync();
        await site.BackupAsync();

        var result = await site.RunAsync(["restore", "--to", Path.GetFullPath(place, site.Workspace.Root), "--yes"]);

        result.EnsureExitCode(exitCode);
        Assert.Contains(fact, result.Stderr, StringComparison.Ordinal);
        Assert.Contains("nothing was changed", result.Stderr, StringComparison.Ordinal);
        Assert.True(site.Cluster.IsRunning);
    }

    [Fact]
    public async Task A_tablespace_s_new_place_must_be_nobody_s()
    {
        var site = await StartSiteAsync();
        await site.BackupAsync();
        var location = site.Workspace.PathOf("tablespace-elsewhere");

        var inData = await site.RestoreAsync("--stop-server", "--tablespace", $"{location}={site.DataDirectory}/x");
        var inCopy = await CopyAsync(site, "--tablespace", $"{location}={CopyOf(site)}/x");
        var unknown = await CopyAsync(site, "--tablespace", $"/nowhere={site.Workspace.PathOf("x")}");

        Assert.Equal([10, 10, 2], new[] { inData.ExitCode, inCopy.ExitCode, unknown.ExitCode });
        Assert.Contains(location, unknown.Stderr, StringComparison.Ordinal);
        Assert.True(site.Cluster.IsRunning);
        Assert.False(Directory.Exists(CopyOf(site)));
    }

    [Theory]
    [InlineData("Interrupt", 75)]
    [InlineData("Kill", 137)]
    public async Task One_that_was_broken_off_leaves_nothing_that_the_next_does_not_clear(string signal, int exitCode)
    {
        var site = await StartSiteAsync();
        await site.BackupAsync();
        await site.AddOrdersAsync();
        await site.ArchiveAsync();
        var before = await site.ContentAsync();
        await using (var running = site.Start(Words(site)))
        {
            await Poll.UntilAsync(() => running.HasEnded || File.Exists(Path.Combine(CopyOf(site), "recovery.signal")), "the files are copied");
            running.Send(Enum.Parse<Signal>(signal));
            Assert.Equal(exitCode, (await running.WaitAsync()).ExitCode);
        }

        Assert.Equal(signal == "Kill", Directory.Exists(CopyOf(site)));
        (await CopyAsync(site)).EnsureSuccess();

        Assert.Equal(before, await ContentAsync(new SocketServer(CopyOf(site), Port)));
        Assert.Equal(before, await site.ContentAsync());
    }

    [Fact]
    public async Task Root_makes_a_copy_for_the_cluster_s_account()
    {
        var site = await StartSiteAsync();
        await site.BackupAsync();
        var before = await site.ContentAsync();

        (await site.RunAsync(Words(site), asRoot: true)).EnsureSuccess();

        Assert.Equal(before, await ContentAsync(new SocketServer(CopyOf(site), Port)));
        var foreign = await TestAccount.RunAsync("find", [site.Workspace.Root, "!", "-user", TestAccount.Name]);
        Assert.Equal("", foreign.EnsureSuccess().Stdout);
    }

    [Fact]
    public async Task A_dry_run_shows_the_plan_and_writes_nothing()
    {
        var site = await StartSiteAsync();
        await site.BackupAsync();

        var result = (await CopyAsync(site, "--dry-run")).EnsureSuccess();

        Assert.Contains("is not touched", result.Stdout, StringComparison.Ordinal);
        Assert.False(Directory.Exists(CopyOf(site)));
    }

    private static string CopyOf(RestoreSite site) => site.Workspace.PathOf("copy");

    private static IReadOnlyList<string> Words(RestoreSite site, params string[] arguments) => ["restore", "--to", CopyOf(site), "--to-port", $"{Port}", "--yes", .. arguments];

    private static Task<ProgramResult> CopyAsync(RestoreSite site, params string[] arguments) => site.RunAsync(Words(site, arguments));

    private static async Task<string> ContentAsync(SocketServer server) =>
        $"orders {await server.ChecksumAsync("orders")}; nothing {await server.ChecksumAsync("nothing")}; far {await server.ChecksumAsync("far")}";

    /// <summary>Names, times and content of all files below a directory.</summary>
    private static async Task<string> FilesAsync(string directory) => (await TestAccount.RunAsync(
        "sh", ["-c", "cd \"$1\" && find . -printf '%p %y %m %T@ %i\\n' | sort && find . -type f -print0 | sort -z | xargs -0 sha256sum", "sh", directory])).EnsureSuccess().Stdout;

    private async Task<RestoreSite> StartSiteAsync(int? major = null, Dictionary<string, string>? settings = null) =>
        await RestoreSite.StartAsync(await GetWorkspaceAsync(), major ?? PostgresServers.Newest, settings);
}
