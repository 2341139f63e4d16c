using Pgkeep.Diagnostics;
using Pgkeep.Posix;
using Pgkeep.Postgres;
using Pgkeep.Repository;
using Pgkeep.Restore.Copies;

namespace Pgkeep.Drill;

/// <summary>
/// Restores into a scratch directory, where nothing can reach the cluster, its archive or anybody else, looks at what came out, and takes all of it away again. Every drill that began has a
/// report, whatever became of it.
/// </summary>
internal sealed class DrillRun
{
    /// <summary>Of a socket in a directory of its own: any will do.</summary>
    private const int Port = 5432;

    private readonly DrillSettings _settings;
    private readonly DrillReports _reports;
    private readonly OperationLog _log;
    private readonly TimeProvider _time;
    private readonly DrillDraft _draft;
    private bool _isReplaying;

    /// <param name="log">At <see cref="DrillReports.LogPath"/>.</param>
    public DrillRun(DrillSettings settings, DrillReports reports, OperationLog log, TimeProvider time)
    {
        (_settings, _reports, _log, _time) = (settings, reports, log, time);
        _draft = new DrillDraft(settings, time);
    }

    /// <summary>Throws where the report cannot be kept; everything else is in it.</summary>
    public async Task<(DrillReport Report, DrillOutcome Outcome, bool IsInterrupted)> RunAsync(CancellationToken cancellationToken)
    {
        var (outcome, reason) = await TryAsync(cancellationToken);
        var report = _draft.Finish(outcome, reason);
        _log.Append(report.Reason is null ? "The drill is passed" : $"{(outcome == DrillOutcome.Failed ? "The backup failed the drill" : "The drill could not be done")}: {report.Reason}");
        _reports.Write(report);
        return (report, outcome, outcome == DrillOutcome.NotDone && cancellationToken.IsCancellationRequested);
    }

    private async Task<(DrillOutcome Outcome, string? Reason)> TryAsync(CancellationToken cancellationToken)
    {
        try
        {
            await DrillAsync(cancellationToken);
            return (_draft.IsPassed ? DrillOutcome.Passed : DrillOutcome.Failed, null);
        }
        catch (OperationCanceledException)
        {
            return (DrillOutcome.NotDone, "interrupted: everything that was copied is removed");
        }
        catch (PgkeepException failure)
        {
            var hints = failure.Hints.Count > 0 ? $" ({string.Join("; ", failure.Hints)})" : "";
            return (_draft.HasFailed ? DrillOutcome.Failed : DrillJudgement.Of(failure, _settings.Restore, _isReplaying, ReadLog()), $"{failure.Message}{hints}");
        }
    }

    private async Task DrillAsync(CancellationToken cancellationToken)
    {
        foreach (var left in await ScratchPlace.RemoveLeftoversAsync(_settings.Scratch, _time))
        {
            _log.Write($"What a drill that was killed had left in {left} is removed");
        }

        // To the end of the replay: no cleanup may remove the backup, nor the WAL behind it.
        using var reading = ReadingLock.Share(_settings.Restore.Layout);
        var statements = _settings.SqlFile is { } file ? SqlStatements.Split(Read(file)) : [];
        var place = ScratchPlace.Create(_settings.Scratch, _time.GetUtcNow());
        try
        {
            var planner = new CopyPlanner(_settings.Restore, new CopySettings(place.DataDirectory, Port) { IsIdle = true });
            var plan = await planner.MakeAsync(_log.Write, cancellationToken);
            _draft.Plan(plan);
            _draft.EndPhase("plan");
            await DrillAsync(planner, plan, new DrillExamination(_settings, plan, statements), reading, cancellationToken);
        }
        finally
        {
            place.Remove();
        }
    }

    private async Task DrillAsync(CopyPlanner planner, CopyPlan plan, DrillExamination examination, FileLock? reading, CancellationToken cancellationToken)
    {
        _log.Write($"Copying {plan.Restore.Backup.Directory} into {plan.Restore.DataDirectory}");
        await using var work = await CopyWork.BeginAsync(planner.Settings, plan, _log, _time);
        _draft.Bytes = work.Copy(cancellationToken);
        var recovery = await work.PrepareAsync(cancellationToken);
        _draft.EndPhase("copy");
        _isReplaying = true;
        await recovery.RunAsync(
            async server =>
            {
                _isReplaying = false;
                reading?.Dispose();
                _draft.EndPhase("replay");
                _log.Write("Looking at what was recovered");
                await examination.RunAsync(server, _draft, cancellationToken);
                _draft.EndPhase("checks");
            },
            cancellationToken);
        _draft.Add(await new PageScan(plan.Restore.DataDirectory).RunAsync(_settings.Restore.Fetch.Jobs, cancellationToken));
        _draft.EndPhase("pages");
    }

    private static string Read(string path)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (Exception thrown) when (PosixError.IsInputOutput(thrown))
        {
            throw PosixError.From(thrown, "read", path);
        }
    }

    /// <summary>The server's words are in the drill's own log by the time that anything fails.</summary>
    private string ReadLog()
    {
        try
        {
            return Read(_reports.LogPath);
        }
        catch (PgkeepException)
        {
            return "";
        }
    }
}
