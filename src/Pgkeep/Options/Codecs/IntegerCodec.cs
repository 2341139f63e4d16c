using System.Globalization;

namespace Pgkeep.Options.Codecs;

internal sealed class IntegerCodec : ICodec<int>
{
    private readonly int _minimum;
    private readonly int _maximum;

    public IntegerCodec(int minimum, int maximum)
    {
        _minimum = minimum;
        _maximum = maximum;
    }

    public string Placeholder => "N";

    public string Expected => $"a whole number from {_minimum} to {_maximum}";

    public int Parse(string text) =>
        int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value)
        && value >= _minimum
        && value <= _maximum
            ? value
            : throw new FormatException();
}
