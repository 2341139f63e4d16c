using Npgsql;
using Xunit;

namespace Pgkeep.IntegrationTests.Harness;

public sealed class PostgresClusterTests : IntegrationTest
{
    [Theory, EachMajor]
    public async Task A_server_has_the_major_it_was_asked_for_and_data_checksums(int major)
    {
        var cluster = await StartClusterAsync(major);

        Assert.Equal(major, await cluster.ScalarAsync<int>("SELECT current_setting('server_version_num')::int / 10000"));
        Assert.Equal("on", await cluster.ScalarAsync<string>("SHOW data_checksums"));
        Assert.Equal("off", await cluster.ScalarAsync<string>("SHOW fsync"));
    }

    [Theory, EachMajor]
    public async Task A_killed_server_recovers_what_was_committed(int major)
    {
        var cluster = await StartClusterAsync(major);
        await cluster.ExecuteAsync("CREATE TABLE t AS SELECT i, md5(i::text) FROM generate_series(1, 1000) i");
        var before = await cluster.ChecksumAsync("t");

        await cluster.KillAsync();
        Assert.False(cluster.IsRunning);
        await cluster.StartAsync();

        Assert.Equal(before, await cluster.ChecksumAsync("t"));
        Assert.Contains("database system was not properly shut down", cluster.ServerLog, StringComparison.Ordinal);
    }

    [Theory, EachMajor]
    public async Task A_stopped_server_starts_again(int major)
    {
        var cluster = await StartClusterAsync(major);

        await cluster.StopAsync(ShutdownMode.Smart);
        Assert.False(cluster.IsRunning);
        await cluster.StartAsync();

        Assert.Equal(1, await cluster.ScalarAsync<int>("SELECT 1"));
    }

    [Theory, EachMajor]
    public async Task Archiving_and_tablespaces_and_small_segments_work(int major)
    {
        var workspace = await GetWorkspaceAsync();
        var archive = await workspace.CreateDirectoryAsync("archive");
        var options = new ServerOptions
        {
            WalSegmentSizeInMiB = 1,
            ArchiveCommand = "cp %p \"$ARCHIVE/%f\"",
            Environment = new Dictionary<string, string> { ["ARCHIVE"] = archive },
        };
        var cluster = await StartClusterAsync(major, options);
        var directory = await cluster.CreateTablespaceAsync("elsewhere");
        await cluster.ExecuteAsync("CREATE TABLE t TABLESPACE elsewhere AS SELECT 1 AS i");

        var segment = await cluster.SwitchWalAsync();

        // cp creates the file before it fills it.
        await Poll.UntilAsync(() => new FileInfo(Path.Combine(archive, segment)) is { Exists: true, Length: 1024 * 1024 }, $"{segment} is archived");
        Assert.NotEmpty(Directory.EnumerateDirectories(directory));
    }

    [Fact]
    public async Task A_password_is_asked_for_when_there_is_one()
    {
        var cluster = await StartClusterAsync(PostgresServers.Newest, new ServerOptions { Password = "it's secret" });
        var wrong = new NpgsqlConnectionStringBuilder(cluster.ConnectionString()) { Password = "guess" };
        await using var connection = new NpgsqlConnection(wrong.ConnectionString);

        var refusal = await Assert.ThrowsAsync<PostgresException>(() => connection.OpenAsync(TestContext.Current.CancellationToken));

        Assert.Equal(PostgresErrorCodes.InvalidPassword, refusal.SqlState);
        Assert.Equal(1, await cluster.ScalarAsync<int>("SELECT 1"));
    }

    [Fact]
    public async Task Only_a_fresh_initdb_has_a_system_identifier_of_its_own()
    {
        const string sql = "SELECT system_identifier FROM pg_control_system()";
        var major = PostgresServers.Newest;
        var first = await StartClusterAsync(major, name: "first");
        var copy = await StartClusterAsync(major, name: "copy");
        var other = await StartClusterAsync(major, new ServerOptions { OwnSystemIdentifier = true }, "other");

        var identifier = await first.ScalarAsync<long>(sql);

        Assert.Equal(identifier, await copy.ScalarAsync<long>(sql));
        Assert.NotEqual(identifier, await other.ScalarAsync<long>(sql));
    }

    [Theory, EachMajor]
    public async Task Client_programs_reach_the_server_and_a_base_backup_of_it_starts(int major)
    {
        var cluster = await StartClusterAsync(major);
        await cluster.ExecuteAsync("CREATE TABLE t AS SELECT i FROM generate_series(1, 100) i");
        var copy = cluster.Workspace.PathOf("copy");

        (await cluster.RunClientAsync("pg_basebackup", ["-D", copy, "-c", "fast", "-X", "stream"])).EnsureSuccess();
        (await cluster.RunClientAsync("pg_verifybackup", ["--no-parse-wal", copy])).EnsureSuccess();

        await using var started = PostgresCluster.Adopt(cluster.Workspace, major, copy);
        await started.StartAsync();
        Assert.Equal(await cluster.ChecksumAsync("t"), await started.ChecksumAsync("t"));
    }
}
