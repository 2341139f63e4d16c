using Npgsql;
using Xunit;

namespace Pgkeep.IntegrationTests.Harness;

/// <summary>Writes without pause: every transaction moves an amount between two accounts, so that any moment but a torn one has the same sum.</summary>
internal sealed class WriteLoad : IAsyncDisposable
{
    private readonly CancellationTokenSource _end = new();
    private readonly Task _running;

    public WriteLoad(PostgresCluster cluster) => _running = Task.Run(() => RunAsync(cluster, _end.Token));

    public static async Task EnsureWholeAsync(PostgresCluster cluster) =>
        Assert.Equal(1_000_000, await cluster.ScalarAsync<long>("SELECT sum(amount)::int8 FROM account"));

    public async Task EndAsync()
    {
        await _end.CancelAsync();
        await _running.WaitAsync(TimeSpan.FromMinutes(1), CancellationToken.None);
    }

    public async ValueTask DisposeAsync()
    {
        await EndAsync();
        _end.Dispose();
    }

    private static async Task RunAsync(PostgresCluster cluster, CancellationToken end)
    {
        await using var connection = await cluster.ConnectAsync();
        await ExecuteAsync(connection, "CREATE TABLE IF NOT EXISTS account AS SELECT i AS number, 1000 AS amount, repeat('x', 500) AS fill FROM generate_series(1, 1000) i");
        while (!end.IsCancellationRequested)
        {
            await ExecuteAsync(
                connection,
                """
                WITH moved AS (SELECT (random() * 999)::int + 1 AS a, (random() * 999)::int + 1 AS b OFFSET 0)
                UPDATE account SET amount = amount + CASE WHEN number = a THEN 1 ELSE 0 END - CASE WHEN number = b THEN 1 ELSE 0 END FROM moved WHERE number IN (a, b)
                """);
        }
    }

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync(CancellationToken.None);
    }
}
