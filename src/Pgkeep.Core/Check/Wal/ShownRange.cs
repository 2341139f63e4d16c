using Pgkeep.Postgres;

namespace Pgkeep.Check.Wal;

/// <summary>Which records are meant: those of one segment, or those between two positions or moments, of which either may be missing.</summary>
internal sealed record ShownRange
{
    public WalSegmentName? Segment { get; init; }

    /// <summary>The first record begins at it or behind it.</summary>
    public Lsn? From { get; init; }

    /// <summary>The last record ends at it or before it.</summary>
    public Lsn? To { get; init; }

    /// <summary>The first record is the one behind the last commit, abort or restore point before it.</summary>
    public DateTimeOffset? FromTime { get; init; }

    /// <summary>The last record is the one before the first commit, abort or restore point that is later: a recovery to this moment replays no further.</summary>
    public DateTimeOffset? ToTime { get; init; }

    public bool IsOfTimes => FromTime is not null || ToTime is not null;
}
