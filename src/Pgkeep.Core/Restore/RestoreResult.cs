using Pgkeep.Postgres.Wal.Targets;

namespace Pgkeep.Restore;

/// <param name="OldDataDirectory">Where the old cluster lies now; null where there was none.</param>
/// <param name="Journal">By which the restore can be undone; null where it cannot.</param>
/// <param name="Phases">What took how long: stop, copy, replay, start.</param>
/// <param name="Health">Of the recovered cluster, before anybody else came in; null where its recovery was left to somebody.</param>
internal sealed record RestoreResult(RestorePlan Plan, string? OldDataDirectory, string? Journal, IReadOnlyList<RestorePhase> Phases, ClusterHealth? Health)
{
    /// <summary>Whether somebody else starts the server.</summary>
    public bool IsLeft { get; init; }

    public RecoveryTargetAction Action { get; init; }

    /// <summary>Of the old files; null where all came from the backup.</summary>
    public ReusedFiles? Kept { get; init; }

    /// <summary>Where the WAL is kept that only the old cluster had, and that a restore in place would have lost; null where there was none.</summary>
    public string? SavedWal { get; init; }
}

internal sealed record RestorePhase(string Name, TimeSpan Duration);

/// <summary>Measures one phase after another.</summary>
internal sealed class PhaseClock
{
    private readonly TimeProvider _time;
    private readonly List<RestorePhase> _phases = [];
    private long _since;

    public PhaseClock(TimeProvider time)
    {
        _time = time;
        _since = time.GetTimestamp();
    }

    public IReadOnlyList<RestorePhase> Phases => _phases;

    /// <returns>How long the phase took.</returns>
    public TimeSpan End(string name)
    {
        var phase = new RestorePhase(name, _time.GetElapsedTime(_since));
        _phases.Add(phase);
        _since = _time.GetTimestamp();
        return phase.Duration;
    }
}
