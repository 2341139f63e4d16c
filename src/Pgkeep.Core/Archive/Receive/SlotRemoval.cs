using Pgkeep.Postgres.Server;

namespace Pgkeep.Archive.Receive;

/// <summary>Ends the keeping of WAL for a receiver that will not come back.</summary>
internal static class SlotRemoval
{
    /// <returns>False where there is no such slot.</returns>
    public static async Task<bool> RunAsync(ConnectionSettings connection, string slot, CancellationToken cancellationToken)
    {
        await using var session = await ReplicationSession.OpenAsync(connection, cancellationToken);
        return await session.DropSlotAsync(slot, cancellationToken);
    }
}
