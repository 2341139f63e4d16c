namespace Pgkeep.Postgres;

/// <summary>
/// The settings that a server must not have lower than the one whose WAL it replays: with less, hot standby does not begin, and a prepared transaction stops the replay.
/// </summary>
// PostgreSQL src/backend/access/transam/xlogrecovery.c, CheckRequiredParameterValues; twophase.c, PrepareRedoAdd
internal readonly record struct ServerLimits(int MaxConnections, int MaxWorkerProcesses, int MaxWalSenders, int MaxPreparedTransactions, int MaxLocksPerTransaction)
{
    /// <summary>What a server has that nobody configured; the same in 13 to 18.</summary>
    public static ServerLimits Default { get; } = new(100, 8, 10, 0, 64);

    public IReadOnlyList<(string Name, int Value)> Settings =>
    [
        ("max_connections", MaxConnections), ("max_worker_processes", MaxWorkerProcesses), ("max_wal_senders", MaxWalSenders),
        ("max_prepared_transactions", MaxPreparedTransactions), ("max_locks_per_transaction", MaxLocksPerTransaction),
    ];

    public static ServerLimits Of(ControlFile control) =>
        new(control.MaxConnections, control.MaxWorkerProcesses, control.MaxWalSenders, control.MaxPreparedTransactions, control.MaxLocksPerTransaction);

    /// <summary>Of each the higher one.</summary>
    public ServerLimits Or(ServerLimits other) => new(
        Math.Max(MaxConnections, other.MaxConnections),
        Math.Max(MaxWorkerProcesses, other.MaxWorkerProcesses),
        Math.Max(MaxWalSenders, other.MaxWalSenders),
        Math.Max(MaxPreparedTransactions, other.MaxPreparedTransactions),
        Math.Max(MaxLocksPerTransaction, other.MaxLocksPerTransaction));
}
