using Pgkeep.Postgres;
using Pgkeep.Repository;

namespace Pgkeep.Tests.Support;

/// <summary>Backups that exist in their metadata only.</summary>
internal static class MadeUpBackup
{
    public static readonly SystemIdentifier Cluster = new(7_000_000_000_000_000_001);

    private static readonly DateTime FirstName = new(2025, 1, 1, 2, 0, 0, DateTimeKind.Unspecified);

    /// <param name="number">Makes the name, and nothing else: names decide nothing.</param>
    /// <param name="segment">Number of the first segment; the backup ends in the same.</param>
    public static StoredBackup Usable(
        int number, DateTimeOffset stopped, uint timeline = 1, ulong segment = 1, SystemIdentifier? cluster = null, string? parent = null, string wal = BackupMetadata.WalFromArchive, params string[] findings)
    {
        var name = NameOf(number);
        var size = WalSegmentSize.Default;
        var start = new Lsn(segment * size.Bytes) + 0x28;
        var metadata = new BackupMetadata
        {
            FormatVersion = BackupMetadata.CurrentFormatVersion,
            Name = name.ToString(),
            PgkeepVersion = "0.0.0",
            Started = stopped.AddMinutes(-1),
            Stopped = stopped,
            StartLsn = start,
            StopLsn = start + 0x100,
            Timeline = new TimelineId(timeline),
            StartWal = WalSegmentName.FromLsn(new TimelineId(timeline), start, size),
            StopWal = WalSegmentName.FromLsn(new TimelineId(timeline), start, size),
            Wal = wal,
            Source = "files",
            Checkpoint = "fast",
            Compression = "gzip",
            CompressionLevel = 1,
            Cluster = new ClusterMetadata
            {
                SystemIdentifier = cluster ?? Cluster,
                PostgresqlVersion = "15.1",
                PostgresqlMajor = 15,
                DataDirectory = "/data",
                DataChecksums = true,
                BlockSize = 8192,
                WalSegmentSize = size.Bytes,
                ControlFileVersion = 1300,
                CatalogVersion = 202209061,
                Settings = new Dictionary<string, string>(),
            },
            Sizes = new BackupSizes(10, 1000, 100),
            Tablespaces = [],
            Parent = parent,
            Findings = findings,
        };
        return new StoredBackup(name, $"/backups/{name}", metadata, new ChecksumList([]), null);
    }

    public static StoredBackup Unusable(int number, DateTimeOffset modified) =>
        new(NameOf(number), $"/backups/{NameOf(number)}", null, null, "\"backup_metadata.json\" is missing") { Modified = modified };

    private static BackupName NameOf(int number) => new(FirstName.AddSeconds(number));
}
