using Pgkeep.Diagnostics;
using Pgkeep.Posix;
using Pgkeep.Postgres;
using Pgkeep.Postgres.Cluster;
using Pgkeep.Postgres.Wal.Targets;
using Pgkeep.Repository;
using Pgkeep.Repository.Prefetch;
using Pgkeep.Restore.InPlace;
using Pgkeep.Restore.Places;
using Pgkeep.Restore.Unpacking.Selected;

namespace Pgkeep.Restore;

/// <summary>
/// Carries out a plan. Until the recovered server has promoted itself every failure puts the old cluster back, and starts it where it was
/// running; after that the old one stays aside, whole.
/// </summary>
internal sealed class RestoreRun
{
    private readonly RestoreSettings _settings;
    private readonly RestorePlanner _planner;
    private readonly RestorePlan _plan;
    private readonly OperationLog _log;
    private readonly TimeProvider _time;
    private bool _isOldInPlace = true;
    private bool _hasRecovered;
    private ClusterHealth? _health;
    private ReusedFiles? _kept;
    private InPlaceCopy? _inPlace;

    public RestoreRun(RestoreSettings settings, RestorePlanner planner, RestorePlan plan, OperationLog log, TimeProvider time)
    {
        _settings = settings;
        _planner = planner;
        _plan = plan;
        _log = log;
        _time = time;
    }

    /// <summary>Null where nobody wants to know how far it is.</summary>
    public RestoreProgress? Progress { get; init; }

    public async Task<RestoreResult> RunAsync(CancellationToken cancellationToken)
    {
        // Held to the end: no cleanup may remove the backup, nor the WAL behind it, from under the restore.
        using var taken = RepositoryLock.TakeIfAllowed(_settings.Layout);
        using var hold = ClusterHold.Take(_plan.DataDirectory, RestoreJournal.Find(_plan.DataDirectory));
        RequireAsPlanned();
        var clock = new PhaseClock(_time);
        var serverLog = _plan.Running is { } running ? ProcessTable.LogOf(running.ProcessId) : null;
        _log.Write($"Restoring {_plan.Backup.Directory} into {_plan.DataDirectory}");
        RestoreJournal? journal;
        try
        {
            await UndoBrokenOffAsync();
            await StopOldAsync();
            clock.End("stop");
            journal = await RestoreAsync(hold, clock, cancellationToken);
        }
        catch (Exception failure)
        {
            _log.WriteError(failure is OperationCanceledException ? "interrupted" : failure.Message);
            if (_hasRecovered)
            {
                throw Restored(failure, _inPlace is null ? $"the old cluster lies beside it; pgkeep restore rollback --pgdata {_plan.DataDirectory} puts it back" : "start it yourself");
            }

            if (_inPlace is { IsWriting: true } || (_inPlace is null && _plan is { Reuse: FileReuse.InPlace, Begun.IsWriting: true }))
            {
                throw Unfinished(failure);
            }

            var state = await RestartOldAsync(serverLog);
            if (failure is OperationCanceledException)
            {
                throw new PgkeepException(ErrorKind.Interrupted, $"interrupted: {state}", failure);
            }

            throw;
        }
        finally
        {
            PrefetchDirectory.RemoveFor(_plan.DataDirectory, _settings.Fetch.Place);
        }

        if (_settings.IsLeft)
        {
            _log.Write($"Restore completed but for the recovery, which begins when the server on {_plan.DataDirectory} is started");
        }
        else if (_settings.Action == RecoveryTargetAction.Shutdown)
        {
            _log.Write($"Restore completed; the server on {_plan.DataDirectory} has shut down at the target");
        }
        else if (_settings.Action == RecoveryTargetAction.Pause)
        {
            await StartRestoredAsync(serverLog, journal);
            clock.End("start");
            _log.Write($"The server on {_plan.DataDirectory} replays the WAL, and stands still at the target");
        }
        else
        {
            await StartRestoredAsync(serverLog, journal);
            clock.End("start");
            _log.Write($"Restore completed; the server is running on {_plan.DataDirectory}");
        }

        _log.Write($"Time: {string.Join(", ", clock.Phases.Select(phase => $"{phase.Name} {phase.Duration.TotalSeconds:0.0} s"))}");
        return new RestoreResult(_plan, journal?.OldDataDirectory, journal?.Path, clock.Phases, _health)
        {
            IsLeft = _settings.IsLeft,
            Action = _settings.Action,
            Kept = _kept,
            SavedWal = _inPlace?.SavedWalDirectory,
        };
    }

