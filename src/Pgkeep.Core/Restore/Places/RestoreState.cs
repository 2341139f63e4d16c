namespace Pgkeep.Restore.Places;

/// <summary>
/// How it stands with what a restore moved aside. The journal's name tells, so that each step from one state to the next is one rename: it needs no room on a disk
/// that may just be full.
/// </summary>
internal enum RestoreState
{
    /// <summary>The restore is under way, broken off, or over: <see cref="RestoreJournal.IsOver"/> and the data directory tell which.</summary>
    Aside,

    /// <summary>A rollback puts the old cluster back, and keeps what the restore wrote.</summary>
    Undoing,

    /// <summary>The old cluster is back; what the restore wrote is kept.</summary>
    Undone,

    /// <summary>What is kept is being removed for good.</summary>
    Forgetting,
}
