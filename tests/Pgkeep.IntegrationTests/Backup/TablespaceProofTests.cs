using Pgkeep.IntegrationTests.Harness;
using Xunit;

namespace Pgkeep.IntegrationTests.Backup;

/// <summary>Tablespaces that are not where pgkeep looks, or have names that an encoding changes.</summary>
public sealed class TablespaceProofTests : BackupTest
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_tablespace_whose_disk_is_not_mounted_for_pgkeep_is_not_left_out(bool mayAskTheServer)
    {
        var (site, directory) = await StartAsync();

        AssertRefusal(await AnotherHost.RunAsync(site, directory, null, ["backup", "--source", "files", .. await RoleAsync(site, mayAskTheServer)]), 22, directory, "mounted");
        Assert.Empty(site.Backups);
    }

    [Fact]
    public async Task Another_clusters_directory_in_its_place_is_not_taken()
    {
        var (site, directory) = await StartAsync();
        var version = Path.GetFileName(Directory.GetDirectories(directory).Single());
        var other = await site.Cluster.Workspace.CreateDirectoryAsync("other");
        await HandRestore.ShellAsync("""mkdir -m 0700 "$1/$2" && touch -d 2020-01-01 "$1/$2" """, other, version);

        AssertRefusal(await AnotherHost.RunAsync(site, directory, other, "backup", "--source", "files"), 22, directory, "not what the server sees");
        Assert.Empty(site.Backups);
    }

    [Theory]
    [InlineData("files")]
    [InlineData("sql")]
    public async Task Its_path_is_stored_byte_for_byte_whatever_the_databases_encoding(string source)
    {
        var site = await StartSiteAsync();
        await site.Cluster.ExecuteAsync("CREATE DATABASE latin TEMPLATE template0 ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C'");
        var directory = await site.Cluster.CreateTablespaceAsync("bücher");
        await site.Cluster.ExecuteAsync("CREATE TABLE t TABLESPACE bücher AS SELECT 1 AS i");

        (await site.BackupAsync("--source", source, "--database", "latin")).EnsureSuccess();

        var map = (await HandRestore.ShellAsync("""tar xzOf "$1/base.tar.gz" tablespace_map""", site.Backups[^1])).Stdout;
        Assert.EndsWith(' ' + directory + '\n', map, StringComparison.Ordinal);
        Assert.Contains($"\"location\": \"{directory}\"", System.Text.RegularExpressions.Regex.Unescape(await File.ReadAllTextAsync(Path.Combine(site.Backups[^1], "backup_metadata.json"), TestContext.Current.CancellationToken)), StringComparison.Ordinal);
    }

    private async Task<(RepositorySite Site, string Directory)> StartAsync()
    {
        var site = await StartSiteAsync();
        var directory = await site.Cluster.CreateTablespaceAsync("side");
        await site.Cluster.ExecuteAsync("CREATE TABLE t TABLESPACE side AS SELECT generate_series(1, 1000) AS i");
        return (site, directory);
    }

    private static async Task<string[]> RoleAsync(RepositorySite site, bool mayAskTheServer)
    {
        if (mayAskTheServer)
        {
            return [];
        }

        await site.Cluster.ExecuteAsync("CREATE ROLE plain LOGIN; GRANT pg_read_all_settings TO plain; GRANT EXECUTE ON FUNCTION pg_backup_start, pg_backup_stop TO plain");
        return ["--user", "plain"];
    }
}
