using Pgkeep.IntegrationTests.Harness;
using Xunit;

namespace Pgkeep.IntegrationTests.Backup;

/// <summary>Data directories that lie or are made otherwise than initdb's default.</summary>
public sealed class LayoutTests : BackupTest
{
    [Fact]
    public async Task A_pg_wal_that_is_a_link_becomes_a_directory_with_the_modes_of_one()
    {
        var site = await StartSiteAsync();
        var modes = await ModesAsync(site);
        await LinkAwayAsync(site, "pg_wal", "pg_stat_tmp");
        var rows = await CreateRowsAsync(site);
        var backup = await site.TakeBackupAsync();

        var listing = await ListAsync(backup);
        Assert.Contains(listing, line => line.StartsWith("drwx------ ", StringComparison.Ordinal) && line.EndsWith(" pg_wal/", StringComparison.Ordinal));
        Assert.Contains(listing, line => line.StartsWith("drwx------ ", StringComparison.Ordinal) && line.EndsWith(" pg_stat_tmp/", StringComparison.Ordinal));
        (await site.RestoreAsync()).EnsureSuccess();

        Assert.Equal(modes, await ModesAsync(site));
        Assert.Equal(rows, await site.Cluster.ChecksumAsync("t"));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(64)]
    public async Task A_cluster_with_other_segments_comes_back_with_later_rows(int segmentSizeInMiB)
    {
        var site = await StartSiteAsync(options: new ServerOptions { WalSegmentSizeInMiB = segmentSizeInMiB });
        await CreateRowsAsync(site);
        await site.TakeBackupAsync();
        await site.Cluster.ExecuteAsync("INSERT INTO t SELECT i FROM generate_series(1, 60000) i");
        var rows = await site.Cluster.ChecksumAsync("t");

        (await site.RestoreAsync()).EnsureSuccess();

        Assert.Equal(rows, await site.Cluster.ChecksumAsync("t"));
        Assert.Equal($"{segmentSizeInMiB}MB", await site.Cluster.ScalarAsync<string>("SHOW wal_segment_size"));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Who_may_read_the_data_directory_is_the_same_after_a_restore(bool groupAccess)
    {
        var site = await StartSiteAsync(options: new ServerOptions { WalSegmentSizeInMiB = 1, GroupAccess = groupAccess });
        await site.Cluster.CreateTablespaceAsync("side");
        await site.Cluster.ExecuteAsync("CREATE TABLE there TABLESPACE side AS SELECT 1 AS i");
        var modes = await ModesAsync(site);
        var backup = await site.TakeBackupAsync();

        var (directory, file) = groupAccess ? ("drwxr-x---", "-rw-r-----") : ("drwx------", "-rw-------");
        // What the harness and the server's own ALTER SYSTEM write keeps its own mode.
        Assert.All((await ListAsync(backup)).Where(line => line.Contains(" base/", StringComparison.Ordinal)), line => Assert.StartsWith(line.EndsWith('/') ? directory : file, line, StringComparison.Ordinal));
        (await site.RestoreAsync()).EnsureSuccess();

        Assert.Equal(modes, await ModesAsync(site));
    }

    [Fact]
    public async Task A_tablespace_on_another_file_system_comes_back_there_whatever_time_its_files_have()
    {
        var directory = (await TestAccount.RunAsync("mktemp", ["-d", "/dev/shm/pk.XXXXXXXX"])).EnsureSuccess().Stdout.TrimEnd();
        try
        {
            var site = await StartSiteAsync();
            await HandRestore.ShellAsync("""mkdir -m 0700 "$1/side" """, directory);
            await site.Cluster.ExecuteAsync($"CREATE TABLESPACE side LOCATION '{directory}/side'");
            await site.Cluster.ExecuteAsync("CREATE TABLE early TABLESPACE side AS SELECT i FROM generate_series(1, 1000) i; CREATE TABLE late TABLESPACE side AS SELECT i FROM generate_series(1, 1000) i; CHECKPOINT");
            foreach (var (table, time) in new[] { ("early", "1955-11-05 00:00:00Z"), ("late", "@1000000000000000") })
            {
                var file = await site.Cluster.ScalarAsync<string>($"SELECT pg_relation_filepath('{table}')");
                await HandRestore.ShellAsync("""touch -d "$2" "$1" """, $"{site.Cluster.DataDirectory}/{file}", time);
            }

            await site.TakeBackupAsync();
            (await site.RestoreAsync()).EnsureSuccess();

            Assert.Equal($"{directory}/side", await site.Cluster.ScalarAsync<string>("SELECT pg_tablespace_location(oid) FROM pg_tablespace WHERE spcname = 'side'"));
            Assert.Equal([1000L, 1000L], await site.Cluster.QueryAsync<long>("SELECT count(*) FROM early UNION ALL SELECT count(*) FROM late"));
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    [Theory, EachMajor]
    public async Task Of_what_ends_with_the_server_only_the_init_forks_are_copied(int major)
    {
        var site = await StartSiteAsync(major);
        await using var session = await site.Cluster.ConnectAsync();
        await using var command = new Npgsql.NpgsqlCommand("CREATE TEMPORARY TABLE passing AS SELECT i FROM generate_series(1, 5000) i; SELECT pg_relation_filepath('passing')", session);
        var passing = (string)(await command.ExecuteScalarAsync(TestContext.Current.CancellationToken))!;
        await site.Cluster.ExecuteAsync("CREATE UNLOGGED TABLE unlogged AS SELECT i FROM generate_series(1, 5000) i; CREATE INDEX ON unlogged (i)");
        await site.Cluster.ExecuteAsync("VACUUM unlogged");
        var unlogged = await site.Cluster.QueryAsync<string>("SELECT pg_relation_filepath(oid) FROM pg_class WHERE relname LIKE 'unlogged%'");

        var names = (await ListAsync(await site.TakeBackupAsync())).Select(line => line.Split(' ')[^1]).ToList();

        Assert.True(File.Exists(Path.Combine(site.Cluster.DataDirectory, passing)));
        Assert.DoesNotContain(passing, names);
        Assert.Equal(unlogged.Select(path => path + "_init").Order(StringComparer.Ordinal), names.Where(name => unlogged.Any(path => name.StartsWith(path, StringComparison.Ordinal))).Order(StringComparer.Ordinal));
        Assert.NotEmpty(Directory.GetFiles(site.Cluster.DataDirectory, "pg_internal.init", SearchOption.AllDirectories));
        Assert.DoesNotContain(names, name => name.Contains("pg_internal.init", StringComparison.Ordinal));
    }

    private static async Task<string> CreateRowsAsync(RepositorySite site)
    {
        await site.Cluster.ExecuteAsync("CREATE TABLE t AS SELECT i FROM generate_series(1, 1000) i");
        return await site.Cluster.ChecksumAsync("t");
    }

    /// <summary>Mode and name of the data directory and of every directory in it, and of the files that initdb made.</summary>
    private static async Task<string> ModesAsync(RepositorySite site) =>
        (await HandRestore.ShellAsync("""cd "$1" && { find -L . -maxdepth 1 -type d; find base global -name '1???' -o -name pg_filenode.map; } | sort | xargs stat -L -c '%a %n'""", site.Cluster.DataDirectory)).Stdout;

    private static async Task<IReadOnlyList<string>> ListAsync(string backup) =>
        (await TestAccount.RunAsync("tar", ["tvzf", Path.Combine(backup, "base.tar.gz")])).EnsureSuccess().Stdout.Split('\n', StringSplitOptions.RemoveEmptyEntries);

    private static async Task LinkAwayAsync(RepositorySite site, params string[] names)
    {
        await site.Cluster.StopAsync();
        foreach (var name in names)
        {
            await HandRestore.ShellAsync("""mkdir -p "$2" && mv "$1/$3" "$2/" && ln -s "$2/$3" "$1/$3" """, site.Cluster.DataDirectory, site.Cluster.Workspace.PathOf("elsewhere"), name);
        }

        await site.Cluster.StartAsync();
    }
}
