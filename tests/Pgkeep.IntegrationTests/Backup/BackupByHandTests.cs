using Pgkeep.IntegrationTests.Harness;
using Xunit;

namespace Pgkeep.IntegrationTests.Backup;

/// <summary>A backup needs no pgkeep to come back.</summary>
public sealed class BackupByHandTests(SampleBackups samples) : BackupTest, IClassFixture<SampleBackups>
{
    [Theory, EachMajor]
    public async Task An_unpacked_backup_passes_pg_verifybackup(int major)
    {
        var sample = await samples.GetAsync(major);
        var target = sample.NewTarget();
        await HandRestore.UnpackAsync(sample.Directory, target);
        await HandRestore.UnpackTablespacesAsync(sample.Directory, target);
        string[] wal = major is 14 or 16 ? ["--no-parse-wal"] : []; // the next major's program does not read this one's WAL

        var result = await sample.Site.Cluster.RunClientAsync("pg_verifybackup", [.. wal, "-m", Path.Combine(sample.Directory, "backup_manifest"), target]);

        Assert.Equal(0, result.EnsureSuccess().ExitCode);
    }

    [Theory, EachMajor]
    public async Task A_server_starts_on_an_unpacked_backup_and_has_all_rows(int major)
    {
        var sample = await samples.GetAsync(major);
        await using var server = await StartByHandAsync(sample, "archive_mode = off");

        Assert.Equal(sample.Content, await ClusterContent.ReadAsync(server));
    }

    [Theory, EachMajor]
    public async Task An_unlogged_table_comes_back_empty_and_usable(int major)
    {
        var sample = await samples.GetAsync(major);
        await using var server = await StartByHandAsync(sample, "archive_mode = off");

        await server.ExecuteAsync("INSERT INTO unlogged VALUES (1)");

        Assert.Equal(1, await server.ScalarAsync<long>("SELECT count(*) FROM unlogged"));
    }

    [Fact]
    public async Task A_tablespace_comes_back_where_the_edited_tablespace_map_says()
    {
        var sample = await samples.GetAsync(PostgresServers.Newest);
        await using var server = await StartByHandAsync(sample, "archive_mode = off");
        var oid = await server.ScalarAsync<uint>("SELECT oid FROM pg_tablespace WHERE spcname = 'side'");

        Assert.Equal($"{server.DataDirectory}-{oid}", await server.ScalarAsync<string>($"SELECT pg_tablespace_location({oid})"));
    }

    [Fact]
    public async Task An_unedited_tablespace_map_leads_back_to_the_old_directory_whatever_link_was_made()
    {
        var site = await StartSiteAsync();
        var old = await site.Cluster.CreateTablespaceAsync("side");
        var backup = await site.TakeBackupAsync();
        await site.Cluster.StopAsync();
        var target = site.Cluster.Workspace.PathOf("by-hand");
        await HandRestore.UnpackAsync(backup, target);
        await HandRestore.UnpackTablespacesAsync(backup, target);

        await HandRestore.AppendSettingsAsync(target, "archive_mode = off");
        await using var server = PostgresCluster.Adopt(site.Cluster.Workspace, site.Cluster.Major, target);
        await server.StartAsync();

        Assert.Equal(old, await server.ScalarAsync<string>("SELECT pg_tablespace_location(oid) FROM pg_tablespace WHERE spcname = 'side'"));
    }

    [Fact]
    public async Task No_replication_slot_comes_back()
    {
        var sample = await samples.GetAsync(PostgresServers.Newest);
        await using var server = await StartByHandAsync(sample, "archive_mode = off");

        Assert.Equal(0, await server.ScalarAsync<long>("SELECT count(*) FROM pg_replication_slots"));
    }

    [Theory, EachMajor]
    public async Task Later_rows_come_from_the_archive_through_get_wal(int major)
    {
        var site = await StartSiteAsync(major);
        await site.Cluster.ExecuteAsync("CREATE TABLE t AS SELECT i FROM generate_series(1, 1000) i");
        var backup = await site.TakeBackupAsync();
        await site.Cluster.ExecuteAsync("INSERT INTO t SELECT i FROM generate_series(1001, 50000) i");
        var expected = await site.Cluster.ChecksumAsync("t");
        await site.SwitchAndArchiveAsync();
        var target = site.Cluster.Workspace.PathOf("by-hand");
        await HandRestore.UnpackAsync(backup, target);
        var fetch = $"BACKUP_DIR={site.Repository} {PgkeepBinary.FilePath} get-wal %f %p";

        await HandRestore.ShellAsync("""touch "$1/recovery.signal" """, target);
        await HandRestore.AppendSettingsAsync(target, $"archive_mode = off\nrestore_command = '{fetch}'");
        await using var server = PostgresCluster.Adopt(site.Cluster.Workspace, major, target);
        await server.StartAsync();
        await Poll.UntilAsync(() => server.ScalarAsync<bool>("SELECT NOT pg_is_in_recovery()"), "the server is promoted");

        Assert.Equal(expected, await server.ChecksumAsync("t"));
    }

