using Pgkeep.Restore;
using Pgkeep.Restore.Copies;

namespace Pgkeep.Drill;

/// <summary>A report in the making: what is known of a drill so far, wherever it ends.</summary>
internal sealed class DrillDraft
{
    private readonly DrillSettings _settings;
    private readonly TimeProvider _time;
    private readonly DateTimeOffset _started;
    private readonly long _began;
    private readonly PhaseClock _clock;
    private readonly List<DrillCheck> _checks = [];
    private CopyPlan? _plan;
    private TimeSpan? _untilOpen;

    public DrillDraft(DrillSettings settings, TimeProvider time)
    {
        (_settings, _time, _started, _began) = (settings, time, time.GetLocalNow(), time.GetTimestamp());
        _clock = new PhaseClock(time);
    }

    public bool HasFailed => _checks.Any(check => !check.IsPassed);

    public bool IsPassed => _checks.Count > 0 && _checks.All(check => check.IsPassed);

    public long Bytes { get; set; }

    /// <summary>That the copy has.</summary>
    public DateTimeOffset? LastCommit { get; set; }

    public void Plan(CopyPlan plan) => _plan = plan;

    public void EndPhase(string name) => _clock.End(name);

    /// <summary>The databases can be used.</summary>
    public void Open()
    {
        _clock.End("open");
        _untilOpen = _time.GetElapsedTime(_began);
    }

    public void Add(params IEnumerable<DrillCheck> checks) => _checks.AddRange(checks);

    public DrillReport Finish(DrillOutcome outcome, string? reason)
    {
        var (plan, end) = (_plan?.Restore, _plan?.Restore.Wal.End);
        var last = LastCommit?.ToLocalTime();
        return new DrillReport
        {
            FormatVersion = DrillReport.CurrentFormatVersion,
            PgkeepVersion = _settings.PgkeepVersion,
            Started = _started,
            Ended = _time.GetLocalNow(),
            Result = DrillResults.Of(outcome),
            Reason = reason ?? (outcome == DrillOutcome.Failed ? FirstFailure() : null),
            Backup = plan?.Backup.Name.ToString() ?? _settings.Restore.Backup,
            BackupStopped = plan?.Metadata.Stopped,
            PostgresqlVersion = plan?.Metadata.Cluster.PostgresqlVersion,
            Target = _settings.Restore.Target.ToString(),
            Timeline = plan?.Wal.Chain.Timeline,
            WalSegments = plan?.Wal.Chain.Count,
            Bytes = Bytes > 0 ? Bytes : null,
            LastCommit = last,
            NewestCommit = end?.LastCommit?.Time.ToLocalTime(),
            RpoSeconds = last is { } commit ? Math.Round((_started - commit).TotalSeconds, 3) : null,
            RtoSeconds = _untilOpen is { } open ? Math.Round(open.TotalSeconds, 3) : null,
            Seconds = _clock.Phases.ToDictionary(phase => phase.Name, phase => Math.Round(phase.Duration.TotalSeconds, 3)),
            Checks = [.. _checks],
        };
    }

    private string FirstFailure() => _checks.FirstOrDefault(check => !check.IsPassed) is { } failed ? $"{failed.Name}: {failed.Detail}" : "nothing could be checked";
}
