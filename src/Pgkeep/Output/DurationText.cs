using System.Globalization;

namespace Pgkeep.Output;

/// <summary>Lengths of time for people, in one or two units: <c>40 ms</c>, <c>4.1 s</c>, <c>11 min 52 s</c>, <c>7 d 12 h</c>.</summary>
internal static class DurationText
{
    public static string Of(TimeSpan duration)
    {
        // Rounded first, so that 59.6 s becomes a minute and not 60 s.
        var seconds = (long)Math.Round(duration.TotalSeconds, MidpointRounding.AwayFromZero);
        var whole = TimeSpan.FromSeconds(seconds);

        return duration.TotalSeconds switch
        {
            < 0 => "-" + Of(duration.Negate()),
            < 0.0995 => $"{Math.Round(duration.TotalMilliseconds, MidpointRounding.AwayFromZero):0} ms",
            < 9.95 => duration.TotalSeconds.ToString("0.0", CultureInfo.InvariantCulture) + " s",
            < 59.5 => $"{seconds} s",
            < 3599.5 => Join(whole.Minutes, "min", whole.Seconds, "s"),
            < 86_399.5 => Join(whole.Hours, "h", whole.Minutes, "min"),
            _ => Join(whole.Days, "d", whole.Hours, "h"),
        };
    }

    private static string Join(int large, string largeUnit, int small, string smallUnit) =>
        small == 0 ? $"{large} {largeUnit}" : $"{large} {largeUnit} {small} {smallUnit}";
}
