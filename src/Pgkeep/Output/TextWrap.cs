namespace Pgkeep.Output;

/// <summary>Breaks text at blanks, so that no line is wider than a person's terminal.</summary>
internal static class TextWrap
{
    public const int Width = 100;

    /// <summary>A word that is longer than the width stands alone, uncut: it is a path to copy.</summary>
    public static IEnumerable<string> Lines(string text, int width)
    {
        var line = "";
        foreach (var word in text.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            if (line.Length == 0)
            {
                line = word;
            }
            else if (line.Length + 1 + word.Length <= width)
            {
                line += " " + word;
            }
            else
            {
                yield return line;
                line = word;
            }
        }

        if (line.Length > 0)
        {
            yield return line;
        }
    }
}
