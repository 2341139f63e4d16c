using System.Globalization;

namespace Pgkeep.Output;

/// <summary>Moments for people, in the zone of the machine, which is always written: <c>2025-01-08 14:30:04 +01:00</c>.</summary>
internal static class TimestampText
{
    private const string Seconds = "yyyy-MM-dd HH:mm:ss zzz";
    private const string Milliseconds = "yyyy-MM-dd HH:mm:ss.fff zzz";
    private const string Narrow = "MM-dd HH:mm:ss";

    /// <summary>Where there is no room for more, and all of it stands elsewhere.</summary>
    public static string Short(DateTimeOffset moment, TimeProvider time) => Format(moment, time, Narrow);

    public static string Of(DateTimeOffset moment, TimeProvider time) => Format(moment, time, Seconds);

    public static string WithMilliseconds(DateTimeOffset moment, TimeProvider time) => Format(moment, time, Milliseconds);

    private static string Format(DateTimeOffset moment, TimeProvider time, string format) =>
        TimeZoneInfo.ConvertTime(moment, time.LocalTimeZone).ToString(format, CultureInfo.InvariantCulture);
}
