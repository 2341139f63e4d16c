using Pgkeep.Backup.Sources;
using Pgkeep.Postgres.Server;
using Pgkeep.Repository;
using Pgkeep.Streams.Codecs;

namespace Pgkeep.Backup;

internal sealed record BackupSettings
{
    public required RepositoryLayout Layout { get; init; }

    public required ConnectionSettings Connection { get; init; }

    public required SourceName Source { get; init; }

    /// <summary>Where PostgreSQL's client programs are; null to look for them.</summary>
    public string? BinDirectory { get; init; }

    /// <summary>Workers that read, check and compress at a time.</summary>
    public required int Jobs { get; init; }

    /// <summary>Of the archives.</summary>
    public required Compression Compression { get; init; }

    /// <summary>Bytes per second that are read from the data directory; null for no limit.</summary>
    public long? MaxRate { get; init; }

    /// <summary>False spreads the checkpoint over time, which spares the disk and can take minutes.</summary>
    public required bool FastCheckpoint { get; init; }

    /// <summary>How long the server may take to archive the next segment that the backup needs.</summary>
    public required TimeSpan ArchiveWait { get; init; }

    public required string PgkeepVersion { get; init; }
}
