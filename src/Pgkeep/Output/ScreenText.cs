using System.Globalization;
using System.Text;

namespace Pgkeep.Output;

/// <summary>
/// Text for a place of a certain width on a screen, counted in columns. A table's name can hold anything: what would move the cursor is shown as a question mark.
/// </summary>
internal static class ScreenText
{
    private const string Cut = "…";

    /// <summary>Cut where it is too long.</summary>
    public static string Fit(string text, int width)
    {
        var harmless = Harmless(text);
        if (WidthOf(harmless) <= width)
        {
            return harmless;
        }

        return width <= 0 ? "" : Head(harmless, width - 1) + Cut;
    }

    /// <summary>As <see cref="Fit"/>, with blanks behind it up to the width.</summary>
    public static string Pad(string text, int width)
    {
        var fitted = Fit(text, width);
        return fitted + new string(' ', Math.Max(0, width - WidthOf(fitted)));
    }

    /// <summary>Broken at blanks, and inside a word that is wider than the place.</summary>
    public static IEnumerable<string> Wrap(string text, int width)
    {
        foreach (var line in TextWrap.Lines(Harmless(text), width))
        {
            var rest = line;
            while (WidthOf(rest) > width)
            {
                // At least one character, however narrow the place is.
                var head = Head(rest, width) is { Length: > 0 } some ? some : rest[..Rune.GetRuneAt(rest, 0).Utf16SequenceLength];
                yield return head;
                rest = rest[head.Length..];
            }

            if (rest.Length > 0)
            {
                yield return rest;
            }
        }
    }

    private static string Head(string text, int width)
    {
        var length = 0;
        foreach (var rune in text.EnumerateRunes())
        {
            width -= WidthOf(rune);
            if (width < 0)
            {
                break;
            }

            length += rune.Utf16SequenceLength;
        }

        return text[..length];
    }

    private static string Harmless(string text)
    {
        var harmless = new StringBuilder(text.Length);
        foreach (var rune in text.EnumerateRunes())
        {
            harmless.Append(IsHarmful(rune) ? new Rune('?') : rune);
        }

        return harmless.ToString();
    }

    private static bool IsHarmful(Rune rune) => Rune.GetUnicodeCategory(rune) is
        UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator;

    private static int WidthOf(string text) => text.EnumerateRunes().Sum(WidthOf);

    private static int WidthOf(Rune rune) => Rune.GetUnicodeCategory(rune) is UnicodeCategory.NonSpacingMark or UnicodeCategory.EnclosingMark ? 0 : IsWide(rune.Value) ? 2 : 1;

    /// <summary>The blocks whose East_Asian_Width is mostly Wide or Fullwidth (Unicode Standard Annex #11).</summary>
    private static bool IsWide(int value) => value is
        (>= 0x1100 and <= 0x115F) or (>= 0x2E80 and <= 0x303E) or (>= 0x3041 and <= 0xA4CF) or (>= 0xAC00 and <= 0xD7A3) or (>= 0xF900 and <= 0xFAFF)
        or (>= 0xFE30 and <= 0xFE6F) or (>= 0xFF00 and <= 0xFF60) or (>= 0xFFE0 and <= 0xFFE6) or (>= 0x1F300 and <= 0x1F64F) or (>= 0x1F900 and <= 0x1F9FF)
        or (>= 0x20000 and <= 0x3FFFD);
}
