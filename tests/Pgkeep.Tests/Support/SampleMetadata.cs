using Pgkeep.Postgres;
using Pgkeep.Repository;

namespace Pgkeep.Tests.Support;

/// <summary>A backup of timeline 1 whose WAL is the segments 2 and 3.</summary>
internal static class SampleMetadata
{
    public static BackupMetadata Create() => new()
    {
        FormatVersion = BackupMetadata.CurrentFormatVersion,
        Name = "backup_20250108_143000",
        PgkeepVersion = "0.1.0",
        Started = new DateTimeOffset(2025, 1, 8, 14, 30, 0, TimeSpan.FromHours(1)),
        Stopped = new DateTimeOffset(2025, 1, 8, 14, 30, 4, 123, TimeSpan.FromHours(1)),
        StartLsn = new Lsn(0x2000028),
        StopLsn = new Lsn(0x3000100),
        Timeline = TimelineId.First,
        StartWal = Segment("000000010000000000000002"),
        StopWal = Segment("000000010000000000000003"),
        Source = "files",
        Checkpoint = "fast",
        Compression = "gzip",
        CompressionLevel = 1,
        Cluster = new ClusterMetadata
        {
            SystemIdentifier = new SystemIdentifier(7_000_000_000_000_000_001),
            PostgresqlVersion = "15.18",
            PostgresqlMajor = 15,
            DataDirectory = "/var/lib/postgresql/15/main",
            ConfigFile = "/etc/postgresql/15/main/postgresql.conf",
            DataChecksums = true,
            BlockSize = 8192,
            WalSegmentSize = WalSegmentSize.Default.Bytes,
            ControlFileVersion = 1300,
            CatalogVersion = 202209061,
            Settings = new Dictionary<string, string> { ["max_connections"] = "100" },
        },
        Sizes = new BackupSizes(3, 1000, 100),
        Tablespaces = [new TablespaceMetadata(16384, "/srv/größer", "16384.tar.gz")],
        Findings = ["a finding"],
    };

    public static WalSegmentName Segment(string name) =>
        WalSegmentName.TryParse(name, out var segment) ? segment : throw new ArgumentException($"\"{name}\" is no segment", nameof(name));
}
