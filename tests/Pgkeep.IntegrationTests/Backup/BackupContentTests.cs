using System.Text.Json;
using Pgkeep.IntegrationTests.Harness;
using Xunit;

namespace Pgkeep.IntegrationTests.Backup;

/// <summary>What a backup holds besides the cluster's own files.</summary>
public sealed class BackupContentTests : BackupTest
{
    private static readonly ServerOptions Small = new() { WalSegmentSizeInMiB = 1 };

    [Theory, EachMajor]
    public async Task The_configuration_outside_the_data_directory_comes_with_what_it_includes(int major)
    {
        var site = await StartDebianSiteAsync(major);
        var backup = await site.TakeBackupAsync();
        var target = await site.Cluster.Workspace.CreateDirectoryAsync("taken-out");

        (await TestAccount.RunAsync("tar", ["xzf", Path.Combine(backup, "config.tar.gz"), "-C", target])).EnsureSuccess();

        var etc = site.Cluster.Workspace.PathOf("etc");
        (await TestAccount.RunAsync("diff", ["-r", etc, target + etc])).EnsureSuccess();
        using var metadata = await MetadataAsync(backup);
        Assert.Equal(
            ["conf.d/more.conf", "pg_hba.conf", "pg_ident.conf"],
            metadata.RootElement.GetProperty("configuration_files").EnumerateArray().Select(path => Path.GetRelativePath(etc, path.GetString()!)));
    }

    [Fact]
    public async Task A_restore_without_the_configuration_says_how_to_take_it_out()
    {
        var site = await StartDebianSiteAsync(PostgresServers.Newest);
        var backup = await site.TakeBackupAsync();
        await site.Cluster.StopAsync();
        var etc = site.Cluster.Workspace.PathOf("etc");
        (await TestAccount.RunAsync("rm", ["-r", etc])).EnsureSuccess();
        var target = site.Cluster.Workspace.PathOf("restored");

        var refused = await PgkeepBinary.RunAsync(["restore", "--pgdata", target, "--dry-run"], new RunOptions { Environment = site.Environment });
        AssertRefusal(refused, 10, $"{etc}/pg_hba.conf\" is not there, and the backup has it");
        var command = refused.Stderr.Split('\n').First(line => line.Contains("tar xpf", StringComparison.Ordinal));
        await HandRestore.ShellAsync(command[command.IndexOf("tar ", StringComparison.Ordinal)..], target);

        Assert.True(File.Exists(Path.Combine(etc, "conf.d/more.conf")));
        Assert.Equal(Path.Combine(backup, "config.tar.gz"), command.Split(' ').Single(word => word.EndsWith("config.tar.gz", StringComparison.Ordinal)));
    }

