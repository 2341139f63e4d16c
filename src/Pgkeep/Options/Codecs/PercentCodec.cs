using System.Globalization;

namespace Pgkeep.Options.Codecs;

/// <summary>A share of a whole, <c>85</c>, <c>85%</c> or <c>85 %</c>.</summary>
internal sealed class PercentCodec : ICodec<int>
{
    private const int Whole = 100;

    public static PercentCodec Instance { get; } = new();

    public string Placeholder => "PERCENT";

    public string Expected => "a whole percentage from 1 to 100";

    public int Parse(string text)
    {
        var digits = text.EndsWith('%') ? text.AsSpan(0, text.Length - 1).TrimEnd(' ') : text;

        return int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var value) && value is >= 1 and <= Whole
            ? value
            : throw new FormatException();
    }
}