    [Fact]
    public async Task The_checksums_are_what_sha256sum_expects()
    {
        var sample = await samples.GetAsync(PostgresServers.Newest);

        var result = await TestAccount.RunAsync("sha256sum", ["--check", "--strict", "checksums.sha256"], new RunOptions { WorkingDirectory = sample.Directory });

        var others = Directory.EnumerateFiles(sample.Directory).Count() - 1;
        Assert.Equal(others, result.EnsureSuccess().Stdout.Split('\n').Count(line => line.EndsWith(": OK", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Every_archive_passes_gunzip()
    {
        var sample = await samples.GetAsync(PostgresServers.Newest);
        var archives = Directory.GetFiles(sample.Directory, "*.gz");

        var result = await TestAccount.RunAsync("gunzip", ["-t", .. archives]);

        Assert.Equal("", result.EnsureSuccess().Stderr);
        Assert.Equal(
            ["16384.index.gz", "16384.tar.gz", "base.index.gz", "base.tar.gz", "catalog.json.gz", "pg_wal.tar.gz"], archives.Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal));
    }

    [Theory, EachMajor(Min = 18)]
    public async Task A_backup_passes_pg_verifybackup_as_it_lies(int major)
    {
        var sample = await samples.GetAsync(major);

        string[] ours = ["checksums.sha256", "backup_metadata.json", "catalog.json.gz", .. Directory.GetFiles(sample.Directory, "*.index.gz").Select(path => Path.GetFileName(path))];
        var result = await sample.Site.Cluster.RunClientAsync("pg_verifybackup", ["-n", .. ours.SelectMany(name => new[] { "-i", name }), sample.Directory]);

        Assert.Equal(0, result.EnsureSuccess().ExitCode);
    }

    [Fact]
    public async Task The_last_members_of_the_tar_are_the_label_the_tablespace_map_and_pg_control()
    {
        var members = await MembersAsync();

        Assert.Equal(["backup_label", "tablespace_map", "global/pg_control"], members.TakeLast(3));
    }

    [Theory]
    [InlineData("postmaster.pid")]
    [InlineData("postmaster.opts")]
    [InlineData("backup_manifest")]
    public async Task The_tar_does_not_hold_the_running_servers_own_file(string name)
    {
        Assert.DoesNotContain(name, await MembersAsync());
    }

    [Theory]
    [InlineData("pg_replslot")]
    [InlineData("pg_stat_tmp")]
    [InlineData("pg_tblspc")]
    public async Task The_tar_holds_the_directory_empty(string directory)
    {
        var members = await MembersAsync();

        Assert.Equal([directory + "/"], members.Where(name => name.StartsWith(directory, StringComparison.Ordinal)));
    }

    [Fact]
    public async Task The_tar_holds_no_WAL()
    {
        var members = await MembersAsync();

        Assert.DoesNotContain(members, name => name.StartsWith("pg_wal/0", StringComparison.Ordinal));
    }

    [Fact]
    public async Task The_modes_in_the_tar_let_the_server_start()
    {
        var sample = await samples.GetAsync(PostgresServers.Newest);

        var listing = (await TestAccount.RunAsync("tar", ["tvzf", Path.Combine(sample.Directory, "base.tar.gz")])).EnsureSuccess().Stdout;

        Assert.DoesNotContain(listing.Split('\n', StringSplitOptions.RemoveEmptyEntries), line => line[0] is not ('d' or '-') || !line[4..].StartsWith("------", StringComparison.Ordinal));
    }

    private static async Task<PostgresCluster> StartByHandAsync(SampleBackup sample, string settings)
    {
        var target = sample.NewTarget();
        await HandRestore.UnpackAsync(sample.Directory, target);
        await HandRestore.UnpackTablespacesAsync(sample.Directory, target);
        await HandRestore.EditTablespaceMapAsync(target);
        await HandRestore.AppendSettingsAsync(target, settings);
        var server = PostgresCluster.Adopt(sample.Site.Cluster.Workspace, sample.Site.Cluster.Major, target);
        await server.StartAsync();
        return server;
    }

    private async Task<IReadOnlyList<string>> MembersAsync()
    {
        var sample = await samples.GetAsync(PostgresServers.Newest);
        var listing = await TestAccount.RunAsync("tar", ["tzf", Path.Combine(sample.Directory, "base.tar.gz")]);
        return listing.EnsureSuccess().Stdout.Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }
}
