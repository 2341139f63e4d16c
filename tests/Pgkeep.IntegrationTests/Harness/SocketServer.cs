using Npgsql;
using Xunit;

namespace Pgkeep.IntegrationTests.Harness;

/// <summary>A server that something else has made and started, reached by its socket alone.</summary>
internal sealed class SocketServer(string directory, int port)
{
    public async Task<T> ScalarAsync<T>(string sql)
    {
        await using var connection = await ConnectAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        return Assert.IsType<T>(await command.ExecuteScalarAsync(TestContext.Current.CancellationToken), exactMatch: false);
    }

    public async Task ExecuteAsync(string sql)
    {
        await using var connection = await ConnectAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
    }

    /// <summary>As <see cref="PostgresCluster.ChecksumAsync"/>.</summary>
    public Task<string> ChecksumAsync(string table) => ScalarAsync<string>(
        $"""
        SELECT count(*) || ' rows, md5 ' || coalesce(md5(string_agg(md5(t::text), '' ORDER BY md5(t::text) COLLATE "C")), '-') FROM {table} t
        """);

    private async Task<NpgsqlConnection> ConnectAsync()
    {
        var text = new NpgsqlConnectionStringBuilder { Host = directory, Port = port, Username = "postgres", Database = "postgres", Pooling = false, SslMode = SslMode.Disable };
        var connection = new NpgsqlConnection(text.ConnectionString);
        await connection.OpenAsync(TestContext.Current.CancellationToken);
        return connection;
    }
}
