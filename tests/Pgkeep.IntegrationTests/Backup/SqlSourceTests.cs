using Pgkeep.IntegrationTests.Harness;
using Xunit;

namespace Pgkeep.IntegrationTests.Backup;

/// <summary>Backups through ordinary connections, by a role that has exactly the rights that were asked of it.</summary>
public sealed class SqlSourceTests : BackupTest
{
    [Theory, EachMajor]
    public async Task A_backup_by_a_role_with_the_told_grants_has_everything(int major)
    {
        var site = await StartSiteAsync(major);
        await FillAsync(site.Cluster);
        await GrantAsync(site, "--source", "sql");
        var content = await ClusterContent.ReadAsync(site.Cluster);

        (await BackupAsync(site, "--source", "sql")).EnsureSuccess();

        Assert.Contains("Source: sql, as asked for", await LogAsync(site), StringComparison.Ordinal);
        await using var restored = await StartByHandAsync(site);
        Assert.Equal(content, await ClusterContent.ReadAsync(restored));
        Assert.Equal(0, await restored.ScalarAsync<long>("SELECT count(*) FROM unlogged"));
        await ClusterContent.EnsurePagesAsync(restored);
    }

    [Theory, EachMajor]
    public async Task It_is_what_the_servers_own_files_give(int major)
    {
        var site = await StartSiteAsync(major);
        await FillAsync(site.Cluster);
        await site.Cluster.ExecuteAsync("CHECKPOINT");
        (await site.BackupAsync("--source", "files")).EnsureSuccess();
        (await site.BackupAsync("--source", "sql")).EnsureSuccess();

        var files = await MembersAsync(site.Backups[0]);
        var sql = await MembersAsync(site.Backups[1]);

        Assert.Equal(files, sql);
    }

    [Fact]
    public async Task An_unpacked_one_passes_pg_verifybackup()
    {
        var site = await StartSiteAsync();
        await FillAsync(site.Cluster);
        (await site.BackupAsync("--source", "sql")).EnsureSuccess();
        var target = site.Cluster.Workspace.PathOf("by-hand");
        await HandRestore.UnpackAsync(site.Backups[^1], target);
        await HandRestore.UnpackTablespacesAsync(site.Backups[^1], target);

        (await site.Cluster.RunClientAsync("pg_verifybackup", ["-m", Path.Combine(site.Backups[^1], "backup_manifest"), target])).EnsureSuccess();
    }

