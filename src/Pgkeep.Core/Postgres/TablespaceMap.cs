using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace Pgkeep.Postgres;

/// <summary>
/// The <c>tablespace_map</c> of a base backup: a line for each tablespace, with its OID and the path that its link in pg_tblspc had.
/// </summary>
/// <remarks>
/// Since 14 a backslash stands before each backslash and line end of a path. 13 puts it before line ends only, so the same text can
/// mean different paths, and in 13 a path that ends in a backslash cannot be told from one that goes on with a line end: the server
/// itself takes it for the latter. A path is not always absolute (allow_in_place_tablespaces).
/// </remarks>
// PostgreSQL src/backend/access/transam/xlog.c, do_pg_backup_start; xlogrecovery.c (before 15: xlog.c), read_tablespace_map
internal sealed record TablespaceMap(IReadOnlyList<TablespaceMapEntry> Entries)
{
    /// <summary>Reads the text as that major's server does; an empty one is a map without entries.</summary>
    public static bool TryParse(string text, PostgresVersion version, [NotNullWhen(true)] out TablespaceMap? value, out string problem)
    {
        value = null;
        problem = "";
        var entries = new List<TablespaceMapEntry>();
        for (var rest = text.AsSpan(); !rest.IsEmpty;)
        {
            if (!TryReadLine(ref rest, version.TablespaceMapEscapesBackslash, out var line))
            {
                problem = "the last line of tablespace_map is not ended";
                return false;
            }

            if (line.Length == 0)
            {
                continue;
            }

            if (!TryParseLine(line, out var entry))
            {
                problem = $"tablespace_map has the line \"{line}\"";
                return false;
            }

            entries.Add(entry!);
        }

        value = new TablespaceMap(entries);
        return true;
    }

    /// <summary>As that major's server writes it, and reads it: see the remarks for what 13 cannot say.</summary>
    public string ToText(PostgresVersion version)
    {
        var text = new StringBuilder();
        foreach (var entry in Entries)
        {
            text.Append(entry.Oid).Append(' ');
            foreach (var character in entry.Path)
            {
                text.Append(IsLineEnd(character) || (character == '\\' && version.TablespaceMapEscapesBackslash) ? "\\" : "").Append(character);
            }

            text.Append('\n');
        }

        return text.ToString();
    }

    /// <summary>Takes one line off the rest and gives it without its escapes; false when nothing ends it.</summary>
    private static bool TryReadLine(ref ReadOnlySpan<char> rest, bool escapesBackslash, out string line)
    {
        var content = new StringBuilder();
        for (var i = 0; i < rest.Length; i++)
        {
            var escapes = rest[i] == '\\' && i + 1 < rest.Length && (escapesBackslash || IsLineEnd(rest[i + 1]));
            if (escapes)
            {
                i++;
            }
            else if (IsLineEnd(rest[i]))
            {
                rest = rest[(i + 1)..];
                line = content.ToString();
                return true;
            }

            content.Append(rest[i]);
        }

        line = "";
        return false;
    }

    // Exactly one blank stands between the two; a path could begin with more.
    private static bool TryParseLine(string line, out TablespaceMapEntry? entry)
    {
        var blank = line.IndexOf(' ', StringComparison.Ordinal);
        entry = blank > 0 && blank + 1 < line.Length && Oid.TryParse(line.AsSpan(0, blank), out var oid) && oid.Value != 0
            ? new TablespaceMapEntry(oid, line[(blank + 1)..])
            : null;
        return entry is not null;
    }

    private static bool IsLineEnd(char character) => character is '\n' or '\r';
}
