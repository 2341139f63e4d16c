namespace Pgkeep.Posix;

/// <summary>
/// The text of a crontab with at most one block of ours, between two marks. Everything else stays as it is, byte for byte. A mark without its
/// partner is a person's work: nothing is guessed about it.
/// </summary>
internal static class CrontabText
{
    public const string Begin = "# pgkeep begin";
    public const string End = "# pgkeep end";

    /// <summary>The lines between the marks; null where there is no block.</summary>
    public static string? Find(string text) => TryLocate(text, out var block) ? text[block][(Begin.Length + 1)..^(End.Length + 1)] : null;

    /// <param name="lines">Each with its line feed.</param>
    public static string With(string text, string lines)
    {
        var block = $"{Begin}\n{lines}{End}\n";
        if (TryLocate(text, out var old))
        {
            return text[..old.Start] + block + text[old.End..];
        }

        var gap = text.Length == 0 || text.EndsWith('\n') ? "" : "\n";
        return text + gap + block;
    }

    public static string Without(string text) => TryLocate(text, out var block) ? text[..block.Start] + text[block.End..] : text;

    /// <summary>One command for a line of a crontab: cron ends it at a percent sign that has no backslash (crontab(5)).</summary>
    public static string Escape(string command) => command.Replace("%", "\\%", StringComparison.Ordinal);

    /// <summary>True where a mark stands without its partner, or twice.</summary>
    public static bool IsDamaged(string text) =>
        (Count(text, Begin), Count(text, End)) is not ((0, 0) or (1, 1)) || (Count(text, Begin) == 1 && !TryLocate(text, out _));

    private static bool TryLocate(string text, out Range block)
    {
        block = default;
        var begin = LineAt(text, Begin, 0);
        var end = begin < 0 ? -1 : LineAt(text, End, begin);
        if (end < 0)
        {
            return false;
        }

        block = begin..Math.Min(text.Length, end + End.Length + 1);
        return true;
    }

    private static int Count(string text, string line) => text.Split('\n').Count(found => found == line);

    private static int LineAt(string text, string line, int from)
    {
        for (var at = text.IndexOf(line, from, StringComparison.Ordinal); at >= 0; at = text.IndexOf(line, at + 1, StringComparison.Ordinal))
        {
            if ((at == 0 || text[at - 1] == '\n') && (at + line.Length == text.Length || text[at + line.Length] == '\n'))
            {
                return at;
            }
        }

        return -1;
    }
}
