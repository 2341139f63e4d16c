using System.Diagnostics.CodeAnalysis;
using Pgkeep.Diagnostics;

namespace Pgkeep.Repository;

/// <param name="Directory">Absolute, links followed.</param>
/// <param name="Problem">Why it cannot be used; null for a usable one, which has metadata and checksums. A damaged one may have either.</param>
internal sealed record StoredBackup(BackupName Name, string Directory, BackupMetadata? Metadata, ChecksumList? Checksums, string? Problem)
{
    [MemberNotNullWhen(true, nameof(Metadata), nameof(Checksums))]
    public bool IsUsable => Problem is null;

    /// <summary>When its directory was last changed: all that is known of the time of an unusable one.</summary>
    public DateTimeOffset? Modified { get; init; }

    /// <summary>What a command needs before it works with a backup.</summary>
    public (BackupMetadata Metadata, ChecksumList Checksums) RequireUsable() => IsUsable
        ? (Metadata, Checksums)
        : throw new PgkeepException(ErrorKind.BackupDamaged, $"the backup \"{Directory}\" cannot be used: {Problem}", "pgkeep list shows the backups that can be used");
}
