using Pgkeep.IntegrationTests.Harness;
using Xunit;

namespace Pgkeep.IntegrationTests.Backup;

/// <summary>What cannot become a backup is refused in a second, in words that help, and leaves no trace.</summary>
public sealed class BackupRefusalTests : BackupTest
{
    private static readonly ServerOptions Small = new() { WalSegmentSizeInMiB = 1 };

    [Fact]
    public async Task A_server_that_is_down()
    {
        var site = await StartSiteAsync();
        await site.Cluster.StopAsync();
        var before = site.VisibleNames;

        AssertRefusal(await site.BackupAsync(), 20, "PGHOST");
        Assert.Equal(before, site.VisibleNames);
    }

    [Fact]
    public async Task An_empty_repository_stays_empty_when_the_server_is_down()
    {
        var site = await StartSiteAsync(options: Small with { ArchiveCommand = "true" });
        await site.Cluster.StopAsync();

        await site.BackupAsync();

        Assert.Empty(site.VisibleNames);
    }

    [Fact]
    public async Task A_database_behind_a_link_is_not_left_out_without_a_word()
    {
        var site = await StartSiteAsync();
        var directory = await site.Cluster.ScalarAsync<string>("SELECT 'base/' || oid FROM pg_database WHERE datname = 'template1'");
        await site.Cluster.StopAsync();
        var path = Path.Combine(site.Cluster.DataDirectory, directory);
        (await TestAccount.RunAsync("mv", [path, path + ".moved"])).EnsureSuccess();
        (await TestAccount.RunAsync("ln", ["-s", path + ".moved", path])).EnsureSuccess();
        await site.Cluster.StartAsync();

        AssertRefusal(await site.BackupAsync(), 22, "symbolic link", directory);
        Assert.Empty(site.Backups);
    }

    [Theory]
    [InlineData("verify")]
    [InlineData("list")]
    [InlineData("stats")]
    [InlineData("cleanup")]
    [InlineData("restore")]
    public async Task A_repository_that_is_not_there_is_named_and_not_created(string command)
    {
        var workspace = await GetWorkspaceAsync();
        var missing = workspace.PathOf("missing");

        var result = await PgkeepBinary.RunAsync([command], new RunOptions { Environment = new Dictionary<string, string> { ["BACKUP_DIR"] = missing } });

        AssertRefusal(result, 11, missing);
        Assert.False(Directory.Exists(missing));
    }

    [Fact]
    public async Task An_archive_inside_the_data_directory_is_refused_by_archive_wal_too()
    {
        var site = await StartSiteAsync();
        var segment = await site.Cluster.SwitchWalAsync();
        var options = new RunOptions
        {
            WorkingDirectory = site.Cluster.DataDirectory,
            Environment = new Dictionary<string, string>(site.Environment) { ["WAL_ARCHIVE_DIR"] = Path.Combine(site.Cluster.DataDirectory, "pg_wal") },
        };

        AssertRefusal(await PgkeepBinary.RunAsync(["archive-wal", $"pg_wal/{segment}", segment], options), 10, "pg_wal");
    }

    [Fact]
    public async Task A_wrong_password()
    {
        var site = await StartSiteAsync(options: Small with { Password = "right" });
        var environment = new Dictionary<string, string>(site.Environment) { ["PGPASSWORD"] = "wrong guess" };

        var result = await PgkeepBinary.RunAsync(["backup"], new RunOptions { Environment = environment });

        AssertRefusal(result, 21, "PGPASSWORD");
        Assert.DoesNotContain("wrong guess", result.Stderr, StringComparison.Ordinal);
    }

    [Fact]
    public async Task No_password_where_one_is_wanted()
    {
        var site = await StartSiteAsync(options: Small with { Password = "right" });
        var environment = site.Environment.Where(pair => pair.Key != "PGPASSWORD").ToDictionary();

        AssertRefusal(await PgkeepBinary.RunAsync(["backup"], new RunOptions { Environment = environment }), 21, "PGPASSWORD");
    }

    [Fact]
    public async Task A_database_that_does_not_exist()
    {
        var site = await StartSiteAsync();

        AssertRefusal(await site.BackupAsync("--database", "nowhere"), 21, "PGDATABASE");
    }

    [Fact]
    public async Task A_server_with_minimal_WAL()
    {
        var settings = new Dictionary<string, string> { ["wal_level"] = "minimal", ["max_wal_senders"] = "0", ["archive_mode"] = "off" };
        var site = await StartSiteAsync(options: Small with { Settings = settings });

        AssertRefusal(await site.BackupAsync(), 22, "wal_level");
    }

