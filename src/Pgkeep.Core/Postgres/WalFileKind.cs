namespace Pgkeep.Postgres;

/// <summary>The files that a server hands to <c>archive_command</c>.</summary>
internal enum WalFileKind
{
    /// <summary>A complete segment.</summary>
    Segment,

    /// <summary>The unfinished last segment of a timeline that a promotion ended. Recovery never asks for it.</summary>
    Partial,

    /// <summary>Where a timeline branched off, and its ancestors.</summary>
    History,

    /// <summary>Written at the end of a base backup; describes it, and holds nothing that recovery needs.</summary>
    BackupHistory,
}
