using System.Buffers;
using System.Globalization;

namespace Pgkeep.Postgres;

/// <summary>
/// Numbers as they stand in PostgreSQL's file names and text files: digits and nothing else. .NET's own parsers also take white
/// space, signs or trailing NUL characters, which would let a wrong name pass for a right one.
/// </summary>
internal static class Digits
{
    private const int MaxHexDigits = 8;

    private static readonly SearchValues<char> UpperHex = SearchValues.Create("0123456789ABCDEF");
    private static readonly SearchValues<char> AnyHex = SearchValues.Create("0123456789ABCDEFabcdef");

    /// <summary>1 to 8 hexadecimal digits of either case.</summary>
    public static bool TryParseHex(ReadOnlySpan<char> text, out uint value)
    {
        value = 0;
        return text.Length is > 0 and <= MaxHexDigits
            && !text.ContainsAnyExcept(AnyHex)
            && uint.TryParse(text, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out value);
    }

    /// <summary>Exactly 8 upper-case hexadecimal digits, as <c>%08X</c> writes them.</summary>
    public static bool TryParseFixedHex(ReadOnlySpan<char> text, out uint value)
    {
        value = 0;
        return text.Length == MaxHexDigits && !text.ContainsAnyExcept(UpperHex) && TryParseHex(text, out value);
    }

    /// <summary>Decimal digits that fit into 32 bits.</summary>
    public static bool TryParseDecimal(ReadOnlySpan<char> text, out uint value)
    {
        value = 0;
        return !text.ContainsAnyExceptInRange('0', '9')
            && uint.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out value);
    }

    /// <summary>Decimal digits that fit into 64 bits.</summary>
    public static bool TryParseDecimal(ReadOnlySpan<char> text, out ulong value)
    {
        value = 0;
        return !text.ContainsAnyExceptInRange('0', '9')
            && ulong.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out value);
    }

    /// <summary>A decimal number as <c>%u</c> writes it: not zero, and without a leading zero.</summary>
    public static bool TryParsePositive(ReadOnlySpan<char> text, out uint value)
    {
        value = 0;
        return text.Length > 0 && text[0] != '0' && TryParseDecimal(text, out value);
    }
}
