namespace Pgkeep.Options.Codecs;

/// <summary>
/// A length of time in PostgreSQL's units, <c>500ms 60s 10min 24h 7d</c>. A number without unit is refused, except zero and where
/// libpq has fixed the unit.
/// </summary>
internal sealed class DurationCodec : ICodec<TimeSpan>
{
    private static readonly TimeSpan Longest = TimeSpan.FromDays(36_500);

    private readonly TimeSpan _minimum;
    private readonly bool _plainNumbersAreSeconds;

    public DurationCodec(TimeSpan minimum = default, bool plainNumbersAreSeconds = false)
    {
        _minimum = minimum;
        _plainNumbersAreSeconds = plainNumbersAreSeconds;
    }

    public string Placeholder => _plainNumbersAreSeconds ? "SECONDS" : "TIME";

    public string Expected => (_plainNumbersAreSeconds ? "a number of seconds" : "a time with its unit (ms, s, min, h, d), such as 10min")
        + (_minimum > TimeSpan.Zero ? $", at least {_minimum.TotalSeconds:0.###}s" : "");

    public TimeSpan Parse(string text)
    {
        var written = UnitNumber.Parse(text);
        var duration = TimeSpan.FromMilliseconds(Math.Min(written.Times(Milliseconds(written)), (long)Longest.TotalMilliseconds + 1));

        return duration >= _minimum && duration <= Longest ? duration : throw new FormatException();
    }

    private long Milliseconds(UnitNumber written) => written.Unit switch
    {
        "" when written.Number == 0 || _plainNumbersAreSeconds => 1000,
        "ms" => 1,
        "s" => 1000,
        "min" => 60 * 1000,
        "h" => 60 * 60 * 1000,
        "d" => 24 * 60 * 60 * 1000,
        _ => throw new FormatException(),
    };
}
