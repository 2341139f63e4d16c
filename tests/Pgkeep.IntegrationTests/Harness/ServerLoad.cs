using System.Globalization;
using Xunit.Sdk;

namespace Pgkeep.IntegrationTests.Harness;

/// <summary>Clients of pgbench that work on a server until this is disposed.</summary>
internal sealed class ServerLoad : IAsyncDisposable
{
    // One client: two that do this to the system catalogs deadlock with each other now and then, and pgbench's client ends there.
    private const string Churn =
        """
        \set n random(1, 5)
        DROP TABLE IF EXISTS churn_:n;
        CREATE TABLE churn_:n AS SELECT i, repeat('x', 300) AS t FROM generate_series(1, 3000) i;
        CREATE INDEX ON churn_:n (t, i);
        DELETE FROM churn_:n WHERE i > 500;
        VACUUM churn_:n;
        CREATE UNLOGGED TABLE churned_:n AS SELECT i FROM generate_series(1, 2000) i;
        TRUNCATE churned_:n;
        CREATE TEMPORARY TABLE passing AS SELECT i FROM generate_series(1, 2000) i;
        DROP TABLE passing, churned_:n;
        INSERT INTO churn SELECT i, repeat('y', 500) FROM generate_series(1, 500) i;
        DELETE FROM churn WHERE random() < 0.5;
        VACUUM FULL churn;
        VACUUM FULL pg_class;
        REINDEX TABLE pg_index;
        TRUNCATE churn_:n;

        """;

    private readonly List<RunningProgram> _programs = [];

    private ServerLoad()
    {
    }

    /// <summary>Fills the tables that <see cref="StartTransactions"/> works on; a scale of 1 is 15 MB.</summary>
    /// <param name="indexTablespace">Where the indexes go.</param>
    public static async Task PrepareAsync(PostgresCluster cluster, int scale, string indexTablespace)
    {
        await cluster.ExecuteAsync("CREATE TABLE churn (i int, t text)");
        string[] words = ["--initialize", "--quiet", $"--scale={scale}", $"--index-tablespace={indexTablespace}", "postgres"];
        (await cluster.RunClientAsync("pgbench", words, TimeSpan.FromMinutes(10))).EnsureSuccess();
    }

    /// <summary>Transactions that leave four sums equal, at a rate with which an archiver keeps up.</summary>
    public static ServerLoad StartTransactions(PostgresCluster cluster, int perSecond)
    {
        var load = new ServerLoad();
        load.Start(cluster, "--builtin=tpcb-like", "--client=4", $"--rate={perSecond}");
        return load;
    }

    /// <summary>Updates that write the pages of one table all over.</summary>
    public static ServerLoad StartUpdates(PostgresCluster cluster, int perSecond)
    {
        var load = new ServerLoad();
        load.Start(cluster, "--builtin=simple-update", "--client=4", $"--rate={perSecond}");
        return load;
    }

    /// <summary>Tables and indexes that come, grow, shrink, get another file and go, those of the system among them.</summary>
    public async Task StartChurnAsync(PostgresCluster cluster)
    {
        var script = await cluster.Workspace.WriteFileAsync("churn.sql", Churn);
        Start(cluster, $"--file={script}", "--client=1", "--rate=3");
    }

    /// <summary>Fails when a client has ended: what happened since was without load.</summary>
    public void EnsureRunning()
    {
        foreach (var program in _programs.Where(program => program.HasEnded || program.Stderr.Contains("aborted", StringComparison.Ordinal)))
        {
            throw new XunitException($"the load has ended: {program.CommandLine}\n{program.Stdout}\n{program.Stderr}");
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var program in _programs)
        {
            await program.DisposeAsync();
        }
    }

    private void Start(PostgresCluster cluster, params string[] words)
    {
        var hours = TimeSpan.FromHours(4).TotalSeconds.ToString(CultureInfo.InvariantCulture);
        _programs.Add(cluster.StartClient("pgbench", ["--no-vacuum", $"--time={hours}", .. words, "postgres"]));
    }
}
