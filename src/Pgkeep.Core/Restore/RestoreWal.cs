using Pgkeep.Diagnostics;
using Pgkeep.Postgres;

namespace Pgkeep.Restore;

/// <param name="Unarchived">Of the old server, copied beside the restored files.</param>
/// <param name="Warnings">What a person should know before saying yes.</param>
internal sealed record RestoreWal(WalChain Chain, IReadOnlyList<UnarchivedFile> Unarchived, IReadOnlyList<string> Warnings)
{
    public required RecoveryEnd End { get; init; }

    public required RecoveryPath Path { get; init; }

    /// <summary>Whether segments are missing behind the end of the recovery, and later ones are stored: no server may read ahead into that.</summary>
    public bool HasHoleBehind { get; init; }

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

    /// <summary>From the first segment's start to the recovery's end.</summary>
    public long Bytes(WalSegmentSize size) => (long)((End.Stop?.Record ?? Chain.Last.Next(size).StartLsn(size)) - Chain.First.StartLsn(size));

    /// <summary>Why a target behind the last commit is none (<see cref="RecoveryEnd.IsBehindAll"/>), and what gives the same.</summary>
    public PgkeepException BehindAll()
    {
        var last = End.LastCommit is { } commit
            ? $"the last commit in the archive is at {commit.Time.ToLocalTime():yyyy-MM-dd HH:mm:ss.FFFFFF zzz} (transaction {commit.Xid}, at {commit.Start})"
            : "no commit behind the backup is in the archive";
        return new PgkeepException(
            ErrorKind.TargetUnreachable,
            $"the target, {End.Target}, would not be reached: {last}",
            Latest is { } latest && latest != Chain.Timeline
                ? $"take a moment before that commit, or all of timeline {Chain.Timeline}: --target-timeline {Chain.Timeline}; without a target the restore follows timeline {latest}, which began after it, with all that was written there"
                : "everything up to that commit is what you get without a target: leave it out",
            "after a restore to an earlier moment, later ones can be reached again once it is undone: pgkeep restore rollback");
    }
}
