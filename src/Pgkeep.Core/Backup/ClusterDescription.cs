using Pgkeep.Backup.Sources;
using Pgkeep.Posix;
using Pgkeep.Postgres;
using Pgkeep.Postgres.Cluster;
using Pgkeep.Postgres.Server;
using Pgkeep.Repository;

namespace Pgkeep.Backup;

/// <summary>What a restore will want to know of the server, on a day when the server is gone.</summary>
internal static class ClusterDescription
{
    private static readonly string[] ConfigurationSettings = ["config_file", "hba_file", "ident_file"];

    /// <summary>Kept as their own fields, or of no use later.</summary>
    private static readonly string[] NotSettings = ["data_directory", "config_file", "hba_file", "ident_file", "server_version", "server_version_num", "data_checksums", "data_directory_mode"];

    public static ClusterMetadata Of(BackupPlan plan) =>
        plan.Files is LocalFiles ? WithThisHosts(Of(plan.Server, plan.Control), plan.DataDirectory) : Of(plan.Server, plan.Control);

    /// <summary>Paths that the server did not tell are empty.</summary>
    public static ClusterMetadata Of(ServerFacts server, ControlFile control) => new()
    {
        SystemIdentifier = control.SystemIdentifier,
        PostgresqlVersion = server["server_version"].Split(' ')[0],
        PostgresqlMajor = server.Version.Major,
        DataDirectory = server["data_directory"],
        ConfigFile = Outside(server, "config_file"),
        HbaFile = Outside(server, "hba_file"),
        IdentFile = Outside(server, "ident_file"),
        DataChecksums = control.HasDataChecksums,
        BlockSize = control.BlockSize,
        WalSegmentSize = control.WalSegmentSize.Bytes,
        ControlFileVersion = control.ControlFileVersion,
        CatalogVersion = control.CatalogVersion,
        Build = server.Build,
        CollationVersions = server.CollationVersions,
        Settings = server.Settings.Where(setting => !NotSettings.Contains(setting.Key)).OrderBy(setting => setting.Key, StringComparer.Ordinal).ToDictionary(),
    };

    /// <summary>Also where the server did not tell.</summary>
    public static bool MayHaveConfigurationOutside(ServerFacts server) =>
        ConfigurationSettings.Any(setting => server[setting].Length == 0 || Outside(server, setting) is not null);

    /// <summary>Debian keeps the configuration outside the data directory, where a base backup does not look.</summary>
    private static string? Outside(ServerFacts server, string setting)
    {
        var path = server[setting];
        var inside = path.Length == 0 || FileSystem.Resolve(path).StartsWith(FileSystem.Resolve(server["data_directory"]) + "/", StringComparison.Ordinal);
        return inside ? null : path;
    }

    /// <summary>This host is the server's; only a container can give it another libc than ours, and then it usually tells.</summary>
    private static ClusterMetadata WithThisHosts(ClusterMetadata cluster, string dataDirectory) => cluster with
    {
        BinDirectory = BinDirectoryOf(dataDirectory),
        CollationVersions = cluster.CollationVersions.ContainsKey("libc") || HostLibrary.LibcVersion is not { } libc
            ? cluster.CollationVersions
            : new Dictionary<string, string>(cluster.CollationVersions) { ["libc"] = libc },
    };

    private static string? BinDirectoryOf(string dataDirectory) =>
        PostmasterFile.OfRunning(dataDirectory) is { } running && ProcessTable.ProgramOf(running.ProcessId) is { } program
            ? Path.GetDirectoryName(program)
            : null;
}
