using Pgkeep.Backup.Sources;
using Pgkeep.Diagnostics;
using Pgkeep.Postgres;
using Pgkeep.Postgres.Cluster;
using Pgkeep.Postgres.Server;
using Pgkeep.Repository;

namespace Pgkeep.Backup;

/// <summary>Everything that is checked before the server is asked to begin: a backup that cannot succeed fails here, in a second.</summary>
/// <param name="WhyThisSource">For the log.</param>
internal sealed record BackupPlan(
    ServerFacts Server, IServerFiles Files, string WhyThisSource, ControlFile Control, IReadOnlyList<TablespaceLink> Tablespaces)
{
    public string DataDirectory => Server["data_directory"];

    public RepositoryIdentity Identity => new(Control.SystemIdentifier, Server.Version.Major, Control.WalSegmentSize);

    public static async Task<BackupPlan> MakeAsync(BackupSettings settings, ServerConnection connection, CancellationToken cancellationToken)
    {
        var server = await ServerFacts.ReadAsync(connection, cancellationToken);
        var (source, why) = await SourceChoice.ChooseAsync(settings.Source, connection, server, cancellationToken);
        CheckSettings(server);
        IServerFiles files = source == SourceName.Sql
            ? await SqlFiles.OpenAsync(settings.Connection, connection, settings.Jobs, server, cancellationToken)
            : new LocalFiles(server["data_directory"]);
        try
        {
            return new BackupPlan(server, files, why, ReadControl(files).Control, TablespacesOf(settings.Layout, server["data_directory"], files));
        }
        catch
        {
            files.Dispose();
            throw;
        }
    }

    public static (ControlFile Control, byte[] Content) ReadControl(IServerFiles files) => ControlFileReader.ReadWithContent(
        () => files.TryRead(ControlFileReader.RelativePath) ?? throw new PgkeepException(ErrorKind.ServerUnsuitable, $"the server has no \"{ControlFileReader.RelativePath}\""),
        ControlFileReader.RelativePath);

    /// <summary>Those there are at this moment, none of them in the repository's way.</summary>
    public static IReadOnlyList<TablespaceLink> TablespacesOf(RepositoryLayout layout, string dataDirectory, IServerFiles files)
    {
        var tablespaces = files.Tablespaces();
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
}