    [Fact]
    public async Task An_archive_command_that_fails()
    {
        var site = await StartSiteAsync(options: Small with { ArchiveCommand = "false" });
        var segment = await site.Cluster.SwitchWalAsync();
        await Poll.UntilAsync(() => site.Cluster.ScalarAsync<bool>("SELECT failed_count > 0 FROM pg_stat_archiver"), "archiving has failed");

        AssertRefusal(await site.BackupAsync("--archive-wait", "1s"), 43, segment);
    }

    [Fact]
    public async Task An_archive_command_that_stores_nothing()
    {
        var site = await StartSiteAsync(options: Small with { ArchiveCommand = "true" });

        var result = await site.BackupAsync("--archive-wait", "2s");

        AssertRefusal(result, 43, "archive_command");
        Assert.InRange(result.Elapsed, TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(15));
        Assert.Empty(site.Backups);
    }

    [Fact]
    public async Task A_repository_of_another_cluster()
    {
        var site = await StartSiteAsync();
        await site.SwitchAndArchiveAsync();
        var other = await StartClusterAsync(PostgresServers.Newest, Small with { OwnSystemIdentifier = true, ArchiveCommand = "true" }, "other");

        AssertRefusal(await new RepositorySite(other, site.Repository).BackupAsync(), 14, "BACKUP_DIR");
        Assert.Empty(site.Backups);
    }

    [Theory]
    [InlineData("data/backups", "")]
    [InlineData("linked", "data/backups")]
    [InlineData(".", "")]
    [InlineData("tablespace-side/backups", "")]
    [InlineData("linked", "tablespace-side/backups")]
    public async Task A_repository_and_a_directory_of_the_server_that_contain_each_other(string repository, string linkTarget)
    {
        var site = await StartSiteAsync();
        await site.Cluster.CreateTablespaceAsync("side");
        var workspace = site.Cluster.Workspace;
        if (repository != ".")
        {
            await workspace.CreateDirectoryAsync(linkTarget.Length > 0 ? linkTarget : repository);
        }

        if (linkTarget.Length > 0)
        {
            (await TestAccount.RunAsync("ln", ["-s", workspace.PathOf(linkTarget), workspace.PathOf(repository)])).EnsureSuccess();
        }

        var place = Path.GetFullPath(workspace.PathOf(repository));
        var before = Directory.EnumerateFileSystemEntries(place).Count();
        var result = await new RepositorySite(site.Cluster, place).BackupAsync();

        AssertRefusal(result, 10, "BACKUP_DIR");
        Assert.Equal(before, Directory.EnumerateFileSystemEntries(place).Count());
    }

    [Fact]
    public async Task A_role_without_rights_is_told_the_grants()
    {
        var site = await StartSiteAsync();
        await site.Cluster.ExecuteAsync("CREATE ROLE plain LOGIN");

        AssertRefusal(await site.BackupAsync("--user", "plain"), 30, "GRANT pg_read_all_settings TO", "GRANT EXECUTE ON FUNCTION", "\"plain\"");
    }

    [Fact]
    public async Task A_role_with_the_grants_that_were_told_can_back_up()
    {
        var site = await StartSiteAsync();
        await site.Cluster.ExecuteAsync("CREATE ROLE plain LOGIN");
        var told = (await site.BackupAsync("--user", "plain")).Stderr.Split('\n').Single(line => line.Contains("GRANT", StringComparison.Ordinal));

        await site.Cluster.ExecuteAsync(told[told.IndexOf("GRANT", StringComparison.Ordinal)..]);

        (await site.BackupAsync("--user", "plain")).EnsureSuccess();
    }

    [Fact]
    public async Task Every_refusal_stands_in_the_log_as_an_error()
    {
        var settings = new Dictionary<string, string> { ["wal_level"] = "minimal", ["max_wal_senders"] = "0", ["archive_mode"] = "off" };
        var site = await StartSiteAsync(options: Small with { Settings = settings });

        await site.BackupAsync();

        Assert.Contains("] ERROR: wal_level is minimal", await File.ReadAllTextAsync(Path.Combine(site.Repository, "backup.log"), TestContext.Current.CancellationToken), StringComparison.Ordinal);
    }

    [Fact]
    public async Task No_line_of_a_successful_backups_log_says_error()
    {
        var site = await StartSiteAsync();

        await site.TakeBackupAsync();

        Assert.DoesNotContain("ERROR", await File.ReadAllTextAsync(Path.Combine(site.Repository, "backup.log"), TestContext.Current.CancellationToken), StringComparison.Ordinal);
    }
}