    /// <summary>A person may have taken their time to say yes.</summary>
    private void RequireAsPlanned()
    {
        if (RestoreJournal.Find(_plan.DataDirectory)?.Path != _plan.NewestJournal || InPlaceJournal.Find(_plan.DataDirectory)?.IsWriting != _plan.Begun?.IsWriting)
        {
            throw ClusterHold.Changed(_plan.DataDirectory);
        }
    }

    /// <summary>A restore that was killed: its server ends, and what it had moved is in its place again, with the WAL that only the old cluster has.</summary>
    private async Task UndoBrokenOffAsync()
    {
        InPlaceJournal.RemoveOver(_plan.DataDirectory);
        if (_plan.BrokenOff is null && _plan.Begun is null)
        {
            return;
        }

        if (PostmasterFile.OfRunning(_plan.DataDirectory) is { } running && RecoveryServer.IsOne(running))
        {
            await ServerSignals.StopAsync(running, _plan.DataDirectory, immediate: true, _time);
        }

        if (_plan.BrokenOff is { } journal)
        {
            foreach (var kept in OldCluster.PutBack(journal, discard: journal.IsPartialCopy))
            {
                _log.Write($"What the restore that was broken off had written is kept in {kept}");
            }

            _log.Write("A restore that was broken off is undone");
        }

        if (_plan.Begun is { IsWriting: false } begun)
        {
            begun.PutBack();
            _log.Write("A restore in place that was broken off had changed nothing yet");
        }
    }

    private async Task StopOldAsync()
    {
        if (_plan.Running is not null)
        {
            _log.Write($"Stopping the server with {_plan.Control.ServiceName}");
            await _plan.Control.StopAsync(_time);
        }
        else
        {
            RestorePlanner.RequireStopped(_plan.DataDirectory);
        }
    }

    /// <summary>The recovered cluster in the place of the old one, which is proven to be possible once more before.</summary>
    /// <returns>Null where there is no old cluster to go back to.</returns>
    private async Task<RestoreJournal?> RestoreAsync(ClusterHold hold, PhaseClock clock, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        // The server has archived its last segments while it stopped.
        var old = _plan.OldDataDirectory is null ? null : _plan.DataDirectory;
        var oldWal = _plan.Begun is { IsWriting: true } begun ? begun.OldWal : old;
        var wal = await _planner.ProveWalAsync(_plan.Metadata, _plan.DataDirectory, oldWal, _plan.Wal.End.Stop?.Record, isForPlan: false, cancellationToken);
        if (wal.End.IsBehindAll && !_plan.Wal.End.IsBehindAll)
        {
            // What was found is gone meanwhile, and nobody has said yes to what is left.
            throw wal.BehindAll();
        }

        var plan = _plan with { Wal = wal };
        if (plan.Reuse != FileReuse.InPlace)
        {
            return await ReplaceAsync(plan, old is not null, hold, clock, cancellationToken);
        }

        var unarchived = oldWal is null ? [] : await _planner.FindUnarchivedAsync(plan.DataDirectory, cancellationToken);
        using var copy = new ClusterCopy(plan, _settings.Fetch.Jobs, progress: Progress);
        _inPlace = new InPlaceCopy(plan, copy, VersionDirectories(old), _log, _time.GetLocalNow());
        _inPlace.Begin(unarchived, cancellationToken);
        await FillAsync(plan, copy, wal.Unarchived.Select(file => file with { Path = _inPlace.NowAt(file) }), clock, cancellationToken);
        _inPlace.End();
        return null;
    }

