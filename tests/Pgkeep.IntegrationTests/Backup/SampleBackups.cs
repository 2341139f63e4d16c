using Pgkeep.IntegrationTests.Harness;

namespace Pgkeep.IntegrationTests.Backup;

/// <summary>One backup for each major, of a cluster that has some of everything, for tests that only read it.</summary>
public sealed class SampleBackups : IAsyncDisposable
{
    public const string OddDatabase = "odd \"name\" % é";

    private readonly Dictionary<int, SampleBackup> _samples = [];

    /// <summary>The tests of one class run one after the other.</summary>
    internal async Task<SampleBackup> GetAsync(int major)
    {
        if (!_samples.TryGetValue(major, out var sample))
        {
            _samples[major] = sample = await MakeAsync(major);
        }

        return sample;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var sample in _samples.Values)
        {
            await sample.Site.Cluster.DisposeAsync();
            await sample.Site.Cluster.Workspace.DisposeAsync();
        }
    }

    private static async Task<SampleBackup> MakeAsync(int major)
    {
        var workspace = await Workspace.CreateAsync();
        var repository = await workspace.CreateDirectoryAsync("repository");
        var options = new ServerOptions { WalSegmentSizeInMiB = 1, ArchiveCommand = RepositorySite.ArchiveCommand(repository) };
        var cluster = await PostgresCluster.StartAsync(workspace, major, options);
        var site = new RepositorySite(cluster, repository);
        await FillAsync(cluster);
        var content = await ClusterContent.ReadAsync(cluster);
        return new SampleBackup(site, await site.TakeBackupAsync(), content);
    }

    private static async Task FillAsync(PostgresCluster cluster)
    {
        await cluster.CreateTablespaceAsync("side");
        await cluster.ExecuteAsync(
            """
            CREATE TABLE plain AS SELECT i, md5(i::text) AS t FROM generate_series(1, 20000) i;
            CREATE INDEX ON plain (t);
            CREATE TABLE empty (i int);
            CREATE UNLOGGED TABLE unlogged AS SELECT i FROM generate_series(1, 1000) i;
            CREATE TABLE elsewhere TABLESPACE side AS SELECT i, repeat('x', i) AS t FROM generate_series(1, 2000) i;
            CREATE SEQUENCE numbers;
            SELECT setval('numbers', 4711);
            SELECT lo_from_bytea(0, decode(repeat('ab', 100000), 'hex'));
            SELECT pg_create_physical_replication_slot('left_out', true);
            """);
        await cluster.ExecuteAsync($"CREATE DATABASE \"{OddDatabase.Replace("\"", "\"\"", StringComparison.Ordinal)}\"");
        await cluster.ExecuteAsync("CREATE TABLE there AS SELECT 'é' || i AS t FROM generate_series(1, 500) i", OddDatabase);
    }
}

/// <param name="Content">Of the cluster when the backup was taken.</param>
internal sealed record SampleBackup(RepositorySite Site, string Directory, string Content)
{
    /// <summary>A place of the test's own for what it unpacks.</summary>
    public string NewTarget() => Site.Cluster.Workspace.PathOf($"by-hand-{Guid.NewGuid():N}");
}
