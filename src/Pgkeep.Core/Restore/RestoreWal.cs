using Pgkeep.Postgres;

namespace Pgkeep.Restore;

/// <param name="Unarchived">Of the old server, copied beside the restored files.</param>
/// <param name="Warnings">What a person should know before saying yes.</param>
internal sealed record RestoreWal(WalChain Chain, IReadOnlyList<UnarchivedFile> Unarchived, IReadOnlyList<string> Warnings)
{
    /// <summary>Whether the backup's own WAL is all there is, since nothing that it leads to was archived: the recovery asks the archive for no segment.</summary>
    public bool EndsWithBackup { get; init; }

    /// <summary>Whether the archive has later segments that a restore of the backup cannot reach.</summary>
    public bool IsCutOff { get; init; }

    /// <summary>How far the last segment goes where it is one that was being received; null where it is whole.</summary>
    public Lsn? ReceivedUntil { get; init; }

    /// <summary>
    /// Timelines that the archive has segments of and nobody the history: no part of the restore, which says so. get-wal calls such a history missing, and a
    /// recovery that looks for a free number would not end.
    /// </summary>
    public IReadOnlyList<TimelineId> WithoutHistory { get; init; } = [];

    /// <summary>The timeline that a restore without a target follows; null where the backup's own WAL is all there is.</summary>
    public TimelineId? Latest { get; init; }

    /// <summary>Whether anything is in the archive.</summary>
    public required bool HasArchive { get; init; }
}
