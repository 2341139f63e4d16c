namespace Pgkeep.Drill;

internal enum DrillOutcome
{
    Passed,

    /// <summary>The backup, or the WAL behind it, is not what it should be.</summary>
    Failed,

    /// <summary>Nothing is said about the backup: there was no space, no program, or somebody interrupted it.</summary>
    NotDone,
}
