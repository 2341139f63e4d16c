using System.Diagnostics;
using Pgkeep.Postgres;
using Pgkeep.Postgres.Cluster;
using Pgkeep.Postgres.Wal.Targets;
using Pgkeep.Repository;

namespace Pgkeep.Restore;

/// <summary>Makes a cluster out of the copied files: a server that nobody can reach replays the WAL to the plan's target and promotes itself.</summary>
internal sealed class ClusterRecovery
{
    private readonly RestoreSettings _settings;
    private readonly RestorePlan _plan;
    private readonly ServerControl _control;
    private readonly OperationLog _log;
    private readonly TimeProvider _time;
    private readonly RecoverySettings _files;

    /// <param name="plan">With the WAL as it is now.</param>
    public ClusterRecovery(RestoreSettings settings, RestorePlan plan, ServerControl control, OperationLog log, TimeProvider time)
    {
        _settings = settings;
        _plan = plan;
        _control = control;
        _log = log;
        _time = time;
        _files = new RecoverySettings(plan.DataDirectory, plan.Account);
    }

    /// <summary>Writes the settings and <c>recovery.signal</c>: whoever starts the server from now on starts the recovery.</summary>
    public async Task PrepareAsync(CancellationToken cancellationToken)
    {
        var wal = _plan.Wal;
        var command = wal.EndsWithBackup
            ? RecoverySettings.OwnWalCommand(_settings.Program, _settings.Layout, _settings.Fetch, wal.HasArchive)
            : RecoverySettings.RestoreCommand(_settings.Program, _settings.Layout, _settings.Fetch, wal.Chain.Timeline);
        command = RecoverySettings.Without(wal.WithoutHistory, command);
        var archiving = await _control.ReadSettingAsync("archive_mode", _plan.ConfigurationOptions, cancellationToken)
            ?? _plan.Metadata.Cluster.Settings.GetValueOrDefault("archive_mode");
        var version = PostgresVersion.TryGet(_plan.Metadata.Cluster.PostgresqlMajor, out var row) ? row : throw new UnreachableException("a program of that major was found");
        _files.Write(command, wal.End.Told, wal.Chain.Timeline, archivesRestored: archiving == "always", readsAhead: !(wal.HasHoleBehind && version.HasRecoveryPrefetch));
    }

    /// <summary>Returns when the WAL is replayed, the server has promoted itself, and was looked at; it is stopped then, and the settings are gone.</summary>
    /// <param name="recovered">To look at it. From this call on what was restored is a cluster of its own.</param>
    public async Task RunAsync(Func<RecoveryServer, Task> recovered, CancellationToken cancellationToken)
    {
        var end = _plan.Wal.End.Told;
        _log.Write(end.Kind != RecoveryTargetKind.Latest ? $"Replaying WAL {(end.IsExclusive ? "before" : "up to")} {end}" : _plan.Wal.EndsWithBackup ? "Replaying the backup's own WAL" : "Replaying all WAL");
        await using var server = new RecoveryServer(_plan, _control, _time);
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

        await recovered(server);
        await server.StopAsync();
        _files.Remove();
    }
}
