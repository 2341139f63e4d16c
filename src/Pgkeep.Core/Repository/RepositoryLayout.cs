using Pgkeep.Posix;

namespace Pgkeep.Repository;

/// <summary>Where things lie in a repository on disk; <c>docs/repository-format.md</c> is normative.</summary>
/// <param name="BackupDirectory">Absolute.</param>
/// <param name="WalDirectory">Absolute; usually <c>wal_archive</c> below it, but it may be anywhere.</param>
internal sealed record RepositoryLayout(string BackupDirectory, string WalDirectory)
{
    public const string MarkerName = "repository.json";
    public const string WalFolderName = "wal_archive";
    public const string IndexFolderName = "wal_index";
    public const string ArchiveLogName = "archive.log";
    public const string BackupLogName = "backup.log";
    public const string ReceivingFolderName = ".receiving";
    public const string LatestName = "latest";
    public const string MetadataName = "backup_metadata.json";
    public const string ChecksumsName = "checksums.sha256";
    public const string ManifestName = "backup_manifest";
    public const string CatalogName = "catalog.json.gz";

    public string LatestLink => Path.Combine(BackupDirectory, LatestName);

    public string BackupLog => Path.Combine(BackupDirectory, BackupLogName);

    public string CronLog => Path.Combine(BackupDirectory, "cron.log");

    /// <summary>What can be made again of the archive, wherever that lies.</summary>
    public string IndexDirectory => Path.Combine(BackupDirectory, IndexFolderName);

    public string ArchiveLog => Path.Combine(WalDirectory, ArchiveLogName);

    /// <summary>Of the segments that are being received, one directory for each slot. No listing of the archive shows it.</summary>
    public string ReceivingDirectory => Path.Combine(WalDirectory, ReceivingFolderName);

    /// <summary>What changes after a backup is written: the lock and later results. Never inside a backup's own directory.</summary>
    public string StateDirectory => Path.Combine(BackupDirectory, ".pgkeep");

    /// <summary>True where the archive lies somewhere else than below the backups, and so carries a marker of its own.</summary>
    public bool IsArchiveApart => WalDirectory != Path.Combine(BackupDirectory, WalFolderName);

    public static RepositoryLayout Of(string backupDirectory, string? walDirectory)
    {
        var backups = Path.TrimEndingDirectorySeparator(Path.GetFullPath(backupDirectory));
        var wal = walDirectory is null
            ? Path.Combine(backups, WalFolderName)
            : Path.TrimEndingDirectorySeparator(Path.GetFullPath(walDirectory));
        return new RepositoryLayout(backups, wal);
    }

    /// <summary>True where one of the two paths lies inside the other, links followed: a backup would then contain itself, or a restore move it away.</summary>
    /// <returns>Which of the repository's own directories it is; null where they lie apart.</returns>
    public string? OverlapWith(string directory)
    {
        var other = FileSystem.Resolve(directory);
        return new[] { BackupDirectory, WalDirectory }.FirstOrDefault(own =>
            FileSystem.Resolve(own) is var resolved && (FileSystem.IsInside(resolved, other) || FileSystem.IsInside(other, resolved)));
    }
}
