using System.Diagnostics.CodeAnalysis;

namespace Pgkeep.Postgres;

/// <summary>
/// What differs between the major versions: one row each, and the only place that knows. Code asks its row for a fact and never
/// compares version numbers.
/// </summary>
/// <remarks>
/// Sources, each in the branch of that major: src/include/catalog/pg_control.h (PG_CONTROL_VERSION), catversion.h
/// (CATALOG_VERSION_NO, fixed from the first release on), src/include/access/xlog_internal.h (XLOG_PAGE_MAGIC),
/// src/backend/backup/backup_manifest.c, pg_class.h and pg_database.h beside catversion.h, and the release notes. The numbers were read from real
/// clusters of all six.
/// </remarks>
internal sealed record PostgresVersion
{
    private const string OldStart = "pg_start_backup";
    private const string OldStop = "pg_stop_backup";

    private PostgresVersion()
    {
    }

    public static IReadOnlyList<PostgresVersion> All { get; } =
    [
        new()
        {
            Major = 13, ControlFileVersion = 1300, ControlFileChecksumOffset = 288, CatalogVersion = 202007201, WalMagic = 0xD106,
            BackupStartFunction = OldStart, BackupStopFunction = OldStop, HasExclusiveBackup = true, ManifestVersion = 1,
            DatabaseConnectionLimitOffset = 208, DatabaseTablespaceOffset = 224,
        },
        new()
        {
            Major = 14, ControlFileVersion = 1300, ControlFileChecksumOffset = 288, CatalogVersion = 202107181, WalMagic = 0xD10D,
            BackupStartFunction = OldStart, BackupStopFunction = OldStop, HasExclusiveBackup = true, ManifestVersion = 1,
            TablespaceMapEscapesBackslash = true, DatabaseConnectionLimitOffset = 208, DatabaseTablespaceOffset = 224,
        },
        new()
        {
            Major = 15, ControlFileVersion = 1300, ControlFileChecksumOffset = 288, CatalogVersion = 202209061, WalMagic = 0xD110,
            ManifestVersion = 1, TablespaceMapEscapesBackslash = true, HasArchiveLibrary = true, HasReadReplicationSlot = true, HasRecoveryPrefetch = true,
        },
        new()
        {
            Major = 16, ControlFileVersion = 1300, ControlFileChecksumOffset = 288, CatalogVersion = 202307071, WalMagic = 0xD113,
            ManifestVersion = 1, TablespaceMapEscapesBackslash = true, HasArchiveLibrary = true, ArchiveLibraryExcludesCommand = true, HasReadReplicationSlot = true, HasRecoveryPrefetch = true,
        },
        new()
        {
            Major = 17, ControlFileVersion = 1700, ControlFileChecksumOffset = 288, CatalogVersion = 202406281, WalMagic = 0xD116,
            ManifestVersion = 2, TablespaceMapEscapesBackslash = true, HasArchiveLibrary = true, ArchiveLibraryExcludesCommand = true, HasReadReplicationSlot = true, HasRecoveryPrefetch = true,
            HasWalSummaries = true, HasEventTriggersSetting = true,
        },
        new()
        {
            Major = 18, ControlFileVersion = 1800, ControlFileChecksumOffset = 292, CatalogVersion = 202506291, WalMagic = 0xD118,
            ManifestVersion = 2, TablespaceMapEscapesBackslash = true, HasArchiveLibrary = true, ArchiveLibraryExcludesCommand = true, HasReadReplicationSlot = true, HasRecoveryPrefetch = true,
            HasWalSummaries = true, HasEventTriggersSetting = true, RelationKindOffset = 119,
        },
    ];

    public required int Major { get; init; }

    /// <summary>pg_control_version; 13 to 16 share one.</summary>
    public required uint ControlFileVersion { get; init; }

    /// <summary>Where in pg_control the CRC lies, which is also the number of bytes that it covers.</summary>
    public required int ControlFileChecksumOffset { get; init; }

    /// <summary>catalog_version_no of every release of this major; betas have others.</summary>
    public required uint CatalogVersion { get; init; }

    /// <summary>The first two bytes of every WAL page.</summary>
    public required ushort WalMagic { get; init; }

    /// <summary>Of the backup_manifest that the server itself writes; 2 adds the system identifier.</summary>
    public required int ManifestVersion { get; init; }

    /// <summary>The SQL function that begins a base backup; takes label and "fast" first.</summary>
    public string BackupStartFunction { get; private init; } = "pg_backup_start";

    public string BackupStopFunction { get; private init; } = "pg_backup_stop";

    /// <summary>Whether both functions must be told by <c>exclusive => false</c> that the backup is not the exclusive kind.</summary>
    public bool HasExclusiveBackup { get; private init; }

    /// <summary>Whether a backslash in a tablespace's path is doubled in tablespace_map. 13 escapes line ends alone.</summary>
    public bool TablespaceMapEscapesBackslash { get; private init; }

    public bool HasArchiveLibrary { get; private init; }

    /// <summary>Whether the archiver refuses to work when archive_library and archive_command are both set.</summary>
    public bool ArchiveLibraryExcludesCommand { get; private init; }

    /// <summary>Whether <c>pg_wal/summaries</c> exists, whose contents never belong into a backup.</summary>
    public bool HasWalSummaries { get; private init; }

    /// <summary>Whether a replication session can ask about a slot (release notes of 15).</summary>
    public bool HasReadReplicationSlot { get; private init; }

    /// <summary>Whether a recovery reads WAL ahead of what it replays (recovery_prefetch, release notes of 15).</summary>
    public bool HasRecoveryPrefetch { get; private init; }

    /// <summary>Whether the setting event_triggers is there, without which a database's own trigger runs as somebody logs in (release notes of 17).</summary>
    public bool HasEventTriggersSetting { get; private init; }

    /// <summary>Where relkind lies in a row of pg_class: bytes behind the row's header. What comes before reltablespace's end is the same everywhere.</summary>
    public int RelationKindOffset { get; private init; } = 115;

    /// <summary>Where datconnlimit lies in a row of pg_database.</summary>
    public int DatabaseConnectionLimitOffset { get; private init; } = 80;

    public int DatabaseTablespaceOffset { get; private init; } = 92;

    /// <summary>The whole call that begins a base backup; $1 is the label, $2 is true for a fast checkpoint.</summary>
    public string BackupStartCall => HasExclusiveBackup ? $"{BackupStartFunction}($1, $2, false)" : $"{BackupStartFunction}($1, $2)";

    /// <summary>The whole call that ends it; $1 is true when the server shall wait for its WAL to be archived.</summary>
    public string BackupStopCall => HasExclusiveBackup ? $"{BackupStopFunction}(false, $1)" : $"{BackupStopFunction}($1)";

    public static bool TryGet(int major, [NotNullWhen(true)] out PostgresVersion? version) => TryFind(row => row.Major == major, out version);

    /// <summary>Finds the major that wrote a control file. The catalog version decides where the layout's version is shared.</summary>
    public static bool TryGetByControlFile(uint controlFileVersion, uint catalogVersion, [NotNullWhen(true)] out PostgresVersion? version) =>
        TryFind(row => row.ControlFileVersion == controlFileVersion && row.CatalogVersion == catalogVersion, out version);

    public static bool TryGetByWalMagic(ushort magic, [NotNullWhen(true)] out PostgresVersion? version) => TryFind(row => row.WalMagic == magic, out version);

    private static bool TryFind(Func<PostgresVersion, bool> matches, [NotNullWhen(true)] out PostgresVersion? version)
    {
        version = All.FirstOrDefault(matches);
        return version is not null;
    }
}
