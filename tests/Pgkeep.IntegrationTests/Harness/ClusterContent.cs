using Npgsql;
using Xunit;

namespace Pgkeep.IntegrationTests.Harness;

/// <summary>All that a user sees of a cluster, in a form that two clusters can be compared by.</summary>
internal static class ClusterContent
{
    private const string Tables =
        """
        SELECT format('%I.%I', relnamespace::regnamespace, relname) FROM pg_class
        WHERE relkind IN ('r', 'm') AND relpersistence = 'p' AND relnamespace::regnamespace::text NOT IN ('pg_catalog', 'information_schema', 'pg_toast')
        ORDER BY 1
        """;

    private const string LargeObjects =
        """SELECT count(*) || ' large objects, md5 ' || coalesce(md5(string_agg(md5(lo_get(oid)), '' ORDER BY oid)), '-') FROM pg_largeobject_metadata""";

    private const string Sequences = "SELECT coalesce(string_agg(sequencename || ' ' || coalesce(last_value, 0), ', ' ORDER BY sequencename), '-') FROM pg_sequences";

    /// <summary>A line for every table of every database with its count and checksum, and one each for sequences and large objects.</summary>
    public static async Task<string> ReadAsync(PostgresCluster cluster)
    {
        var lines = new List<string>();
        foreach (var database in await cluster.QueryAsync<string>("SELECT datname::text FROM pg_database WHERE datallowconn ORDER BY 1"))
        {
            foreach (var table in await cluster.QueryAsync<string>(Tables, database))
            {
                lines.Add($"{database}: {table}: {await cluster.ChecksumAsync(table, database)}");
            }

            lines.Add($"{database}: {await cluster.ScalarAsync<string>(LargeObjects, database)}");
            lines.Add($"{database}: sequences {await cluster.ScalarAsync<string>(Sequences, database)}");
        }

        return string.Join('\n', lines);
    }

    /// <summary>Fails where one page of one table or index does not have the checksum it was written with.</summary>
    public static async Task EnsurePagesAsync(PostgresCluster cluster, string database = "postgres")
    {
        await using var connection = await cluster.ConnectAsync(database);
        await using var command = new NpgsqlCommand("CREATE EXTENSION IF NOT EXISTS amcheck; SELECT count(bt_index_check(c.oid, true)) FROM pg_class c JOIN pg_am a ON a.oid = c.relam WHERE c.relkind = 'i' AND a.amname = 'btree' AND c.relpersistence = 'p'", connection);
        _ = await command.ExecuteScalarAsync(TestContext.Current.CancellationToken);
    }
}