    /// <summary>The old cluster goes aside and the recovered one takes its place, or nothing has changed.</summary>
    private async Task<RestoreJournal> ReplaceAsync(RestorePlan plan, bool hasOld, ClusterHold hold, PhaseClock clock, CancellationToken cancellationToken)
    {
        // Where it was missing, somebody else may have begun to fill it meanwhile.
        hold.Add(plan.DataDirectory);
        var places = OldPlaces.Find(plan.DataDirectory, hasOld, plan.Metadata, plan.Tablespaces, _settings.Layout);
        var journal = RestoreJournal.Plan(places.Places, _time.GetLocalNow(), plan.Account);
        RestorePlanner.RequireStopped(plan.DataDirectory);
        OldCluster.MoveAside(journal);
        if (journal.OldDataDirectory is { } aside)
        {
            _log.Write($"The old data directory is now {aside}");
        }

        try
        {
            plan = plan with { Places = places };
            using var copy = new ClusterCopy(plan, _settings.Fetch.Jobs, plan.Reuse == FileReuse.Clone ? WaitingFiles(journal) : null, Progress);
            copy.CreatePlaces();
            hold.Add(plan.DataDirectory);
            await FillAsync(plan, copy, plan.Wal.Unarchived.Select(file => file with { Path = journal.NowAt(file.Path) }), clock, cancellationToken);
            journal = journal with { IsOver = true };
            journal.Write();
            plan.Begun?.Remove();
            return journal;
        }
        catch (Exception failure) when (!_hasRecovered)
        {
            PutBack(journal, failure);
            throw;
        }
    }

    /// <summary>The backup's files, and what comes of them: a cluster that has recovered, or will when it is started.</summary>
    private async Task FillAsync(RestorePlan plan, ClusterCopy copy, IEnumerable<UnarchivedFile> unarchived, PhaseClock clock, CancellationToken cancellationToken)
    {
        copy.WriteData(cancellationToken);
        var recovery = new ClusterRecovery(_settings, plan, _log, _time) { Progress = Progress };
        // It waits for a program of the server's.
        await Task.WhenAll(recovery.PrepareAsync(cancellationToken), Task.Run(() => copy.WriteWal(unarchived, cancellationToken), CancellationToken.None));
        // Without recovery.signal, a server would start on the copy without recovering, and archive into the repository.
        copy.Finish();
        Tell(copy);
        var copying = clock.End("copy");
        if (_settings is { IsLeft: false, Action: not RecoveryTargetAction.Pause })
        {
            var replaying = await RecoverAsync(recovery, clock, cancellationToken);
            if (plan.Reuse == FileReuse.None)
            {
                _log.Append(new RestoreSpeed(copy.Bytes, copying, plan.Wal.Bytes(new WalSegmentSize(plan.Metadata.Cluster.WalSegmentSize)), replaying).ToString());
            }
        }
    }

    private void PutBack(RestoreJournal journal, Exception failure)
    {
        try
        {
            RestorePlanner.RequireStopped(_plan.DataDirectory);
            OldCluster.PutBack(journal, discard: true);
            _log.Write("The old cluster is back in its place");
        }
        catch (PgkeepException second)
        {
            _isOldInPlace = false;
            var kind = failure is PgkeepException known ? known.Kind : ErrorKind.StorageFailed;
            throw new PgkeepException(
                kind,
                $"{failure.Message}; and the old cluster is not back in its place: {second.Message}",
                failure,
                $"it is safe in \"{journal.OldDataDirectory}\"; when the cause is gone: pgkeep restore rollback --pgdata {_plan.DataDirectory}");
        }
    }

    /// <summary>The backup's, and those that the old cluster has beside them.</summary>
    private IEnumerable<string> VersionDirectories(string? old) =>
        OldPlaces.VersionDirectories(_plan.DataDirectory, old is not null, _plan.Metadata, _plan.Tablespaces).Union(_plan.Begun?.Tablespaces ?? []);

    private void Tell(ClusterCopy copy)
    {
        _kept = copy.Kept;
        _log.Write(_kept is null
            ? $"Copied {copy.Files} files, {SizeText.Short(copy.Bytes)}"
            : $"Copied {copy.Files} files, {SizeText.Short(copy.Bytes)}, of which {SizeText.Short(_kept.Written)} differed; {_kept.Files} more, {SizeText.Short(_kept.Bytes)}, were right as they were");
    }

