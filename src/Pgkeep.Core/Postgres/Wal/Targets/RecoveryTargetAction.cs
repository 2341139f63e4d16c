namespace Pgkeep.Postgres.Wal.Targets;

/// <summary>What a server does at its recovery target (recovery_target_action).</summary>
internal enum RecoveryTargetAction
{
    /// <summary>Begins a timeline of its own, and takes writes.</summary>
    Promote,

    /// <summary>Stands still and can be read, until pg_wal_replay_resume() has it promote itself.</summary>
    Pause,

    /// <summary>Ends, with recovery.signal still there: a later start goes on from that place.</summary>
    Shutdown,
}
