namespace Pgkeep.Check;

/// <summary>A limit in words, as the runbook writes it: <c>24 hours</c>.</summary>
internal static class LengthOfTime
{
    public static string Of(TimeSpan time) => time switch
    {
        _ when time.Ticks % TimeSpan.TicksPerHour == 0 => Count(time.TotalHours, "hour"),
        _ when time.Ticks % TimeSpan.TicksPerMinute == 0 => Count(time.TotalMinutes, "minute"),
        _ => Count(Math.Round(time.TotalSeconds), "second"),
    };

    /// <summary>A measured time, in one or two units.</summary>
    public static string Rough(TimeSpan time) => time switch
    {
        { TotalDays: >= 2 } => $"{(int)time.TotalDays} d {time.Hours} h",
        { TotalHours: >= 1 } => $"{(int)time.TotalHours} h {time.Minutes} min",
        { TotalMinutes: >= 1 } => $"{time.Minutes} min {time.Seconds} s",
        _ => $"{(int)time.TotalSeconds} s",
    };

    private static string Count(double number, string unit) => number == 1 ? $"1 {unit}" : $"{number:0} {unit}s";
}
