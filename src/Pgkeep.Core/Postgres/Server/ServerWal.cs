using Pgkeep.Diagnostics;

namespace Pgkeep.Postgres.Server;

/// <summary>Where a primary writes its WAL, and the switch to the next segment. A standby refuses all of it.</summary>
internal static class ServerWal
{
    public static async Task<Lsn> PositionAsync(ServerConnection server, CancellationToken cancellationToken) =>
        LsnOf(await server.ScalarAsync<string>("SELECT pg_current_wal_insert_lsn()::text", cancellationToken));

    public static Task<bool> MayEndSegmentAsync(ServerConnection server, CancellationToken cancellationToken) => server.ScalarAsync<bool>(
        """
        SELECT bool_and(has_function_privilege(oid, 'EXECUTE')) FROM pg_proc
        WHERE pronamespace = 'pg_catalog'::regnamespace AND proname IN ('pg_switch_wal', 'pg_logical_emit_message')
        """,
        cancellationToken);

    /// <summary>Ends a segment even where the server stands at the beginning of one: a record that nobody reads makes it worth ending.</summary>
    public static async Task EndSegmentAsync(ServerConnection server, CancellationToken cancellationToken)
    {
        await server.ExecuteAsync("SELECT pg_logical_emit_message(false, 'pgkeep', '')::text", cancellationToken);
        await SwitchAsync(server, cancellationToken);
    }

    /// <summary>Ends the segment, which is archived then. Does nothing where the server stands at a segment's beginning.</summary>
    public static Task SwitchAsync(ServerConnection server, CancellationToken cancellationToken) =>
        server.ExecuteAsync("SELECT pg_switch_wal()::text", cancellationToken);

    public static Lsn LsnOf(string text) =>
        Lsn.TryParse(text, out var value) ? value : throw new PgkeepException(ErrorKind.ServerUnsuitable, $"the server answered \"{text}\" for an LSN");
}
