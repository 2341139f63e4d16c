using Npgsql;
using Pgkeep.Diagnostics;

namespace Pgkeep.Postgres.Server;

/// <summary>
/// A temporary physical replication slot: from its creation on the server keeps its WAL, on a standby too. It ends with the session that made it,
/// however that ends (manual, "Replication Slots"; src/backend/replication/slot.c, ReplicationSlotCleanup).
/// </summary>
internal sealed class WalSlot
{
    private const string KeepHint = "raise max_slot_wal_keep_size while backups run, or set it to -1";

    private readonly ServerConnection _server;

    private WalSlot(ServerConnection server, string name)
    {
        _server = server;
        Name = name;
    }

    /// <summary>Nobody can have guessed it.</summary>
    public string Name { get; }

    public static async Task<WalSlot> CreateAsync(ServerConnection server, CancellationToken cancellationToken)
    {
        var name = $"pgkeep_{Guid.NewGuid():N}";
        try
        {
            // Reserves at once: otherwise it would keep nothing before a consumer comes.
            await server.ExecuteAsync("SELECT slot_name::text FROM pg_create_physical_replication_slot($1, true, true)", cancellationToken, name);
        }
        catch (PgkeepException refused) when (refused.InnerException is PostgresException { SqlState: PostgresErrorCodes.ConfigurationLimitExceeded or PostgresErrorCodes.ObjectNotInPrerequisiteState } said)
        {
            throw new PgkeepException(
                ErrorKind.ServerUnsuitable,
                $"the backup needs a temporary replication slot, so that the server keeps its WAL: {said.MessageText}",
                refused,
                "raise max_replication_slots and restart the server, or drop a slot that nobody uses: SELECT slot_name, active FROM pg_replication_slots");
        }

        return new WalSlot(server, name);
    }

    /// <summary>Throws where the server has given up keeping the WAL since the slot was made.</summary>
    public async Task RequireKeptAsync(CancellationToken cancellationToken)
    {
        var states = await _server.QueryAsync(
            "SELECT wal_status, restart_lsn IS NULL FROM pg_replication_slots WHERE slot_name = $1",
            row => row.IsNull(0) || row.Get<bool>(1) ? "lost" : row.Get<string>(0),
            cancellationToken,
            Name);
        if (states is not ["reserved" or "extended" or "unreserved"])
        {
            throw new PgkeepException(ErrorKind.WalMissing, "the server did not keep the WAL of the backup: its replication slot is lost", KeepHint);
        }
    }

    /// <summary>A server that gives up a slot ends the session that holds it, and says no more than that (slot.c, InvalidatePossiblyObsoleteSlot).</summary>
    public static PgkeepException Explain(PgkeepException failure) => failure.Kind == ErrorKind.ServerUnreachable
        ? new PgkeepException(failure.Kind, failure.Message, failure.InnerException, [.. failure.Hints, $"if the server was not stopped, it did not keep the backup's WAL: {KeepHint}"])
        : failure;
}
