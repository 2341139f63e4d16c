using Pgkeep.Posix;
using Pgkeep.Postgres;
using Pgkeep.Postgres.Cluster;
using Pgkeep.Postgres.Wal.Targets;
using Pgkeep.Repository;
using Pgkeep.Restore.Databases;
using Pgkeep.Restore.InPlace;
using Pgkeep.Restore.Places;

namespace Pgkeep.Restore;

/// <summary>Everything a restore needs, proven while nothing has been touched.</summary>
internal sealed record RestorePlan
{
    public required StoredBackup Backup { get; init; }

    public required BackupMetadata Metadata { get; init; }

    public required bool IsBackupChosenByTarget { get; init; }

    /// <summary>A restore that pgkeep was killed in, and that is undone first; null where there is none.</summary>
    public required RestoreJournal? BrokenOff { get; init; }

    /// <summary>The journal of the newest restore, broken off or over; null for none, and of a copy.</summary>
    public string? NewestJournal { get; init; }

    /// <summary>As it was asked for.</summary>
    public required RecoveryTarget Target { get; init; }

    public required RestoreWal Wal { get; init; }

    public required string DataDirectory { get; init; }

    public required IReadOnlyList<TablespacePlace> Tablespaces { get; init; }

    /// <summary>Where the old cluster is now, which a restore that was broken off may have moved; null where there is nothing to move aside.</summary>
    public required string? OldDataDirectory { get; init; }

    /// <summary>What is emptied first, and how.</summary>
    public OldPlaces Places { get; init; } = OldPlaces.None;

    /// <summary>What earlier restores have left aside; oldest first.</summary>
    public IReadOnlyList<KeptData> Kept { get; init; } = [];

    public RestoreSpace Space { get; init; } = new([]);

    /// <summary>What becomes of the old files.</summary>
    public FileReuse Reuse { get; init; }

    /// <summary>A restore in place that is not over, whose directory this one finds; null where there is none.</summary>
    public InPlaceJournal? Begun { get; init; }

    /// <summary>Null where all databases come with their content.</summary>
    public DatabaseChoice? Databases { get; init; }

    /// <summary>Null where no server runs on it.</summary>
    public required PostmasterFile? Running { get; init; }

    /// <summary>Owner of what is written, and who runs the server.</summary>
    public required Account Account { get; init; }

    public required ServerPrograms Programs { get; init; }

    /// <summary>How the server is stopped and started.</summary>
    public required ServerControl Control { get; init; }

    /// <summary>Of the programs, and of the backup's server.</summary>
    public required PostgresVersion Version { get; init; }

    /// <summary>For the server's command line: settings that name a configuration outside the data directory.</summary>
    public required IReadOnlyList<string> ConfigurationOptions { get; init; }

    /// <summary>What is different on this machine from the backup's, and a person should know before saying yes.</summary>
    public IReadOnlyList<string> HostWarnings { get; init; } = [];
}
