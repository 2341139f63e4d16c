namespace Pgkeep.Posix;

/// <summary>For commands that PostgreSQL hands to a shell.</summary>
internal static class ShellQuote
{
    /// <summary>One word, whatever is in it.</summary>
    public static string Word(string text) =>
        text.Length > 0 && text.All(IsPlain) ? text : $"'{text.Replace("'", "'\\''", StringComparison.Ordinal)}'";

    public static string Join(IEnumerable<string> words) => string.Join(' ', words.Select(Word));

    private static bool IsPlain(char letter) => char.IsAsciiLetterOrDigit(letter) || letter is '/' or '.' or '_' or '-' or '=' or ',' or ':' or '@';
}
