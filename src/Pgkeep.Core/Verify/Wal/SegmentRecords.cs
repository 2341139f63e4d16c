using Pgkeep.Postgres;
using Pgkeep.Postgres.Wal;

namespace Pgkeep.Verify.Wal;

/// <summary>What is to be known of the records of a segment in which nothing is wrong, so that it can be compared with the one before it.</summary>
internal sealed record SegmentRecords
{
    /// <summary>Null where no record is complete in it.</summary>
    public required WalFormat? Format { get; init; }

    /// <summary>The rest of a record of the segment before.</summary>
    public required WalContinuation? Head { get; init; }

    /// <summary>That record was never finished, and the segment says so.</summary>
    public required bool IsHeadOverwritten { get; init; }

    /// <summary>That record does not end here either.</summary>
    public required bool IsInsideHead { get; init; }

    public required (Lsn Start, Lsn Previous)? First { get; init; }

    public required Lsn? Last { get; init; }

    /// <summary>The record that goes on in the next segment.</summary>
    public required WalRecordAssembly? Open { get; init; }

    /// <summary>Behind the last record; where the segment begins as long as none has ended.</summary>
    public required Lsn End { get; init; }

    public required long Count { get; init; }

    public required WalMoment? LastCommit { get; init; }

    /// <summary>Nothing was written behind the last record, and it is no switch that begins here.</summary>
    public required bool EndsInZeros { get; init; }

    /// <summary>The segment is known to end before its end: nobody needs to be told that the next one does not go on there.</summary>
    public required bool IsUnfinished { get; init; }
}
