using Pgkeep.Backup.Sources;
using Pgkeep.Posix;
using Pgkeep.Postgres.Cluster;
using Pgkeep.Repository;

namespace Pgkeep.Backup;

/// <summary>What a restore will want to know of the server, on a day when the server is gone.</summary>
internal static class ClusterDescription
{
    /// <summary>Kept as their own fields, or of no use later.</summary>
    private static readonly string[] NotSettings = ["data_directory", "config_file", "hba_file", "ident_file", "server_version", "server_version_num", "data_checksums", "data_directory_mode"];

    public static ClusterMetadata Of(BackupPlan plan) => new()
    {
        SystemIdentifier = plan.Control.SystemIdentifier,
        PostgresqlVersion = plan.Server["server_version"].Split(' ')[0],
        PostgresqlMajor = plan.Server.Version.Major,
        DataDirectory = plan.DataDirectory,
        ConfigFile = Outside(plan, "config_file"),
        HbaFile = Outside(plan, "hba_file"),
        IdentFile = Outside(plan, "ident_file"),
        BinDirectory = plan.Files is LocalFiles ? BinDirectoryOf(plan.DataDirectory) : null,
        DataChecksums = plan.Control.HasDataChecksums,
        BlockSize = plan.Control.BlockSize,
        WalSegmentSize = plan.Control.WalSegmentSize.Bytes,
        ControlFileVersion = plan.Control.ControlFileVersion,
        CatalogVersion = plan.Control.CatalogVersion,
        Settings = plan.Server.Settings.Where(setting => !NotSettings.Contains(setting.Key)).OrderBy(setting => setting.Key, StringComparer.Ordinal).ToDictionary(),
    };

    /// <summary>Debian keeps the configuration outside the data directory, where a base backup does not look.</summary>
    private static string? Outside(BackupPlan plan, string setting)
    {
        var path = plan.Server[setting];
        var inside = path.Length == 0 || FileSystem.Resolve(path).StartsWith(FileSystem.Resolve(plan.DataDirectory) + "/", StringComparison.Ordinal);
        return inside ? null : path;
    }

    private static string? BinDirectoryOf(string dataDirectory) =>
        PostmasterFile.OfRunning(dataDirectory) is { } running && ProcessTable.ProgramOf(running.ProcessId) is { } program
            ? Path.GetDirectoryName(program)
            : null;
}
