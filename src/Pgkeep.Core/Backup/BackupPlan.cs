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

    /// <summary>A standby's own wal_level says nothing of the WAL that it gets.</summary>
    public static void CheckSettings(ServerFacts server)
    {
        if (!server.IsInRecovery && server["wal_level"] == "minimal")
        {
            throw new PgkeepException(
                ErrorKind.ServerUnsuitable, "wal_level is minimal: the WAL does not hold what a backup needs", "set wal_level = replica and restart the server");
        }
    }
}
