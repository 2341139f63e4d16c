using Pgkeep.Diagnostics;
using Pgkeep.Posix;
using Pgkeep.Postgres.Cluster;
using Pgkeep.Repository;

namespace Pgkeep.Restore;

/// <summary>
/// Carries out a plan. Until the recovered server has promoted itself every failure puts the old cluster back, and starts it where it was
/// running; after that the old one stays aside, whole.
/// </summary>
internal sealed class RestoreRun
{
    private readonly RestoreSettings _settings;
    private readonly RestorePlanner _planner;
    private readonly OperationLog _log;
    private readonly TimeProvider _time;

    public RestoreRun(RestoreSettings settings, RestorePlanner planner, OperationLog log, TimeProvider time)
    {
        _settings = settings;
        _planner = planner;
        _log = log;
        _time = time;
    }

    public async Task<RestoreResult> RunAsync(RestorePlan plan, CancellationToken cancellationToken)
    {
        var clock = new PhaseClock(_time);
        var control = new ServerControl(plan.DataDirectory, plan.Programs, plan.Account);
        var serverLog = plan.Running is { } running ? ProcessTable.LogOf(running.ProcessId) : null;
        _log.Write($"Restoring {plan.Backup.Directory} into {plan.DataDirectory}");
        RestoreJournal journal;
        try
        {
            if (plan.Running is not null)
            {
                _log.Write("Stopping the server");
                await control.StopAsync(cancellationToken);
            }

            clock.End("stop");
            journal = await ReplaceAsync(plan, control, clock, cancellationToken);
        }
        catch (Exception failure)
        {
            _log.WriteError(failure.Message);
            await RestartOldAsync(plan, control, serverLog);
            throw;
        }

        await StartRestoredAsync(plan, control, serverLog, journal, cancellationToken);
        clock.End("start");
        _log.Write($"Restore completed; the server is running on {plan.DataDirectory}");
        return new RestoreResult(plan, journal.OldDataDirectory, clock.Phases);
    }

    /// <summary>The old cluster goes aside and the recovered one takes its place, or nothing has changed.</summary>
    private async Task<RestoreJournal> ReplaceAsync(RestorePlan plan, ServerControl control, PhaseClock clock, CancellationToken cancellationToken)
    {
        // The server has archived its last segments while it stopped.
        var wal = await _planner.ProveWalAsync(plan.Metadata, plan.OldDataDirectory, cancellationToken);
        var version = $"PG_{plan.Metadata.Cluster.PostgresqlMajor}_{plan.Metadata.Cluster.CatalogVersion}";
        var tablespaces = plan.Metadata.Tablespaces.Select(tablespace => Path.Combine(tablespace.Location, version));
        var journal = RestoreJournal.Plan(plan.DataDirectory, tablespaces, _time.GetLocalNow());
        OldCluster.MoveAside(journal);
        if (journal.OldDataDirectory is { } old)
        {
            _log.Write($"The old data directory is now {old}");
        }

        try
        {
            Copy(plan, journal, cancellationToken);
            clock.End("copy");
            await RecoverAsync(plan, wal, control, cancellationToken);
            clock.End("replay");
            return journal;
        }
        catch
        {
            OldCluster.PutBack(journal, discard: true);
            _log.Write("The old data directory is back in its place");
            throw;
        }
    }

    private void Copy(RestorePlan plan, RestoreJournal journal, CancellationToken cancellationToken)
    {
        var unpack = new Unpack(plan.Account);
        unpack.CreateDirectory(plan.DataDirectory);
        unpack.Run(Path.Combine(plan.Backup.Directory, RepositoryLayout.MainArchiveName), plan.DataDirectory, cancellationToken);
        foreach (var tablespace in plan.Metadata.Tablespaces)
        {
            unpack.CreateDirectory(tablespace.Location);
            unpack.Run(Path.Combine(plan.Backup.Directory, tablespace.Archive), tablespace.Location, cancellationToken);
        }

        var walDirectory = Path.Combine(plan.DataDirectory, "pg_wal");
        unpack.Run(Path.Combine(plan.Backup.Directory, RepositoryLayout.WalTarName), walDirectory, cancellationToken);
        if (journal.OldDataDirectory is { } old)
        {
            UnarchivedWal.Copy(old, walDirectory, plan.Account);
        }

        foreach (var directory in plan.Metadata.Tablespaces.Select(tablespace => tablespace.Location).Append(plan.DataDirectory))
        {
            FileSystem.SyncAll(directory);
        }

        Unpack.Finish(plan.DataDirectory);
        _log.Write($"Copied {unpack.Files} files, {SizeText.Short(unpack.Bytes)}");
    }

    private async Task RecoverAsync(RestorePlan plan, WalChain wal, ServerControl control, CancellationToken cancellationToken)
    {
        var settings = new RecoverySettings(plan.DataDirectory, plan.Account);
        settings.Write(RecoverySettings.RestoreCommand(_settings.Program, _settings.Layout), plan.TargetTime, wal.Timeline);
        _log.Write(plan.TargetTime is { } target ? $"Replaying WAL up to {target.ToLocalTime():yyyy-MM-dd HH:mm:ss.FFFFFF zzz}" : "Replaying all WAL");
        await using var server = RecoveryServer.Prepare(plan, control);
        try
        {
            await server.RecoverAsync(_settings.RecoveryTimeout, _time, cancellationToken);
            await server.StopAsync(cancellationToken);
        }
        finally
        {
            foreach (var line in server.ReadLog().Split('\n', StringSplitOptions.RemoveEmptyEntries))
            {
                _log.Append($"server: {line}");
            }
        }

        settings.Remove();
    }

    private async Task RestartOldAsync(RestorePlan plan, ServerControl control, string? serverLog)
    {
        if (plan.Running is null || PostmasterFile.OfRunning(plan.DataDirectory) is not null)
        {
            return;
        }

        try
        {
            await control.StartAsync(serverLog, RecoveryServer.ConfigurationOptions(plan), CancellationToken.None);
            _log.Write("The old server is running again");
        }
        catch (PgkeepException second)
        {
            // The first failure is the one to report; this one must not hide it.
            _log.WriteError(second.Message);
        }
    }

    private async Task StartRestoredAsync(
        RestorePlan plan, ServerControl control, string? serverLog, RestoreJournal journal, CancellationToken cancellationToken)
    {
        try
        {
            await control.StartAsync(serverLog, RecoveryServer.ConfigurationOptions(plan), cancellationToken);
        }
        catch (PgkeepException failure)
        {
            _log.WriteError(failure.Message);
            throw new PgkeepException(
                failure.Kind,
                $"the cluster is restored and recovered, but {failure.Message}",
                failure,
                [.. failure.Hints, journal.OldDataDirectory is { } old ? $"the old cluster is in \"{old}\"; pgkeep restore rollback puts it back" : "start it yourself"]);
        }
    }
}
