namespace Pgkeep.Postgres;

/// <summary>One statement of a file.</summary>
/// <param name="Line">Where it begins, counted from 1.</param>
internal sealed record SqlStatement(int Line, string Text);

/// <summary>
/// Cuts a file of SQL at its semicolons, as psql does: none counts that stands in a string, a quoted name, a comment, parentheses or between dollar quotes. Nothing is understood beyond that,
/// and psql's own commands are none.
/// </summary>
// PostgreSQL src/fe_utils/psqlscan.l
internal static class SqlStatements
{
    public static IReadOnlyList<SqlStatement> Split(string text)
    {
        var statements = new List<SqlStatement>();
        var (start, depth, hasContent) = (0, 0, false);
        for (var i = 0; i < text.Length;)
        {
            var skipped = SkipBlank(text, i);
            if (skipped > i)
            {
                start = hasContent ? start : skipped;
                i = skipped;
                continue;
            }

            if (text[i] == ';' && depth <= 0)
            {
                Add(i);
                i++;
                (start, depth, hasContent) = (i, 0, false);
                continue;
            }

            depth += text[i] is '(' ? 1 : text[i] is ')' ? -1 : 0;
            hasContent = true;
            i = SkipToken(text, i);
        }

        Add(text.Length);
        return statements;

        void Add(int end)
        {
            if (hasContent)
            {
                statements.Add(new SqlStatement(text.AsSpan(0, start).Count('\n') + 1, text[start..end].TrimEnd()));
            }
        }
    }

    /// <summary>White space and comments, of which those between slashes and stars may hold others.</summary>
    private static int SkipBlank(string text, int i)
    {
        if (char.IsWhiteSpace(text[i]))
        {
            return i + 1;
        }

        if (Has(text, i, "--"))
        {
            var end = text.IndexOf('\n', i);
            return end < 0 ? text.Length : end;
        }

        if (!Has(text, i, "/*"))
        {
            return i;
        }

        for (var depth = 0; i < text.Length;)
        {
            var step = Has(text, i, "/*") ? 1 : Has(text, i, "*/") ? -1 : 0;
            i += step == 0 ? 1 : 2;
            depth += step;
            if (step < 0 && depth == 0)
            {
                break;
            }
        }

        return i;
    }

    private static int SkipToken(string text, int i) => text[i] switch
    {
        '\'' => SkipQuoted(text, i, '\'', escapes: i > 0 && text[i - 1] is 'e' or 'E' && (i < 2 || !IsNamePart(text[i - 2]))),
        '"' => SkipQuoted(text, i, '"', escapes: false),
        '$' when i == 0 || !IsNamePart(text[i - 1]) => SkipDollarQuoted(text, i),
        _ => i + 1,
    };

    /// <summary>A doubled quote is taken for the end of one string and the beginning of the next, which ends at the same place.</summary>
    private static int SkipQuoted(string text, int i, char quote, bool escapes)
    {
        for (i++; i < text.Length && text[i] != quote; i++)
        {
            i += escapes && text[i] == '\\' ? 1 : 0;
        }

        return Math.Min(i + 1, text.Length);
    }

    private static int SkipDollarQuoted(string text, int i)
    {
        var end = i + 1;
        while (end < text.Length && IsNamePart(text[end]) && text[end] != '$')
        {
            end++;
        }

        if (end >= text.Length || text[end] != '$' || (end > i + 1 && char.IsAsciiDigit(text[i + 1])))
        {
            return i + 1;
        }

        var tag = text[i..(end + 1)];
        var close = text.IndexOf(tag, end + 1, StringComparison.Ordinal);
        return close < 0 ? text.Length : close + tag.Length;
    }

    private static bool Has(string text, int i, string what) => string.CompareOrdinal(text, i, what, 0, what.Length) == 0;

    private static bool IsNamePart(char character) => char.IsLetterOrDigit(character) || character is '_' or '$' || character > 127;
}
