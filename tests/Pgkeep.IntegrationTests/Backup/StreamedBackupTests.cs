using System.Globalization;
using System.Text.Json;
using Pgkeep.IntegrationTests.Harness;
using Xunit;

namespace Pgkeep.IntegrationTests.Backup;

/// <summary>Backups of a role that has REPLICATION and nothing else.</summary>
public sealed class StreamedBackupTests : BackupTest
{
    private const int Findings = 3;
    private const int BlockSize = 8192;

    [Theory, EachMajor]
    public async Task A_role_that_may_only_replicate_takes_a_backup_with_everything_in_it(int major)
    {
        var site = await StartSiteAsync(major);
        await FillAsync(site);
        await CloseAllButReplicationAsync(site);
        var content = await ClusterContent.ReadAsync(site.Cluster);

        (await BackupAsync(site)).EnsureSuccess();

        var backup = Assert.Single(site.Backups);
        await using var server = await StartByHandAsync(site, backup);
        Assert.Equal(content, await ClusterContent.ReadAsync(server));
        await ClusterContent.EnsurePagesAsync(server);
        var log = await ReadAsync(site.Repository, "backup.log");
        Assert.Contains("Source: pg_basebackup, the server refused the login", log, StringComparison.Ordinal);
        Assert.Contains("Running pg_basebackup...", log, StringComparison.Ordinal);
        Assert.DoesNotContain("ERROR", log, StringComparison.Ordinal);
        using var metadata = JsonDocument.Parse(await ReadAsync(backup, "backup_metadata.json"));
        Assert.Equal("pg_basebackup", metadata.RootElement.GetProperty("source").GetString());
        Assert.StartsWith("all databases", Assert.Single(metadata.RootElement.GetProperty("catalog_missing").EnumerateArray()).GetString(), StringComparison.Ordinal);
        Assert.True(metadata.RootElement.GetProperty("pages_checked").GetInt64() > 1000);
    }

