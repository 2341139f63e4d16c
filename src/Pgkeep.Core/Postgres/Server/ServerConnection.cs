using System.Buffers;
using Npgsql;

namespace Pgkeep.Postgres.Server;

/// <summary>
/// One session. A backup holds it from start to stop, since PostgreSQL ends the backup mode with it; so the session's own time limits are
/// lifted, and one that breaks is a failure of the command, never opened again behind its back.
/// </summary>
internal sealed class ServerConnection : IAsyncDisposable, IDisposable
{
    private readonly NpgsqlDataSource _source;
    private readonly NpgsqlConnection _connection;

    private ServerConnection(NpgsqlDataSource source, NpgsqlConnection connection)
    {
        _source = source;
        _connection = connection;
    }

    public static async Task<ServerConnection> OpenAsync(ConnectionSettings settings, CancellationToken cancellationToken)
    {
        var source = ConnectionString.Build(settings);
        try
        {
            var connection = await source.OpenConnectionAsync(cancellationToken);
            var server = new ServerConnection(source, connection);
            // Settings that a role or database may have; 0 is "none" for each of them.
            await server.ExecuteAsync(
                "SELECT set_config(name, '0', false) FROM pg_settings WHERE name IN ('statement_timeout', 'idle_in_transaction_session_timeout', 'idle_session_timeout', 'transaction_timeout', 'lock_timeout')",
                cancellationToken);
            return server;
        }
        catch (Exception thrown) when (thrown is NpgsqlException or System.Net.Sockets.SocketException or TimeoutException or IOException)
        {
            await source.DisposeAsync();
            throw ServerError.WhileConnecting(thrown, settings);
        }
    }

    /// <param name="parameters">For $1, $2 and so on.</param>
    public async Task ExecuteAsync(string sql, CancellationToken cancellationToken, params object[] parameters) =>
        await QueryAsync(sql, _ => 0, cancellationToken, parameters);

    /// <summary>The first column of the first row; throws where there is none.</summary>
    public async Task<T> ScalarAsync<T>(string sql, CancellationToken cancellationToken, params object[] parameters) =>
        (await QueryAsync(sql, row => row.Get<T>(0), cancellationToken, parameters))[0];

    public async Task<IReadOnlyList<T>> QueryAsync<T>(
        string sql, Func<ServerRow, T> read, CancellationToken cancellationToken, params object[] parameters)
    {
        var rows = new List<T>();
        await ForEachAsync(sql, row => rows.Add(read(row)), cancellationToken, parameters);
        return rows;
    }

    /// <summary>For answers that may be larger than memory. A failure of the server's is told apart from one of <paramref name="take"/> by its type.</summary>
    public async Task ForEachAsync(string sql, Action<ServerRow> take, CancellationToken cancellationToken, params object[] parameters)
    {
        try
        {
            // No limit: pg_backup_start waits for a spread checkpoint, and Ctrl-C cancels.
            await using var command = Command(sql, parameters);
            await using var reader = await command.ExecuteReaderAsync(cancellationToken);
            var row = new ServerRow(reader);
            while (await reader.ReadAsync(cancellationToken))
            {
                take(row);
            }
        }
        catch (Exception thrown) when (thrown is NpgsqlException or IOException or System.Net.Sockets.SocketException)
        {
            throw ServerError.From(thrown, sql);
        }
    }

    /// <summary>In the caller's own thread, for workers that have one. Asynchronous inside, for only that way can a call be cancelled that hangs.</summary>
    public List<T> Query<T>(string sql, Func<NpgsqlDataReader, T> read, CancellationToken cancellationToken, params object[] parameters)
    {
        return Wait(RunAsync());

        async Task<List<T>> RunAsync()
        {
            try
            {
                await using var command = Command(sql, parameters);
                await using var reader = await command.ExecuteReaderAsync(cancellationToken);
                var rows = new List<T>();
                while (await reader.ReadAsync(cancellationToken))
                {
                    rows.Add(read(reader));
                }

                return rows;
            }
            catch (Exception thrown) when (thrown is NpgsqlException or IOException or System.Net.Sockets.SocketException)
            {
                throw ServerError.From(thrown, sql);
            }
        }
    }

    /// <summary>As <see cref="Query"/>: the one bytea of an answer, into a buffer that is long enough.</summary>
    /// <returns>Its length; 0 where it is null.</returns>
    public int ReadBytes(string sql, Span<byte> buffer, CancellationToken cancellationToken, params object[] parameters)
    {
        var memory = ArrayPool<byte>.Shared.Rent(buffer.Length);
        try
        {
            var read = Wait(ReadAsync(memory.AsMemory(0, buffer.Length)));
            memory.AsSpan(0, read).CopyTo(buffer);
            return read;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(memory);
        }

        async Task<int> ReadAsync(Memory<byte> target)
        {
            try
            {
                await using var command = Command(sql, parameters);
                await using var reader = await command.ExecuteReaderAsync(System.Data.CommandBehavior.SequentialAccess, cancellationToken);
                if (!await reader.ReadAsync(cancellationToken) || await reader.IsDBNullAsync(0, cancellationToken))
                {
                    return 0;
                }

                await using var bytes = await reader.GetStreamAsync(0, cancellationToken);
                return await bytes.ReadAtLeastAsync(target, target.Length, throwOnEndOfStream: false, cancellationToken);
            }
            catch (Exception thrown) when (thrown is NpgsqlException or IOException or System.Net.Sockets.SocketException)
            {
                throw ServerError.From(thrown, sql);
            }
        }
    }

    public void Dispose()
    {
        _connection.Dispose();
        _source.Dispose();
    }

    public async ValueTask DisposeAsync()
    {
        await _connection.DisposeAsync();
        await _source.DisposeAsync();
    }

    /// <summary>In a thread that belongs to a worker: there is no context that the task could be waiting for.</summary>
#pragma warning disable VSTHRD002
    private static T Wait<T>(Task<T> task) => task.GetAwaiter().GetResult();
#pragma warning restore VSTHRD002

    private NpgsqlCommand Command(string sql, object[] parameters)
    {
        var command = new NpgsqlCommand(sql, _connection) { CommandTimeout = 0 };
        foreach (var value in parameters)
        {
            command.Parameters.Add(new NpgsqlParameter { Value = value });
        }

        return command;
    }
}

/// <summary>The current row, valid inside the callback that got it.</summary>
internal readonly struct ServerRow
{
    private readonly NpgsqlDataReader _reader;

    public ServerRow(NpgsqlDataReader reader) => _reader = reader;

    public T Get<T>(int column) => _reader.GetFieldValue<T>(column);

    public int Columns => _reader.FieldCount;

    public bool IsBoolean(int column) => _reader.GetFieldType(column) == typeof(bool);

    public bool IsNull(int column) => _reader.IsDBNull(column);

    public string? Text(int column) => _reader.IsDBNull(column) ? null : _reader.GetString(column);
}
