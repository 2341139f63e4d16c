namespace Pgkeep.Postgres;

/// <summary>The number of a timeline; the first is 1, and 0 is none.</summary>
// PostgreSQL src/include/access/xlogdefs.h, TimeLineID
internal readonly record struct TimelineId(uint Value) : IComparable<TimelineId>
{
    /// <summary>The timeline of a new cluster, the only one without a history file.</summary>
    public static TimelineId First { get; } = new(1);

    public static bool operator <(TimelineId left, TimelineId right) => left.Value < right.Value;

    public static bool operator >(TimelineId left, TimelineId right) => left.Value > right.Value;

    public static bool operator <=(TimelineId left, TimelineId right) => left.Value <= right.Value;

    public static bool operator >=(TimelineId left, TimelineId right) => left.Value >= right.Value;

    public int CompareTo(TimelineId other) => Value.CompareTo(other.Value);

    /// <summary>8 upper-case hexadecimal digits, as in the names of segments and history files.</summary>
    public string ToHex() => $"{Value:X8}";

    public override string ToString() => $"{Value}";
}