    [Theory, EachMajor]
    public async Task The_names_of_all_relations_of_all_databases_are_in_the_catalogue(int major)
    {
        var site = await StartSiteAsync(major);
        await site.Cluster.ExecuteAsync($"CREATE DATABASE \"{SampleBackups.OddDatabase.Replace("\"", "\"\"", StringComparison.Ordinal)}\"");
        await site.Cluster.ExecuteAsync("CREATE SCHEMA \"s\"\"é\"; CREATE TABLE \"s\"\"é\".t (i int); TRUNCATE \"s\"\"é\".t", SampleBackups.OddDatabase);
        var backup = await site.TakeBackupAsync();

        var text = (await TestAccount.RunAsync("gunzip", ["-c", Path.Combine(backup, "catalog.json.gz")])).EnsureSuccess().Stdout;

        using var catalogue = JsonDocument.Parse(text);
        foreach (var database in new[] { "postgres", "template1", SampleBackups.OddDatabase })
        {
            var expected = await site.Cluster.QueryAsync<string>(
                "SELECT concat_ws('|', nspname, relname, relkind, c.oid, coalesce(pg_relation_filenode(c.oid), 0), c.ctid) FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace",
                database);
            var found = catalogue.RootElement.GetProperty("relations").EnumerateArray().Where(row => row.GetProperty("database").GetString() == database).Select(Line);
            Assert.Equal(expected.Order(StringComparer.Ordinal), found.Order(StringComparer.Ordinal));
        }

        Assert.Contains("\"schema\":\"s\\\"é\",\"relation\":\"t\",\"kind\":\"r\"", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_database_that_refuses_is_noted_and_no_failure()
    {
        var site = await StartSiteAsync();
        await site.Cluster.ExecuteAsync("CREATE DATABASE closed");
        await site.Cluster.ExecuteAsync("ALTER DATABASE closed ALLOW_CONNECTIONS false");
        await site.Cluster.ExecuteAsync("CREATE DATABASE crowded CONNECTION LIMIT 0");
        await site.Cluster.ExecuteAsync("CREATE ROLE plain LOGIN; GRANT pg_read_all_settings TO plain; GRANT EXECUTE ON FUNCTION pg_backup_start, pg_backup_stop TO plain");

        (await site.BackupAsync("--user", "plain")).EnsureSuccess();

        using var metadata = await MetadataAsync(site.Backups[^1]);
        var missing = metadata.RootElement.GetProperty("catalog_missing").EnumerateArray().Select(line => line.GetString()!).ToList();
        Assert.Contains("closed: it accepts no connections", missing);
        Assert.Contains(missing, line => line.StartsWith("crowded: ", StringComparison.Ordinal) && line.Contains("too many connections", StringComparison.Ordinal));
    }

    private static string Line(JsonElement row) => string.Join(
        '|',
        row.GetProperty("schema").GetString(),
        row.GetProperty("relation").GetString(),
        row.GetProperty("kind").GetString(),
        row.GetProperty("oid").GetInt64(),
        row.GetProperty("file_node").GetInt64(),
        row.GetProperty("ctid").GetString());

    private static async Task<JsonDocument> MetadataAsync(string backup) =>
        JsonDocument.Parse(await File.ReadAllBytesAsync(Path.Combine(backup, "backup_metadata.json"), TestContext.Current.CancellationToken));

    /// <summary>A server whose configuration lies in a directory of its own, as Debian has it.</summary>
    private async Task<RepositorySite> StartDebianSiteAsync(int major)
    {
        var workspace = await GetWorkspaceAsync();
        var etc = workspace.PathOf("etc");
        var site = await StartSiteAsync(major, Small);
        await site.Cluster.StopAsync();
        var data = site.Cluster.DataDirectory;
        await HandRestore.ShellAsync(
            $"""
            mkdir -p {etc}/conf.d && mv {data}/pg_hba.conf {data}/pg_ident.conf {etc}/
            echo "work_mem = '5MB'" >{etc}/conf.d/more.conf
            printf "%s\n" "hba_file = '{etc}/pg_hba.conf'" "ident_file = '{etc}/pg_ident.conf'" "include_dir '{etc}/conf.d'" >>{data}/postgresql.conf
            """,
            data);
        await site.Cluster.StartAsync();
        return site;
    }

    [Theory, EachMajor]
    public async Task The_metadata_has_the_servers_build_and_the_libraries_that_order_text(int major)
    {
        var site = await StartSiteAsync(major);
        var backup = await site.TakeBackupAsync();

        using var metadata = System.Text.Json.JsonDocument.Parse(await File.ReadAllTextAsync(Path.Combine(backup, "backup_metadata.json"), TestContext.Current.CancellationToken));

        var cluster = metadata.RootElement.GetProperty("cluster");
        Assert.Equal(await site.Cluster.ScalarAsync<string>("SELECT version()"), cluster.GetProperty("build").GetString());
        Assert.Matches(@"^\d+\.\d+", cluster.GetProperty("collation_versions").GetProperty("libc").GetString());
        var icu = await site.Cluster.ScalarAsync<string>("SELECT coalesce((SELECT pg_collation_actual_version(oid) FROM pg_collation WHERE collprovider = 'i' ORDER BY oid LIMIT 1), '')");
        Assert.Equal(icu, cluster.GetProperty("collation_versions").TryGetProperty("icu", out var stored) ? stored.GetString() : "");
    }
}
