namespace Pgkeep.Postgres;

/// <summary>What pg_control says about the cluster. Of a server that crashed it says what the server did last.</summary>
// PostgreSQL src/include/catalog/pg_control.h, DBState: the same order
internal enum ClusterState
{
    StartingUp,
    ShutDown,
    ShutDownInRecovery,
    ShuttingDown,
    InCrashRecovery,
    InArchiveRecovery,
    InProduction,
}
