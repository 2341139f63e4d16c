using Xunit;

namespace Pgkeep.IntegrationTests.Harness;

/// <summary>What a cluster that came back must be, beyond starting: every table and index in itself, with each other, and with the transactions.</summary>
internal static class ClusterSoundness
{
    private const int FirstMajorWithProgram = 14; // pg_amcheck

    private static readonly TimeSpan Timeout = TimeSpan.FromMinutes(20);

    /// <summary>Reads every heap, and every btree index with the rows that it leads to.</summary>
    public static async Task CheckRelationsAsync(PostgresCluster cluster)
    {
        if (cluster.Major >= FirstMajorWithProgram)
        {
            (await cluster.RunClientAsync("pg_amcheck", ["--all", "--install-missing", "--heapallindexed", "--parent-check"], Timeout)).EnsureSuccess();
            return;
        }

        foreach (var database in await cluster.QueryAsync<string>("SELECT datname::text FROM pg_database WHERE datallowconn"))
        {
            await cluster.ExecuteAsync("CREATE EXTENSION IF NOT EXISTS amcheck", database);
            var indexes = await cluster.QueryAsync<string>(
                """
                SELECT bt_index_parent_check(c.oid, true)::text FROM pg_class c JOIN pg_am a ON a.oid = c.relam JOIN pg_index i ON i.indexrelid = c.oid
                WHERE a.amname = 'btree' AND c.relkind = 'i' AND c.relpersistence <> 't' AND i.indisvalid
                """,
                database);
            Assert.NotEmpty(indexes);
        }
    }

    /// <summary>Each transaction of <see cref="ServerLoad.StartTransactions"/> adds the same to four tables: half a transaction shows.</summary>
    public static async Task CheckSumsAsync(PostgresCluster cluster)
    {
        var sums = await cluster.QueryAsync<long>(
            """
            SELECT sum(abalance) FROM pgbench_accounts UNION ALL SELECT sum(tbalance) FROM pgbench_tellers
            UNION ALL SELECT sum(bbalance) FROM pgbench_branches UNION ALL SELECT sum(delta) FROM pgbench_history
            """);

        Assert.Single(sums.Distinct());
    }
}
