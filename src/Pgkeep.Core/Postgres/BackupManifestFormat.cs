namespace Pgkeep.Postgres;

/// <summary>The versions of backup_manifest: 1 from PostgreSQL 13 on, 2 from 17 on.</summary>
// PostgreSQL src/common/parse_manifest.c, json_manifest_finalize_version
internal static class BackupManifestFormat
{
    public const int FirstVersion = 1;
    public const int VersionWithIdentifier = 2;
    public const int LastVersion = 2;
}
