using Pgkeep.Postgres;
using Pgkeep.Postgres.Wal;
using Pgkeep.Search.Names;

namespace Pgkeep.Search;

internal sealed record FindResult
{
    /// <summary>The archive's path.</summary>
    public required string Archive { get; init; }

    public required TimelineId Timeline { get; init; }

    /// <summary>Those with WAL that the timeline does not lead to: what was written on them after it had left them, or all of them.</summary>
    public required IReadOnlyList<TimelineId> OtherTimelines { get; init; }

    /// <summary>The first and the last segment that were to be read.</summary>
    public required WalSegmentName First { get; init; }

    public required WalSegmentName Last { get; init; }

    /// <summary>How many segments lie between the two, and how many of them were read: of the others their indexes told that nothing of it is there.</summary>
    public required long Segments { get; init; }

    public required long SegmentsRead { get; init; }

    /// <summary>In the order in which they ended; of those that were found, the first.</summary>
    public required IReadOnlyList<FoundTransaction> Transactions { get; init; }

    public required long TransactionCount { get; init; }

    public required IReadOnlyList<FoundRestorePoint> RestorePoints { get; init; }

    /// <summary>Null where they were not asked for.</summary>
    public required CommitsNear? Near { get; init; }

    /// <summary>The first and the last commit that was looked at.</summary>
    public required WalMoment? FirstCommit { get; init; }

    public required WalMoment? LastCommit { get; init; }

    /// <summary>The backup that names were taken from; null where there is none.</summary>
    public required string? NamesFrom { get; init; }

    /// <summary>When that backup ended: nothing that was committed before can be restored from it; null where there is none.</summary>
    public required DateTimeOffset? RestoresFrom { get; init; }

    /// <summary>What makes names unknown, a sentence each; empty where nothing does.</summary>
    public required IReadOnlyList<string> NameProblems { get; init; }

    /// <summary>The record at the position that was asked for, where it belongs to no transaction.</summary>
    public required string? Ownerless { get; init; }

    /// <summary>Names that are known in place of a table that never was; null where there was one.</summary>
    public required IReadOnlyList<RelationName>? KnownInstead { get; init; }

    /// <summary>A sentence on why not everything was read; null where it was.</summary>
    public required string? Problem { get; init; }

    public bool IsEmpty => TransactionCount == 0 && RestorePoints.Count == 0 && Near is not { Before.Count: > 0 } and not { After.Count: > 0 };
}
