namespace Pgkeep.Output.Progress;

/// <summary>The same facts as a line that is overwritten, as a line of a log, and as a JSON object.</summary>
internal static class ProgressText
{
    private const int LongestLine = 100;
    private const int LongestBar = 24;

    /// <param name="width">Of the terminal. Its last column stays free: a line that reaches it may already wrap, and cannot be overwritten.</param>
    public static string Bar(ProgressFacts facts, int width)
    {
        var columns = Math.Min(LongestLine, width - 1);
        var head = $"{facts.Verb,-9} {facts.What}  ";
        var tail = string.Join("   ", Words(facts, percent => $"  {percent,3} %"));
        var length = facts.Percent is null ? 0 : Math.Clamp(columns - head.Length - tail.Length, 0, LongestBar);
        var filled = (facts.Percent ?? 0) * length / 100;
        var line = head + new string('█', filled) + new string('░', length - filled) + tail;
        return line[..Math.Clamp(columns, 0, line.Length)];
    }

    public static string Line(ProgressFacts facts) =>
        $"{facts.Verb} {facts.What}: " + string.Join(", ", Words(facts, percent => $"{percent} %"));

    public static string Json(ProgressFacts facts) => JsonLine.Write(json =>
    {
        json.WriteString("event", "progress");
        json.WriteString("step", facts.Verb);
        json.WriteString(facts.Key, facts.What);
        json.WriteNumber("bytes", facts.Bytes);
        if (facts is { TotalBytes: { } total, Percent: { } percent })
        {
            json.WriteNumber("total_bytes", total);
            json.WriteNumber("percent", percent);
        }

        if (facts.BytesPerSecond is { } rate)
        {
            json.WriteNumber("bytes_per_second", rate);
        }

        if (facts.SecondsLeft is { } left)
        {
            json.WriteNumber("seconds_left", left);
        }
    });

    private static IEnumerable<string> Words(ProgressFacts facts, Func<int, string> percentText)
    {
        if (facts is { TotalBytes: { } total, Percent: { } percent })
        {
            yield return percentText(percent);
            yield return ByteSizeText.Share(facts.Bytes, total);
        }
        else
        {
            yield return ByteSizeText.Of(facts.Bytes);
        }

        if (facts.BytesPerSecond is { } rate)
        {
            yield return ByteSizeText.Of(rate) + "/s";
        }

        if (facts.SecondsLeft is { } left)
        {
            yield return $"{(left < 10 ? $"{left} s" : DurationText.Of(Seconds(left)))} left";
        }
    }

    /// <summary>A rate of a few bytes gives more seconds than a length of time can hold.</summary>
    private static TimeSpan Seconds(long seconds) => TimeSpan.FromSeconds(Math.Min(seconds, (long)TimeSpan.FromDays(9999).TotalSeconds));
}
