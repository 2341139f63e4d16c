namespace Pgkeep.Postgres;

/// <summary>
/// The name of a WAL segment file: timeline, upper half of the position, and number of the segment within it, each as 8 upper-case
/// hexadecimal digits. What the last part means depends on the segment size, which the name does not tell: ask
/// <see cref="IsValidFor"/> first where the name comes from outside.
/// </summary>
// PostgreSQL src/include/access/xlog_internal.h, XLogFileName, IsXLogFileName, XLogFromFileName
internal readonly record struct WalSegmentName(TimelineId Timeline, uint Log, uint Segment) : IComparable<WalSegmentName>
{
    public const int Length = 24;

    private const int PartLength = Length / 3;

    /// <summary>The segment that holds the byte at a position.</summary>
    public static WalSegmentName FromLsn(TimelineId timeline, Lsn position, WalSegmentSize size) =>
        FromNumber(timeline, position.Value / size.Bytes, size);

    /// <summary>The segment that holds the last byte before a position: the one that must be there when WAL ends at it.</summary>
    // PostgreSQL src/include/access/xlog_internal.h, XLByteToPrevSeg
    public static WalSegmentName EndingAt(TimelineId timeline, Lsn end, WalSegmentSize size) =>
        FromNumber(timeline, checked(end.Value - 1) / size.Bytes, size);

    public static WalSegmentName FromNumber(TimelineId timeline, ulong number, WalSegmentSize size) =>
        new(timeline, (uint)(number / size.SegmentsPerLog), (uint)(number % size.SegmentsPerLog));

    /// <summary>Upper-case digits only, as PostgreSQL writes them; timeline 0 is refused.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out WalSegmentName value)
    {
        value = default;
        if (text.Length != Length
            || !Digits.TryParseFixedHex(text[..PartLength], out var timeline)
            || !Digits.TryParseFixedHex(text.Slice(PartLength, PartLength), out var log)
            || !Digits.TryParseFixedHex(text[(2 * PartLength)..], out var segment)
            || timeline == 0)
        {
            return false;
        }

        value = new WalSegmentName(new TimelineId(timeline), log, segment);
        return true;
    }

    /// <summary>Whether a cluster with that segment size can have a segment of this name.</summary>
    public bool IsValidFor(WalSegmentSize size) => Segment < size.SegmentsPerLog;

    /// <summary>The segments that lie before this one on the way from 0/0; neighbours differ by one.</summary>
    public ulong Number(WalSegmentSize size) => ((ulong)Log * size.SegmentsPerLog) + Segment;

    public Lsn StartLsn(WalSegmentSize size) => new(Number(size) * size.Bytes);

    public WalSegmentName Next(WalSegmentSize size) => FromNumber(Timeline, Number(size) + 1, size);

    /// <exception cref="OverflowException">This is the segment at 0/0.</exception>
    public WalSegmentName Previous(WalSegmentSize size) => FromNumber(Timeline, checked(Number(size) - 1), size);

    /// <summary>The order of the names, which is the order of the positions within a timeline.</summary>
    public int CompareTo(WalSegmentName other) =>
        (Timeline.Value, Log, Segment).CompareTo((other.Timeline.Value, other.Log, other.Segment));

    public override string ToString() => $"{Timeline.Value:X8}{Log:X8}{Segment:X8}";
}
