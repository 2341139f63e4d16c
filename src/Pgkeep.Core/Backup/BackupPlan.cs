using Pgkeep.Diagnostics;
using Pgkeep.Postgres;
using Pgkeep.Postgres.Cluster;
using Pgkeep.Postgres.Server;
using Pgkeep.Repository;

namespace Pgkeep.Backup;

/// <summary>Everything that is checked before the server is asked to begin: a backup that cannot succeed fails here, in a second.</summary>
internal sealed record BackupPlan(ServerFacts Server, string DataDirectory, ControlFile Control, IReadOnlyList<TablespaceLink> Tablespaces)
{
    public RepositoryIdentity Identity => new(Control.SystemIdentifier, Server.Version.Major, Control.WalSegmentSize);

    public static async Task<BackupPlan> MakeAsync(BackupSettings settings, ServerConnection connection, CancellationToken cancellationToken)
    {
        var server = await ServerFacts.ReadAsync(connection, cancellationToken);
        await CheckRightsAsync(server, connection, cancellationToken);
        CheckSettings(server);
        var dataDirectory = LocalDataDirectory(server);
        var control = ControlFileReader.Read(dataDirectory);
        if (control.SystemIdentifier != server.SystemIdentifier)
        {
            throw new PgkeepException(
                ErrorKind.ServerUnsuitable,
                $"the local \"{dataDirectory}\" has the system identifier {control.SystemIdentifier}, and the connected server {server.SystemIdentifier}",
                "the server runs on another host: run pgkeep backup there");
        }

        return new BackupPlan(server, dataDirectory, control, TablespacesOf(settings.Layout, dataDirectory));
    }

    /// <summary>Those there are at this moment, none of them in the repository's way.</summary>
    public static IReadOnlyList<TablespaceLink> TablespacesOf(RepositoryLayout layout, string dataDirectory)
    {
        var tablespaces = TablespaceLinks.Of(dataDirectory);
        foreach (var directory in tablespaces.Select(tablespace => tablespace.Location).Prepend(dataDirectory))
        {
            if (layout.OverlapWith(directory) is { } own)
            {
                throw new PgkeepException(
                    ErrorKind.Configuration,
                    $"the repository's \"{own}\" and the server's directory \"{directory}\" lie one inside the other",
                    "a backup would contain itself, and a restore would move it away: set BACKUP_DIR to a place of its own, best on another disk");
            }
        }

        return tablespaces;
    }

    /// <summary>Without these the server's WAL does not reach an archive whole.</summary>
    public static void CheckSettings(ServerFacts server)
    {
        if (server.IsInRecovery)
        {
            throw new PgkeepException(ErrorKind.ServerUnsuitable, "the server is a standby, and this version works with primaries only", "run this against the primary");
        }

        if (server["wal_level"] == "minimal")
        {
            throw new PgkeepException(
                ErrorKind.ServerUnsuitable, "wal_level is minimal: the WAL does not hold what a backup needs", "set wal_level = replica and restart the server");
        }

        if (server["archive_mode"] == "off")
        {
            throw new PgkeepException(
                ErrorKind.ServerUnsuitable,
                "archive_mode is off: the server's WAL is not kept",
                "set archive_mode = on, archive_command = '/path/to/scripts/archive-wal.sh %p %f' and restart the server");
        }

        if (server["archive_command"] is "" or "(disabled)" && server["archive_library"].Length == 0)
        {
            throw new PgkeepException(
                ErrorKind.ServerUnsuitable,
                "archive_mode is on, and archive_command is empty: the server keeps its WAL and archives nothing",
                "set archive_command = '/path/to/scripts/archive-wal.sh %p %f' and reload the server");
        }
    }

    /// <summary>The rights that a role has to be given; a superuser has them.</summary>
    private static async Task CheckRightsAsync(ServerFacts server, ServerConnection connection, CancellationToken cancellationToken)
    {
        List<string> grants = server["data_directory"].Length == 0 ? ["GRANT pg_read_all_settings TO {0};"] : [];
        await RoleRights.RequireAsync(connection, [server.Version.BackupStartFunction, server.Version.BackupStopFunction], grants, cancellationToken);
    }

    private static string LocalDataDirectory(ServerFacts server)
    {
        var path = server["data_directory"];
        return Directory.Exists(path)
            ? path
            : throw new PgkeepException(
                ErrorKind.ServerUnsuitable,
                $"the server's data directory \"{path}\" cannot be seen from here",
                "run pgkeep backup on the server's own host, as the server's account");
    }
}
