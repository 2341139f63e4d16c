using Pgkeep.Diagnostics;
using Pgkeep.Repository;

namespace Pgkeep.Restore.Copies;

/// <param name="Health">Before anybody else came in; null where the recovery was left to somebody.</param>
internal sealed record CopyResult(CopyPlan Plan, IReadOnlyList<RestorePhase> Phases, ClusterHealth? Health);

/// <summary>Carries out the plan of a copy that stays. Until it has recovered, every failure takes away all that was written.</summary>
internal sealed class CopyRun
{
    private readonly RestoreSettings _settings;
    private readonly CopyPlan _plan;
    private readonly OperationLog _log;
    private readonly TimeProvider _time;

    public CopyRun(RestoreSettings settings, CopyPlan plan, OperationLog log, TimeProvider time) => (_settings, _plan, _log, _time) = (settings, plan, log, time);

    public async Task<CopyResult> RunAsync(CancellationToken cancellationToken)
    {
        var clock = new PhaseClock(_time);
        var plan = _plan.Restore;
        _log.Write($"Copying {plan.Backup.Directory} into {plan.DataDirectory}, beside the cluster");
        try
        {
            // To the end of the replay: no cleanup may remove the backup, nor the WAL behind it.
            using var reading = ReadingLock.Share(_settings.Layout);
            await using var work = await CopyWork.BeginAsync(_settings, _plan, _log, _time);
            work.Copy(cancellationToken);
            var recovery = await work.PrepareAsync(cancellationToken);
            clock.End("copy");
            ClusterHealth? health = null;
            if (!_settings.IsLeft)
            {
                await recovery.RunAsync(
                    async server =>
                    {
                        reading?.Dispose();
                        clock.End("replay");
                        health = await new ClusterHealthCheck(plan, server, _settings.Role) { AmcheckJobs = _settings.AmcheckJobs }.RunAsync(cancellationToken);
                    },
                    cancellationToken);
                clock.End("checks");
            }

            work.Keep();
            if (health is null)
            {
                _log.Write($"The copy is there but for its recovery, which begins when the server on {plan.DataDirectory} is started");
            }
            else
            {
                await StartAsync(work);
                clock.End("start");
                _log.Write($"The copy is done; its server is running on {plan.DataDirectory}");
            }

            return new CopyResult(_plan, clock.Phases, health);
        }
        catch (OperationCanceledException interrupted)
        {
            _log.WriteError("interrupted");
            throw new PgkeepException(ErrorKind.Interrupted, "interrupted: what was copied is removed, and all is as it was before", interrupted);
        }
        catch (PgkeepException failure)
        {
            _log.WriteError(failure.Message);
            throw;
        }
    }

    private async Task StartAsync(CopyWork work)
    {
        try
        {
            await work.StartAsync();
        }
        catch (PgkeepException failure)
        {
            throw new PgkeepException(
                failure.Kind, $"the copy is recovered, but {failure.Message}", failure, [.. failure.Hints, $"it stays in \"{_plan.Restore.DataDirectory}\": start it yourself, or remove it"]);
        }
    }
}
