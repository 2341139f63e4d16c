using Pgkeep.Diagnostics;
using Pgkeep.Postgres.Server;
using Pgkeep.Repository;

namespace Pgkeep.Backup;

/// <summary><c>restore-point NAME</c>: done only when the archive has the WAL up to the point, for only then can a restore end there.</summary>
internal static class RestorePointRun
{
    public static async Task<RestorePoint> RunAsync(
        RepositoryLayout layout, ConnectionSettings settings, TimeSpan archiveWait, string name, Action<string> tell, TimeProvider time, CancellationToken cancellationToken)
    {
        RestorePoint.CheckName(name);
        var stores = ArchiveStores.Of(layout);
        var repository = await RepositoryMarker.RequireAsync(stores.Marked[0], cancellationToken);
        await using var connection = await ServerConnection.OpenAsync(settings, cancellationToken);
        var server = await ServerFacts.ReadAsync(connection, cancellationToken);
        await RoleRights.RequireAsync(connection, ["pg_create_restore_point", "pg_switch_wal"], [], cancellationToken);
        RequireArchivingPrimary(server);
        foreach (var store in stores.Marked)
        {
            await RepositoryMarker.RequireMatchAsync(
                store, new RepositoryIdentity(server.SystemIdentifier, server.Version.Major, repository.WalSegmentSize), cancellationToken);
        }

        var watch = new ArchiveWatch(stores.Archive, layout, connection, archiveWait, time);
        await watch.WaitForRecoveryAsync(tell, cancellationToken);
        var point = await RestorePoint.CreateAsync(connection, name, cancellationToken);
        await watch.WaitAsync(point.Segment, cancellationToken);
        return point;
    }

    private static void RequireArchivingPrimary(ServerFacts server)
    {
        if (server.IsInRecovery)
        {
            throw new PgkeepException(ErrorKind.ServerUnsuitable, "the server is a standby, and only a primary can write a restore point", "run this against the primary");
        }

        BackupPlan.CheckSettings(server);
        if (server.WhyNoArchiving is { } why)
        {
            throw new PgkeepException(
                ErrorKind.ServerUnsuitable,
                $"{why}: no WAL is archived, and no restore could end at the point",
                "set archive_mode = on, archive_command = '/path/to/scripts/archive-wal.sh %p %f' and restart the server");
        }
    }
}
