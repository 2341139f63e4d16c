using System.Globalization;
using System.Text.RegularExpressions;
using Pgkeep.Diagnostics;

namespace Pgkeep.Restore;

/// <summary>
/// Reads the moment a person typed. Without a zone it is this machine's time; in the hour that a clock change repeats or skips that is no
/// answer, so the two moments it could mean are named and the person chooses.
/// </summary>
internal static partial class TargetTime
{
    private static readonly string[] Formats = ["yyyy-MM-dd HH:mm:ss.FFFFFF", "yyyy-MM-dd HH:mm"];

    /// <param name="now">A moment after it has not happened yet.</param>
    /// <param name="zone">Of times without one.</param>
    public static DateTimeOffset Parse(string text, DateTimeOffset now, TimeZoneInfo zone)
    {
        var match = Pattern().Match(text.Trim());
        if (!match.Success
            || !DateTime.TryParseExact($"{match.Groups["date"].Value} {match.Groups["time"].Value}", Formats, CultureInfo.InvariantCulture, DateTimeStyles.None, out var time))
        {
            throw new PgkeepException(
                ErrorKind.TargetInvalid, $"\"{text}\" is not a moment", "write it as \"2025-01-08 12:30:00\", or with its zone: \"2025-01-08 12:30:00+01:00\", \"2025-01-08 11:30:00 UTC\"");
        }

        if (time.Year is 1 or 9999)
        {
            throw new PgkeepException(ErrorKind.TargetInvalid, $"\"{text}\" is not a moment of any cluster's life", "write it as \"2025-01-08 12:30:00\"");
        }

        var target = match.Groups["zone"] is { Length: > 0 } named ? new DateTimeOffset(time, ParseOffset(text, named.Value)) : InZone(text, time, zone);
        return target <= now
            ? target
            : throw new PgkeepException(
                ErrorKind.TargetInvalid,
                $"the target {target:yyyy-MM-dd HH:mm:ss zzz} lies in the future: it is {now:yyyy-MM-dd HH:mm:ss zzz}",
                "leave the target out to restore everything there is");
    }

    private static DateTimeOffset InZone(string text, DateTime time, TimeZoneInfo zone)
    {
        if (zone.IsAmbiguousTime(time))
        {
            var moments = zone.GetAmbiguousTimeOffsets(time).OrderDescending().Select(offset => new DateTimeOffset(time, offset)).ToList();
            throw Twofold(text, zone, "happened twice, when the clock was set back", moments[0], moments[^1]);
        }

        if (zone.IsInvalidTime(time))
        {
            // An hour on either side is out of the gap, wherever in it the time lies.
            var before = new DateTimeOffset(time, zone.GetUtcOffset(time.AddHours(-2)));
            var after = new DateTimeOffset(time, zone.GetUtcOffset(time.AddHours(2)));
            throw Twofold(text, zone, "did not happen, the clock was set forward over it", before, after);
        }

        return new DateTimeOffset(time, zone.GetUtcOffset(time));
    }

    private static PgkeepException Twofold(string text, TimeZoneInfo zone, string what, DateTimeOffset first, DateTimeOffset second) => new(
        ErrorKind.TargetInvalid,
        $"\"{text}\" {what} in {zone.Id}",
        $"name the zone: \"{first:yyyy-MM-dd HH:mm:ss.FFFFFFzzz}\" ({first.UtcDateTime:HH:mm:ss} UTC), or \"{second:yyyy-MM-dd HH:mm:ss.FFFFFFzzz}\" ({second.UtcDateTime:HH:mm:ss} UTC)");

    private static TimeSpan ParseOffset(string text, string zone)
    {
        if (zone.ToUpperInvariant() is "Z" or "UTC" or "GMT")
        {
            return TimeSpan.Zero;
        }

        var digits = zone[1..].Replace(":", "", StringComparison.Ordinal).PadRight(4, '0');
        var minutes = int.Parse(digits[2..4], CultureInfo.InvariantCulture);
        var offset = new TimeSpan(int.Parse(digits[..2], CultureInfo.InvariantCulture), minutes, 0);
        return offset <= TimeSpan.FromHours(14) && minutes < 60
            ? (zone[0] == '-' ? -offset : offset)
            : throw new PgkeepException(ErrorKind.TargetInvalid, $"\"{text}\" has a zone that does not exist", "zones lie between -14:00 and +14:00");
    }

    [GeneratedRegex(@"^(?<date>\d{4}-\d{2}-\d{2})[ T](?<time>\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?)\s*(?<zone>[zZ]|UTC|utc|GMT|gmt|[+-]\d{2}(:?\d{2})?)?$", RegexOptions.ExplicitCapture)]
    private static partial Regex Pattern();
}
