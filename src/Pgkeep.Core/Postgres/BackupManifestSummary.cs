namespace Pgkeep.Postgres;

/// <summary>What a backup_manifest says besides its files.</summary>
/// <param name="SystemIdentifier">Null in version 1.</param>
internal sealed record BackupManifestSummary(int Version, SystemIdentifier? SystemIdentifier, IReadOnlyList<WalRange> WalRanges);