    [Theory, EachMajor]
    public async Task What_was_streamed_passes_pg_verifybackup_and_sha256sum(int major)
    {
        var site = await StartSiteAsync(major);
        await FillAsync(site);
        await CreateRoleAsync(site);
        (await BackupAsync(site)).EnsureSuccess();
        var backup = Assert.Single(site.Backups);
        var target = site.Cluster.Workspace.PathOf("by-hand");
        await HandRestore.UnpackAsync(backup, target);
        string[] wal = major is 14 or 16 ? ["--no-parse-wal"] : []; // the next major's program does not read this one's WAL

        var result = await site.Cluster.RunClientAsync("pg_verifybackup", [.. wal, "-m", Path.Combine(backup, "backup_manifest"), target]);

        Assert.Equal(0, result.EnsureSuccess().ExitCode);
        (await TestAccount.RunAsync("sha256sum", ["--check", "--strict", "checksums.sha256"], new RunOptions { WorkingDirectory = backup })).EnsureSuccess();
        (await PgkeepBinary.RunAsync(["verify"], new RunOptions { Environment = site.Environment })).EnsureSuccess();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Tablespaces_come_with_it_and_nothing_uncompressed_is_left(bool hasSession)
    {
        var site = await StartSiteAsync();
        await FillAsync(site);
        foreach (var name in new[] { "one", "two" })
        {
            await site.Cluster.CreateTablespaceAsync(name);
            await site.Cluster.ExecuteAsync($"CREATE TABLE in_{name} TABLESPACE {name} AS SELECT i, repeat('{name}', 200) FROM generate_series(1, 3000) i");
        }

        await (hasSession ? CreateRoleAsync(site) : CloseAllButReplicationAsync(site));
        var content = await ClusterContent.ReadAsync(site.Cluster);

        (await BackupAsync(site)).EnsureSuccess();

        var backup = Assert.Single(site.Backups);
        Assert.DoesNotContain(Directory.EnumerateFileSystemEntries(backup), path => path.EndsWith(".tar", StringComparison.Ordinal) || Path.GetFileName(path).StartsWith('.'));
        using var metadata = JsonDocument.Parse(await ReadAsync(backup, "backup_metadata.json"));
        Assert.Equal(2, metadata.RootElement.GetProperty("tablespaces").GetArrayLength());
        await using var server = await StartByHandAsync(site, backup, hasTablespaces: true);
        Assert.Equal(content, await ClusterContent.ReadAsync(server));
    }

    [Theory, EachMajor]
    public async Task A_damaged_page_is_named_and_the_backup_is_kept(int major)
    {
        var site = await StartSiteAsync(major);
        await FillAsync(site);
        await CreateRoleAsync(site);
        var file = await DamageAsync(site);

        var result = (await BackupAsync(site)).EnsureExitCode(Findings);

        Assert.Contains($"{file} block 7 is damaged", result.Stdout, StringComparison.Ordinal);
        Assert.Single(site.Backups);
    }

    [Fact]
    public async Task A_damaged_page_is_named_with_tablespaces_too()
    {
        var site = await StartSiteAsync();
        await FillAsync(site);
        await site.Cluster.CreateTablespaceAsync("side");
        await CreateRoleAsync(site);
        var file = await DamageAsync(site);

        var result = (await BackupAsync(site)).EnsureExitCode(Findings);

        Assert.Contains($"{file} block 7 is damaged", result.Stdout, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData((int)Signal.Terminate, 75, false)]
    [InlineData((int)Signal.Terminate, 75, true)]
    [InlineData((int)Signal.Kill, null, false)]
    [InlineData((int)Signal.Kill, null, true)]
    public async Task An_interruption_ends_pg_basebackup_too_and_leaves_no_backup(int signal, int? exitCode, bool hasTablespaces)
    {
        var site = await StartSiteAsync();
        await FillAsync(site);
        if (hasTablespaces)
        {
            await site.Cluster.CreateTablespaceAsync("side");
        }

        await CreateRoleAsync(site);
        // A spread checkpoint after some writes is a middle that lasts.
        await site.Cluster.ExecuteAsync("ALTER SYSTEM SET checkpoint_timeout = '30min'");
        await site.Cluster.ExecuteAsync("SELECT pg_reload_conf()");
        await site.Cluster.ExecuteAsync("CREATE TABLE dirty AS SELECT i, repeat('x', 100) FROM generate_series(1, 50000) i");
        await using var backup = PgkeepBinary.Start(["backup", "--user", "rep", "--bindir", ClientsOf(site), "--checkpoint", "spread"], OptionsOf(site));
        await Poll.UntilAsync(async () => await WalSendersAsync(site) == 2, "pg_basebackup has begun");

        backup.Send((Signal)signal);
        var result = await backup.WaitAsync();

        Assert.True(exitCode is null || result.ExitCode == exitCode, result.ToString());
        Assert.Empty(site.Backups);
        // The server notices a client that is gone when it sends the next bytes, after its checkpoint.
        await site.Cluster.ExecuteAsync("CHECKPOINT");
        await Poll.UntilAsync(async () => await WalSendersAsync(site) == 0, "pg_basebackup and its session are gone");
        Assert.Equal(0, await site.Cluster.ScalarAsync<long>("SELECT count(*) FROM pg_replication_slots"));
        (await BackupAsync(site)).EnsureSuccess();
        Assert.Empty(RepositoryNames.LeftoversIn(site.Repository));
    }

    [Fact]
    public async Task Without_the_program_the_error_says_what_each_way_lacks()
    {
        var site = await StartSiteAsync();
        await CreateRoleAsync(site);
        var empty = await site.Cluster.Workspace.CreateDirectoryAsync("no-programs");

        var result = await PgkeepBinary.RunAsync(["backup", "--user", "rep", "--bindir", empty], OptionsOf(site));

        AssertRefusal(result, 30, "has not all the rights", $"there is no pg_basebackup in \"{empty}\"", "GRANT EXECUTE ON FUNCTION", "--bindir");
        Assert.Empty(site.Backups);
    }

    [Fact]
    public async Task A_program_older_than_the_server_is_refused_with_its_version()
    {
        var site = await StartSiteAsync();
        await CreateRoleAsync(site);
        var old = await site.Cluster.Workspace.CreateDirectoryAsync("old-programs");
        await TestAccount.WriteFileAsync(Path.Combine(old, "pg_basebackup"), "#!/bin/sh\necho 'pg_basebackup (PostgreSQL) 12.22'\n", "0755");

        var result = await PgkeepBinary.RunAsync(["backup", "--user", "rep", "--source", "pg_basebackup", "--bindir", old], OptionsOf(site));

        AssertRefusal(result, 22, $"no pg_basebackup for a server of version {site.Cluster.Major}", "is of version 12.22");
    }

    [Fact]
    public async Task A_role_that_may_neither_read_nor_replicate_is_told_all_grants_at_once()
    {
        var site = await StartSiteAsync();
        await site.Cluster.ExecuteAsync("CREATE ROLE plain LOGIN");

        var result = await PgkeepBinary.RunAsync(["backup", "--user", "plain", "--bindir", ClientsOf(site)], OptionsOf(site));

        AssertRefusal(result, 30, "has not all the rights", "a replication session is refused", "GRANT EXECUTE ON FUNCTION", "ALTER ROLE \"plain\" REPLICATION;");
    }

    [Fact]
    public async Task The_files_are_preferred_where_the_role_may_have_them()
    {
        var site = await StartSiteAsync();

        (await PgkeepBinary.RunAsync(["backup", "--bindir", ClientsOf(site)], OptionsOf(site))).EnsureSuccess();

        var log = await ReadAsync(site.Repository, "backup.log");
        Assert.Contains("Source: files,", log, StringComparison.Ordinal);
        Assert.DoesNotContain("Running pg_basebackup", log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_later_moment_is_restored_from_a_streamed_backup()
    {
        var site = await StartSiteAsync();
        await FillAsync(site);
        await CreateRoleAsync(site);
        (await BackupAsync(site)).EnsureSuccess();
        await site.Cluster.ExecuteAsync("INSERT INTO plain SELECT i, 'later' FROM generate_series(1, 5000) i");
        var expected = await site.Cluster.ChecksumAsync("plain");
        await site.Cluster.StopAsync();

        (await PgkeepBinary.RunAsync(
            ["restore", "--pgdata", site.Cluster.DataDirectory, "--bindir", site.Cluster.BinDirectory, "--restore-log", site.Cluster.Workspace.PathOf("restore.log"), "--yes"],
            OptionsOf(site))).EnsureSuccess();

        Assert.Equal(expected, await site.Cluster.ChecksumAsync("plain"));
    }

    [Fact]
    public async Task A_password_reaches_the_program_and_no_command_line()
    {
        const string password = "s3cret of rep";
        var site = await StartSiteAsync(options: new ServerOptions { WalSegmentSizeInMiB = 1, Password = "other" });
        await site.Cluster.ExecuteAsync($"CREATE ROLE rep LOGIN REPLICATION PASSWORD '{password}'");
        var environment = new Dictionary<string, string>(site.Environment) { ["PGHOST"] = "127.0.0.1", ["PGPASSWORD"] = password };
        var log = site.Cluster.Workspace.PathOf("arguments");
        var programs = await site.Cluster.Workspace.CreateDirectoryAsync("programs");
        await TestAccount.WriteFileAsync(Path.Combine(programs, "pg_basebackup"), $"#!/bin/sh\nprintf '%s\\n' \"$*\" >>{log}\nexec {ClientsOf(site)}/pg_basebackup \"$@\"\n", "0755");

        (await PgkeepBinary.RunAsync(["backup", "--user", "rep", "--bindir", programs], new RunOptions { Environment = environment })).EnsureSuccess();

        Assert.Single(site.Backups);
        Assert.DoesNotContain(password, await File.ReadAllTextAsync(log, TestContext.Current.CancellationToken), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_that_does_not_archive_is_found_out_without_an_ordinary_session()
    {
        var site = await StartSiteAsync(options: new ServerOptions { WalSegmentSizeInMiB = 1, ArchiveCommand = "/bin/false" });
        await FillAsync(site);
        await CloseAllButReplicationAsync(site);

        var result = await PgkeepBinary.RunAsync(["backup", "--user", "rep", "--bindir", ClientsOf(site), "--archive-wait", "2s"], OptionsOf(site));

        AssertRefusal(result, 43, "was not archived within 2 s");
        Assert.Empty(site.Backups);
        Assert.Empty(RepositoryNames.LeftoversIn(site.Repository));
    }

    [Fact]
    public async Task Without_a_free_slot_it_goes_on_and_says_so()
    {
        var site = await StartSiteAsync(options: new ServerOptions { WalSegmentSizeInMiB = 1, Settings = new Dictionary<string, string> { ["max_replication_slots"] = "0" } });
        await CreateRoleAsync(site);

        (await BackupAsync(site)).EnsureSuccess();

        Assert.Contains("WARNING: the server does not keep its WAL for this backup", await ReadAsync(site.Repository, "backup.log"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_program_that_dies_in_the_middle_is_a_failed_backup_with_its_words()
    {
        var site = await StartSiteAsync();
        await CreateRoleAsync(site);
        var programs = await site.Cluster.Workspace.CreateDirectoryAsync("programs");
        await TestAccount.WriteFileAsync(
            Path.Combine(programs, "pg_basebackup"),
            $"#!/bin/sh\n[ \"$1\" != --version ] || exec {ClientsOf(site)}/pg_basebackup --version\n{ClientsOf(site)}/pg_basebackup \"$@\" | head -c 5000000\necho 'pg_basebackup: error: it broke' >&2\nexit 1\n",
            "0755");

        var result = await PgkeepBinary.RunAsync(["backup", "--user", "rep", "--bindir", programs], OptionsOf(site));

        AssertRefusal(result, 24, "it broke");
        Assert.Empty(site.Backups);
        Assert.Empty(RepositoryNames.LeftoversIn(site.Repository));
    }

    private static Task FillAsync(RepositorySite site) => site.Cluster.ExecuteAsync(
        """
        CREATE TABLE plain AS SELECT i, md5(i::text) AS t FROM generate_series(1, 20000) i;
        CREATE INDEX ON plain (t);
        CREATE TABLE empty (i int);
        CREATE UNLOGGED TABLE unlogged AS SELECT i FROM generate_series(1, 1000) i;
        SELECT lo_from_bytea(0, decode(repeat('ab', 100000), 'hex'));
        """);

    private static Task CreateRoleAsync(RepositorySite site) => site.Cluster.ExecuteAsync("CREATE ROLE rep LOGIN REPLICATION");

    /// <summary>An ordinary session is for postgres alone.</summary>
    private static async Task CloseAllButReplicationAsync(RepositorySite site)
    {
        await CreateRoleAsync(site);
        await site.Cluster.StopAsync();
        await TestAccount.WriteFileAsync(Path.Combine(site.Cluster.DataDirectory, "pg_hba.conf"), "local all postgres trust\nlocal replication rep trust\n");
        await site.Cluster.StartAsync();
    }

    private static Task<ProgramResult> BackupAsync(RepositorySite site) =>
        PgkeepBinary.RunAsync(["backup", "--user", "rep", "--bindir", ClientsOf(site)], OptionsOf(site));

    private static string ClientsOf(RepositorySite site) => PostgresServers.ClientDirectory(site.Cluster.Major);

    private static RunOptions OptionsOf(RepositorySite site) => new() { Environment = site.Environment };

    private static Task<long> WalSendersAsync(RepositorySite site) => site.Cluster.ScalarAsync<long>("SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'walsender'");

    /// <summary>The seventh page of a table, on disk, in its middle, where neither its LSN nor its checksum stands.</summary>
    private static async Task<string> DamageAsync(RepositorySite site)
    {
        await site.Cluster.ExecuteAsync("CHECKPOINT");
        var file = await site.Cluster.ScalarAsync<string>("SELECT pg_relation_filepath('plain')");
        var offset = ((7 * BlockSize) + 4000).ToString(CultureInfo.InvariantCulture);
        (await TestAccount.RunAsync("dd", ["if=/dev/urandom", $"of={Path.Combine(site.Cluster.DataDirectory, file)}", "bs=1", "count=16", $"seek={offset}", "conv=notrunc"])).EnsureSuccess();
        return file;
    }

    private static async Task<PostgresCluster> StartByHandAsync(RepositorySite site, string backup, bool hasTablespaces = false)
    {
        var target = site.Cluster.Workspace.PathOf("by-hand");
        await HandRestore.UnpackAsync(backup, target);
        if (hasTablespaces)
        {
            await HandRestore.UnpackTablespacesAsync(backup, target);
            await HandRestore.EditTablespaceMapAsync(target);
        }

        await HandRestore.AppendSettingsAsync(target, "archive_mode = off");
        var server = PostgresCluster.Adopt(site.Cluster.Workspace, site.Cluster.Major, target);
        await server.StartAsync();
        return server;
    }

    private static Task<string> ReadAsync(string directory, string name) =>
        File.ReadAllTextAsync(Path.Combine(directory, name), TestContext.Current.CancellationToken);
}
