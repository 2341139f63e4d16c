using Npgsql;

namespace Pgkeep.IntegrationTests.Harness;

/// <summary>Writes rows one by one on its own session, and notes each that the server has acknowledged.</summary>
internal sealed class RowWriter
{
    private readonly Task _running;
    private readonly List<ulong> _positions = [];
    private long _acknowledged;
    private int _isEnding;

    public RowWriter(PostgresCluster cluster, string session) => _running = Task.Run(() => WriteAsync(cluster, session));

    /// <summary>The number of rows, from 1 on, that must be there.</summary>
    public long Acknowledged => Interlocked.Read(ref _acknowledged);

    /// <summary>Of each row, how far the server's WAL had come when it was acknowledged: its commit lies before that. After the end.</summary>
    public IReadOnlyList<ulong> Positions => _positions;

    public async Task<long> EndAsync()
    {
        Interlocked.Exchange(ref _isEnding, 1);
        await _running.WaitAsync(TimeSpan.FromMinutes(2), CancellationToken.None);
        return Acknowledged;
    }

    private async Task WriteAsync(PostgresCluster cluster, string session)
    {
        try
        {
            await using var connection = await cluster.ConnectAsync();
            for (long row = 1; Interlocked.CompareExchange(ref _isEnding, 0, 0) == 0; row++)
            {
                await using var insert = new NpgsqlCommand($"INSERT INTO written VALUES ('{session}', {row}, repeat('x', (random() * 3000)::int))", connection);
                await insert.ExecuteNonQueryAsync(CancellationToken.None);
                await using var where = new NpgsqlCommand("SELECT (pg_current_wal_insert_lsn() - '0/0')::bigint", connection);
                _positions.Add((ulong)(long)(await where.ExecuteScalarAsync(CancellationToken.None))!);
                Interlocked.Exchange(ref _acknowledged, row);
            }
        }
        catch (Exception e) when (e is NpgsqlException or IOException)
        {
            // The server was killed: what it had acknowledged until then counts.
        }
    }
}