    /// <summary>Where the old cluster's files wait. A tablespace's version directory is moved by itself.</summary>
    private FilePlaces WaitingFiles(RestoreJournal journal)
    {
        var asides = journal.Places.ToDictionary(place => place.Path, place => place.Aside);
        return new FilePlaces(
            journal.Places[0].Aside,
            [
                .. from tablespace in _plan.Tablespaces
                   let version = OldPlaces.VersionDirectory(_plan.Metadata, tablespace.Location)
                   select ($"pg_tblspc/{tablespace.Oid}/{Path.GetFileName(version)}/", asides[version]),
            ]);
    }

    /// <returns>How long the replay took.</returns>
    private async Task<TimeSpan> RecoverAsync(ClusterRecovery recovery, PhaseClock clock, CancellationToken cancellationToken)
    {
        if (_settings.Action == RecoveryTargetAction.Shutdown)
        {
            await recovery.RunToShutdownAsync(cancellationToken);
            return clock.End("replay");
        }

        var replaying = TimeSpan.Zero;
        await recovery.RunAsync(
            async server =>
            {
                _hasRecovered = true;
                replaying = clock.End("replay");
                _health = await new ClusterHealthCheck(_plan, server, _settings.Role) { AmcheckJobs = _settings.AmcheckJobs }.RunAsync(cancellationToken);
            },
            cancellationToken);
        clock.End("checks");
        return replaying;
    }

    /// <returns>How it stands, for a person.</returns>
    private async Task<string> RestartOldAsync(string? serverLog)
    {
        if (!_isOldInPlace)
        {
            return $"the old cluster is not in its place yet: pgkeep restore rollback --pgdata {_plan.DataDirectory}";
        }

        if (_plan.Running is null || PostmasterFile.OfRunning(_plan.DataDirectory) is not null)
        {
            return "all is as it was before";
        }

        try
        {
            await _plan.Control.StartAsync(serverLog, _plan.ConfigurationOptions, _time);
            _log.Write("The old server is running again");
            return "all is as it was before, and the old server is running again";
        }
        catch (PgkeepException second)
        {
            // The first failure is the one to report; this one must not hide it.
            _log.WriteError(second.Message);
            return $"the old cluster is in its place, but {second.Message}";
        }
    }

    /// <summary>Is not interrupted: with the cluster restored, a server that runs is what was asked for.</summary>
    private async Task StartRestoredAsync(string? serverLog, RestoreJournal? journal)
    {
        try
        {
            await _plan.Control.StartAsync(serverLog, _plan.ConfigurationOptions, _time);
        }
        catch (PgkeepException failure)
        {
            _log.WriteError(failure.Message);
            throw Restored(failure, journal?.OldDataDirectory is { } old ? $"the old cluster is in \"{old}\"; pgkeep restore rollback puts it back" : "start it yourself");
        }
    }

    private PgkeepException Unfinished(Exception failure)
    {
        var known = failure as PgkeepException;
        var (kind, told) = failure is OperationCanceledException ? (ErrorKind.Interrupted, "interrupted") : (known?.Kind ?? ErrorKind.StorageFailed, failure.Message);
        return new PgkeepException(
            kind,
            $"{told}; the restore in place is not over, and no server must run on \"{_plan.DataDirectory}\" before it is",
            failure,
            [
                .. known?.Hints ?? [],
                "when the cause is gone, the same command again goes on: pgkeep restore --delta --in-place",
                "without these two options the restore moves aside what is left, and copies all of the backup: pgkeep restore",
            ]);
    }

    private static PgkeepException Restored(Exception failure, string hint)
    {
        var known = failure as PgkeepException;
        return new PgkeepException(
            known?.Kind ?? ErrorKind.ServerFailed, $"the cluster is restored and recovered, but {failure.Message}", failure, [.. known?.Hints ?? [], hint]);
    }
}