    [Fact]
    public async Task From_another_host_auto_reads_through_the_connection()
    {
        var site = await StartSiteAsync();

        (await AnotherHost.RunAsync(site, site.Cluster.DataDirectory, null, "backup")).EnsureSuccess();

        Assert.Contains("Source: sql, ", await LogAsync(site), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_data_directory_of_another_cluster_in_the_servers_place_is_not_taken()
    {
        var site = await StartSiteAsync();
        var other = await StartClusterAsync(site.Cluster.Major, new ServerOptions { OwnSystemIdentifier = true }, "other");

        (await AnotherHost.RunAsync(site, site.Cluster.DataDirectory, other.DataDirectory, "backup")).EnsureSuccess();

        Assert.Contains("Source: sql, the local ", await LogAsync(site), StringComparison.Ordinal);
    }

    [Fact]
    public async Task From_another_host_files_are_refused()
    {
        var site = await StartSiteAsync();

        AssertRefusal(await AnotherHost.RunAsync(site, site.Cluster.DataDirectory, null, "backup", "--source", "files"), 22, site.Cluster.DataDirectory);
    }

    [Fact]
    public async Task A_damaged_page_is_found_with_its_block()
    {
        var site = await StartSiteAsync();
        await site.Cluster.ExecuteAsync("CREATE TABLE t AS SELECT i, repeat('x', 500) FROM generate_series(1, 5000) i; CREATE TABLE small AS SELECT 1 AS i");
        var path = await site.Cluster.ScalarAsync<string>("SELECT pg_relation_filepath('t')");
        var small = await site.Cluster.ScalarAsync<string>("SELECT pg_relation_filepath('small')");
        await site.Cluster.StopAsync();
        await HandRestore.ShellAsync(
            """printf damage | dd of="$1/$2" bs=1 seek=$((17 * 8192 + 4000)) conv=notrunc; printf damage | dd of="$1/$3" bs=1 seek=4000 conv=notrunc""", site.Cluster.DataDirectory, path, small);
        await site.Cluster.StartAsync();

        var result = (await site.BackupAsync("--source", "sql")).EnsureExitCode(3);

        Assert.Contains($"{path} block 17 is damaged", result.Stdout, StringComparison.Ordinal);
        Assert.Contains($"{small} block 0 is damaged", result.Stdout, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("sql")]
    [InlineData("pg_basebackup")]
    public async Task Over_TCP_it_is_the_same(string source)
    {
        var site = await StartSiteAsync();
        await FillAsync(site.Cluster);
        if (source == "pg_basebackup")
        {
            await site.Cluster.ExecuteAsync("DROP TABLE elsewhere");
            await site.Cluster.ExecuteAsync("DROP TABLESPACE side");
        }

        var content = await ClusterContent.ReadAsync(site.Cluster);
        var environment = new Dictionary<string, string>(site.Cluster.TcpEnvironment) { ["BACKUP_DIR"] = site.Repository };

        var result = await PgkeepBinary.RunAsync(["backup", "--source", source, "--bindir", PostgresServers.ClientDirectory(site.Cluster.Major)], new RunOptions { Environment = environment });

        result.EnsureSuccess();
        await using var restored = await StartByHandAsync(site);
        Assert.Equal(content, await ClusterContent.ReadAsync(restored));
    }

    [Fact]
    public async Task A_pipe_in_the_data_directory_holds_nobody()
    {
        var site = await StartSiteAsync();
        await HandRestore.ShellAsync("""mkfifo -m 0600 "$1/pipe" """, site.Cluster.DataDirectory);

        (await site.BackupAsync("--source", "sql")).EnsureSuccess();
    }

    [Fact]
    public async Task It_ends_when_it_is_told_to_though_the_server_does_not_answer()
    {
        var site = await StartSiteAsync();
        await using var backup = PgkeepBinary.Start(["backup", "--source", "sql", "--max-rate", "4MB"], new RunOptions { Environment = site.Environment });
        await Poll.UntilAsync(
            () => Directory.EnumerateDirectories(site.Repository, ".backup_*").Any(directory => File.Exists(Path.Combine(directory, "base.tar.gz"))), "the backup copies files");
        var readers = await site.Cluster.QueryAsync<int>("SELECT pid FROM pg_stat_activity WHERE application_name = 'pgkeep'");
        await HandRestore.ShellAsync("kill -STOP $1", string.Join(' ', readers));
        try
        {
            // Until a call is under way that nobody answers.
            await Task.Delay(TimeSpan.FromSeconds(1), TestContext.Current.CancellationToken);
            backup.Send(Signal.Terminate);

            Assert.NotEqual(0, (await backup.WaitAsync()).ExitCode);
        }
        finally
        {
            await HandRestore.ShellAsync("kill -CONT $1", string.Join(' ', readers));
        }

        Assert.Empty(site.Backups);
        Assert.Empty(RepositoryNames.LeftoversIn(site.Repository));
    }

    [Fact]
    public async Task Configuration_outside_the_data_directory_needs_a_right_of_its_own()
    {
        var workspace = await GetWorkspaceAsync();
        var hba = workspace.PathOf("hba.conf");
        await TestAccount.RunAsync("sh", ["-c", "echo 'local all all trust' >\"$1\"; echo 'host all all 127.0.0.1/32 trust' >>\"$1\"", "sh", hba]);
        var site = await StartSiteAsync(options: new ServerOptions { WalSegmentSizeInMiB = 1, Settings = new Dictionary<string, string> { ["hba_file"] = hba } });
        await GrantAsync(site, "--source", "sql");

        (await BackupAsync(site, "--source", "sql")).EnsureSuccess();
        Assert.Contains("WARNING: not in the backup", await LogAsync(site), StringComparison.Ordinal);
        Assert.False(File.Exists(Path.Combine(site.Backups[^1], "config.tar.gz")));

        await site.Cluster.ExecuteAsync("GRANT pg_read_server_files TO plain");
        (await BackupAsync(site, "--source", "sql")).EnsureSuccess();
        var listed = await HandRestore.ShellAsync("""tar tzf "$1/config.tar.gz" """, site.Backups[^1]);
        Assert.Equal(hba.TrimStart('/'), listed.Stdout.Trim());
    }

    [Fact]
    public async Task A_role_that_may_do_less_is_told_all_grants_at_once()
    {
        var site = await StartSiteAsync();
        await site.Cluster.ExecuteAsync("CREATE ROLE plain LOGIN");

        AssertRefusal(
            await BackupAsync(site, "--source", "sql"),
            30,
            "GRANT pg_read_all_settings TO plain;",
            "pg_backup_start(text,boolean)", "pg_ls_dir(text,boolean,boolean)", "pg_read_binary_file(text,bigint,bigint,boolean)", "pg_stat_file(text,boolean)");
        Assert.Empty(site.Backups);
    }

    private static Task<ProgramResult> BackupAsync(RepositorySite site, params string[] options) => site.BackupAsync(["--user", "plain", .. options]);

    private static async Task GrantAsync(RepositorySite site, params string[] options)
    {
        await site.Cluster.ExecuteAsync("CREATE ROLE plain LOGIN");
        var told = (await BackupAsync(site, options)).Stderr.Split('\n').Single(line => line.Contains("GRANT", StringComparison.Ordinal));
        await site.Cluster.ExecuteAsync(told[told.IndexOf("GRANT", StringComparison.Ordinal)..]);
    }

    private static async Task FillAsync(PostgresCluster cluster)
    {
        await cluster.CreateTablespaceAsync("side");
        await cluster.ExecuteAsync(
            """
            CREATE TABLE plain AS SELECT i, md5(i::text) AS t FROM generate_series(1, 50000) i;
            CREATE INDEX ON plain (t);
            CREATE TABLE empty (i int);
            CREATE UNLOGGED TABLE unlogged AS SELECT i FROM generate_series(1, 1000) i;
            CREATE TABLE elsewhere TABLESPACE side AS SELECT i, repeat('x', i) AS t FROM generate_series(1, 2000) i;
            SELECT pg_create_physical_replication_slot('left_out', true);
            """);
        await cluster.ExecuteAsync("CREATE DATABASE \"odd é\"");
    }

    private static Task<string> LogAsync(RepositorySite site) =>
        File.ReadAllTextAsync(Path.Combine(site.Repository, "backup.log"), TestContext.Current.CancellationToken);

    /// <summary>Names, modes, owners and sizes of all members, without what changes from one backup to the next.</summary>
    private static async Task<string> MembersAsync(string backup) => (await HandRestore.ShellAsync(
        """
        for archive in "$1"/base.tar.gz "$1"/[0-9]*.tar.gz; do
            tar tvzf "$archive" --numeric-owner | awk '{ print $1, $2, $3, $6 }' | grep -vE ' (backup_label|tablespace_map|global/pg_stat.*|pg_stat/.*|pg_logical/.*|log/.*|current_logfiles)$'
        done
        """,
        backup)).Stdout;

    private static async Task<PostgresCluster> StartByHandAsync(RepositorySite site)
    {
        var target = site.Cluster.Workspace.PathOf("by-hand");
        await HandRestore.UnpackAsync(site.Backups[^1], target);
        await HandRestore.UnpackTablespacesAsync(site.Backups[^1], target);
        if (File.Exists(Path.Combine(target, "tablespace_map")))
        {
            await HandRestore.EditTablespaceMapAsync(target);
        }

        await HandRestore.AppendSettingsAsync(target, "archive_mode = off");
        var server = PostgresCluster.Adopt(site.Cluster.Workspace, site.Cluster.Major, target);
        await server.StartAsync();
        return server;
    }
}
