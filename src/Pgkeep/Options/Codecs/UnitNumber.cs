using System.Globalization;

namespace Pgkeep.Options.Codecs;

/// <summary>A whole number and the unit behind it: <c>10min</c>, <c>64 MB</c>. The unit is empty where none is written.</summary>
internal readonly ref struct UnitNumber
{
    private UnitNumber(long number, ReadOnlySpan<char> unit)
    {
        Number = number;
        Unit = unit;
    }

    public long Number { get; }

    public ReadOnlySpan<char> Unit { get; }

    public static UnitNumber Parse(string text)
    {
        var digits = text.AsSpan().IndexOfAnyExceptInRange('0', '9');
        var end = digits < 0 ? text.Length : digits;

        return long.TryParse(text.AsSpan(0, end), NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            ? new UnitNumber(number, text.AsSpan(end).TrimStart(' '))
            : throw new FormatException();
    }

    /// <exception cref="FormatException">The product is larger than anything an option means.</exception>
    public long Times(long factor) => Number <= long.MaxValue / factor ? Number * factor : throw new FormatException();
}
