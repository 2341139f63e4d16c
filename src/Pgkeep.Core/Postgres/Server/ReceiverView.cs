using Pgkeep.Diagnostics;

namespace Pgkeep.Postgres.Server;

/// <summary>
/// What an ordinary session beside the stream tells. A receiver works without one: where the role has REPLICATION alone, or <c>pg_hba.conf</c> lets it in
/// for <c>replication</c> only, each answer is "nobody knows".
/// </summary>
internal sealed class ReceiverView : IAsyncDisposable
{
    private readonly ServerConnection _server;

    private ReceiverView(ServerConnection server) => _server = server;

    public static async Task<ReceiverView?> TryOpenAsync(ConnectionSettings settings, CancellationToken cancellationToken)
    {
        try
        {
            return new ReceiverView(await ServerConnection.OpenAsync(settings with { ApplicationName = "pgkeep" }, cancellationToken));
        }
        catch (PgkeepException)
        {
            // What keeps everybody out keeps the replication session out too, and that one says so.
            return null;
        }
    }

    /// <summary>Null where there is no such slot, or nobody told.</summary>
    public async Task<SlotState?> ReadSlotAsync(string slot, CancellationToken cancellationToken) => (await TryQueryAsync(
        "SELECT restart_lsn::text, wal_status FROM pg_replication_slots WHERE slot_name = $1",
        row => new SlotState(row.Text(0) is { } restart ? ServerWal.LsnOf(restart) : null, row.Text(1)),
        cancellationToken,
        slot)) is [var state, ..] ? state : null;

    /// <summary>When the server wrote a file in its <c>pg_wal</c>; null where it is not there or the role may not look.</summary>
    public async Task<DateTimeOffset?> ReadWalFileTimeAsync(string name, CancellationToken cancellationToken) =>
        await TryQueryAsync("SELECT modification FROM pg_ls_waldir() WHERE name = $1", row => ServerFacts.TimeOf(row, 0), cancellationToken, name) is [var time, ..]
            ? time
            : null;

    /// <summary><c>pg_stat_replication.sync_state</c> of the stream: async, potential, sync or quorum; null where the role may not see it.</summary>
    public async Task<string?> ReadSyncStateAsync(int processId, CancellationToken cancellationToken) =>
        await TryQueryAsync("SELECT sync_state FROM pg_stat_replication WHERE pid = $1", row => row.Text(0), cancellationToken, processId) is [var state, ..] ? state : null;

    /// <summary>As <c>pg_settings</c> has it, in its own unit; null where the version does not have it.</summary>
    public async Task<string?> ReadSettingAsync(string name, CancellationToken cancellationToken) =>
        await TryQueryAsync("SELECT reset_val FROM pg_settings WHERE name = $1", row => row.Text(0), cancellationToken, name) is [var value, ..] ? value : null;

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    private async Task<IReadOnlyList<T>> TryQueryAsync<T>(string sql, Func<ServerRow, T> read, CancellationToken cancellationToken, params object[] parameters)
    {
        try
        {
            return await _server.QueryAsync(sql, read, cancellationToken, parameters);
        }
        catch (PgkeepException)
        {
            return [];
        }
    }
}
