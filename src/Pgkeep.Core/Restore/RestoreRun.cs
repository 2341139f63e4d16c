using System.Diagnostics;
using Pgkeep.Diagnostics;
using Pgkeep.Posix;
using Pgkeep.Postgres;
using Pgkeep.Postgres.Cluster;
using Pgkeep.Postgres.Wal.Targets;
using Pgkeep.Repository;
using Pgkeep.Repository.Prefetch;
using Pgkeep.Restore.Unpacking;

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
    private readonly ServerControl _control;
    private bool _isOldInPlace = true;
    private bool _hasRecovered;

    public RestoreRun(RestoreSettings settings, RestorePlanner planner, RestorePlan plan, OperationLog log, TimeProvider time)
    {
        _settings = settings;
        _planner = planner;
        _plan = plan;
        _log = log;
        _time = time;
        _control = new ServerControl(plan.DataDirectory, plan.Programs, plan.Account);
    }

    public async Task<RestoreResult> RunAsync(CancellationToken cancellationToken)
    {
        // Held to the end: no cleanup may remove the backup, nor the WAL behind it, from under the restore.
        using var taken = RepositoryLock.TakeIfAllowed(_settings.Layout);
        var clock = new PhaseClock(_time);
        var serverLog = _plan.Running is { } running ? ProcessTable.LogOf(running.ProcessId) : null;
        _log.Write($"Restoring {_plan.Backup.Directory} into {_plan.DataDirectory}");
        RestoreJournal journal;
        try
        {
            await UndoBrokenOffAsync();
            await StopOldAsync();
            clock.End("stop");
            journal = await ReplaceAsync(clock, cancellationToken);
        }
        catch (Exception failure)
        {
            _log.WriteError(failure is OperationCanceledException ? "interrupted" : failure.Message);
            if (_hasRecovered)
            {
                throw Restored(failure, $"the old cluster lies beside it; pgkeep restore rollback --pgdata {_plan.DataDirectory} puts it back");
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

        await StartRestoredAsync(serverLog, journal);
        clock.End("start");
        _log.Write($"Restore completed; the server is running on {_plan.DataDirectory}");
        return new RestoreResult(_plan, journal.OldDataDirectory, journal.Path, clock.Phases);
    }

    /// <summary>A restore that was killed: its server ends, and what it had moved is in its place again, with the WAL that only the old cluster has.</summary>
    private async Task UndoBrokenOffAsync()
    {
        if (_plan.BrokenOff is not { } journal)
        {
            return;
        }

        if (PostmasterFile.OfRunning(_plan.DataDirectory) is { } running && RecoveryServer.IsOne(running))
        {
            await ServerSignals.StopAsync(running, _plan.DataDirectory, immediate: true, _time);
        }

        foreach (var kept in OldCluster.PutBack(journal, discard: journal.IsPartialCopy))
        {
            _log.Write($"What the restore that was broken off had written is kept in {kept}");
        }

        _log.Write("A restore that was broken off is undone");
    }

    private async Task StopOldAsync()
    {
        if (_plan.Running is not null)
        {
            _log.Write("Stopping the server");
            await _control.StopAsync(_time);
        }
        else
        {
            RestorePlanner.RequireStopped(_plan.DataDirectory);
        }
    }

    /// <summary>The old cluster goes aside and the recovered one takes its place, or nothing has changed.</summary>
    private async Task<RestoreJournal> ReplaceAsync(PhaseClock clock, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        // The server has archived its last segments while it stopped.
        var old = _plan.OldDataDirectory is null ? null : _plan.DataDirectory;
        var wal = await _planner.ProveWalAsync(_plan.Metadata, _plan.DataDirectory, old, _plan.Wal.End.Stop?.Record, isForPlan: false, cancellationToken);
        if (wal.End.IsBehindAll && !_plan.Wal.End.IsBehindAll)
        {
            // What was found is gone meanwhile, and nobody has said yes to what is left.
            throw wal.BehindAll();
        }

        var version = $"PG_{_plan.Metadata.Cluster.PostgresqlMajor}_{_plan.Metadata.Cluster.CatalogVersion}";
        // Those of the old cluster too: what is replayed may create one in the same place, and would write into the old one's files.
        var tablespaces = _plan.Metadata.Tablespaces.Select(tablespace => tablespace.Location)
            .Concat(old is null ? [] : TablespaceLinks.Of(old).Select(tablespace => tablespace.Location))
            .Select(location => Path.Combine(FileSystem.Resolve(location), version))
            .Distinct();
        var journal = RestoreJournal.Plan(_plan.DataDirectory, tablespaces, _time.GetLocalNow(), _plan.Account);
        RestorePlanner.RequireStopped(_plan.DataDirectory);
        OldCluster.MoveAside(journal);
        if (journal.OldDataDirectory is { } aside)
        {
            _log.Write($"The old data directory is now {aside}");
        }

        try
        {
            Copy(wal, journal, cancellationToken);
            clock.End("copy");
            journal = await RecoverAsync(wal, journal, cancellationToken);
            clock.End("replay");
            return journal;
        }
        catch (Exception failure) when (!_hasRecovered)
        {
            PutBack(journal, failure);
            throw;
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

    private void Copy(RestoreWal wal, RestoreJournal journal, CancellationToken cancellationToken)
    {
        var unpack = new Unpack(_plan.Account, _plan.Metadata.Codec, _settings.Fetch.Jobs);
        unpack.CreateDirectory(_plan.DataDirectory);
        unpack.Run(Path.Combine(_plan.Backup.Directory, _plan.Metadata.Archives.Main), "", _plan.DataDirectory, cancellationToken);
        foreach (var tablespace in _plan.Metadata.Tablespaces)
        {
            unpack.CreateDirectory(tablespace.Location);
            unpack.Run(Path.Combine(_plan.Backup.Directory, tablespace.Archive), $"pg_tblspc/{tablespace.Oid}/", tablespace.Location, cancellationToken);
        }

        var walDirectory = Path.Combine(_plan.DataDirectory, "pg_wal");
        unpack.Run(Path.Combine(_plan.Backup.Directory, _plan.Metadata.Archives.Wal), "", walDirectory, cancellationToken);
        UnarchivedWal.Copy(wal.Unarchived.Select(file => InAside(file, journal)), _plan.Metadata, walDirectory, _plan.Account, cancellationToken);
        unpack.OpenTo(_plan.DataDirectory);
        foreach (var directory in _plan.Metadata.Tablespaces.Select(tablespace => tablespace.Location).Append(_plan.DataDirectory))
        {
            FileSystem.SyncAll(directory);
        }

        Unpack.Finish(_plan.DataDirectory);
        _log.Write($"Copied {unpack.Files} files, {SizeText.Short(unpack.Bytes)}");
    }

    private async Task<RestoreJournal> RecoverAsync(RestoreWal wal, RestoreJournal journal, CancellationToken cancellationToken)
    {
        var settings = new RecoverySettings(_plan.DataDirectory, _plan.Account);
        var command = wal.EndsWithBackup
            ? RecoverySettings.OwnWalCommand(_settings.Program, _settings.Layout, _settings.Fetch, wal.HasArchive)
            : RecoverySettings.RestoreCommand(_settings.Program, _settings.Layout, _settings.Fetch, wal.Chain.Timeline);
        command = RecoverySettings.Without(wal.WithoutHistory, command);
        var archiving = await _control.ReadSettingAsync("archive_mode", RecoveryServer.ConfigurationOptions(_plan), cancellationToken)
            ?? _plan.Metadata.Cluster.Settings.GetValueOrDefault("archive_mode");
        var version = PostgresVersion.TryGet(_plan.Metadata.Cluster.PostgresqlMajor, out var row) ? row : throw new UnreachableException("a program of that major was found");
        settings.Write(command, wal.End.Told, wal.Chain.Timeline, archivesRestored: archiving == "always", readsAhead: !(wal.HasHoleBehind && version.HasRecoveryPrefetch));
        _log.Write(wal.End.Told.Kind != RecoveryTargetKind.Latest ? $"Replaying WAL {(wal.End.Told.IsExclusive ? "before" : "up to")} {wal.End.Told}" : wal.EndsWithBackup ? "Replaying the backup's own WAL" : "Replaying all WAL");
        await using var server = new RecoveryServer(_plan with { Wal = wal }, _control, _time);
        try
        {
            await server.RecoverAsync(_settings.RecoveryTimeout, cancellationToken);
        }
        finally
        {
            foreach (var line in server.ReadLog().Split('\n', StringSplitOptions.RemoveEmptyEntries))
            {
                _log.Append($"server: {line}");
            }
        }

        _hasRecovered = true;
        await server.StopAsync();
        settings.Remove();
        var recovered = journal with { IsRecovered = true };
        recovered.Write();
        return recovered;
    }

    private UnarchivedFile InAside(UnarchivedFile file, RestoreJournal journal) =>
        journal.OldDataDirectory is { } old ? file with { Path = Path.Combine(old, Path.GetRelativePath(_plan.DataDirectory, file.Path)) } : file;

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
            await _control.StartAsync(serverLog, RecoveryServer.ConfigurationOptions(_plan), CancellationToken.None);
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
    private async Task StartRestoredAsync(string? serverLog, RestoreJournal journal)
    {
        try
        {
            await _control.StartAsync(serverLog, RecoveryServer.ConfigurationOptions(_plan), CancellationToken.None);
        }
        catch (PgkeepException failure)
        {
            _log.WriteError(failure.Message);
            throw Restored(failure, journal.OldDataDirectory is { } old ? $"the old cluster is in \"{old}\"; pgkeep restore rollback puts it back" : "start it yourself");
        }
    }

    private static PgkeepException Restored(Exception failure, string hint)
    {
        var known = failure as PgkeepException;
        return new PgkeepException(
            known?.Kind ?? ErrorKind.ServerFailed, $"the cluster is restored and recovered, but {failure.Message}", failure, [.. known?.Hints ?? [], hint]);
    }
}
