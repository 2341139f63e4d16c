namespace Pgkeep.Postgres.Cluster;

/// <summary>
/// Whether somebody has said where a recovery is to end: by a recovery target, before which a server does not end it (it fails, since 13), or by the number of a
/// timeline. Read from the data directory's configuration and the server's command line, for nobody can ask a server that recovers. Files that these include are not
/// read: so false means that nobody knows.
/// </summary>
// PostgreSQL src/backend/access/transam/xlogrecovery.c, PerformWalRecovery ("recovery ended before configured recovery target was reached")
internal static class RecoveryTargetSettings
{
    private const string Timeline = "recovery_target_timeline";
    private const string ConfigFile = "config_file";

    private static readonly string[] Targets = ["recovery_target", "recovery_target_lsn", "recovery_target_name", "recovery_target_time", "recovery_target_xid"];

    public static bool AreSet(string dataDirectory)
    {
        var given = ParseOptions(Read(dataDirectory, "postmaster.opts"));
        var main = given.LastOrDefault(setting => setting.Name == ConfigFile).Value ?? "postgresql.conf";
        return AreSet([.. ParseFile(Read(dataDirectory, main)), .. ParseFile(Read(dataDirectory, "postgresql.auto.conf")), .. given]);
    }

    /// <summary>Of several with one name the last counts.</summary>
    public static bool AreSet(IEnumerable<(string Name, string Value)> settings)
    {
        var last = settings.GroupBy(setting => setting.Name).ToDictionary(same => same.Key, same => same.Last().Value);
        return Targets.Any(name => last.GetValueOrDefault(name, "").Length > 0) || (Digits.TryParseDecimal(last.GetValueOrDefault(Timeline, ""), out uint timeline) && timeline > 0);
    }

    /// <summary>A configuration file: <c>name [=] value</c>, with quotes or without.</summary>
    // PostgreSQL src/backend/utils/misc/guc-file.l
    public static IEnumerable<(string Name, string Value)> ParseFile(string text)
    {
        foreach (var line in text.Split('\n').Select(line => line.Trim()))
        {
            var length = line.TakeWhile(character => char.IsAsciiLetterOrDigit(character) || character is '_' or '.').Count();
            var rest = line[length..].TrimStart();
            rest = rest.StartsWith('=') ? rest[1..].TrimStart() : rest;
            if (length > 0)
            {
                yield return (line[..length].ToLowerInvariant(), rest.StartsWith('\'') ? Unquote(rest) : rest.Split(' ', '\t', '#')[0]);
            }
        }
    }

    /// <summary><c>postmaster.opts</c>: the program, and each of its words in double quotes.</summary>
    // PostgreSQL src/backend/postmaster/postmaster.c, CreateOptsFile
    public static IReadOnlyList<(string Name, string Value)> ParseOptions(string text)
    {
        var words = text.TrimEnd().TrimEnd('"').Split(" \"", 2) is [_, var all] ? all.Split("\" \"") : [];
        return
        [
            .. words.Select((word, i) => word.StartsWith("--", StringComparison.Ordinal) ? word[2..]
                    : i > 0 && words[i - 1] == "-c" ? word
                    : word.StartsWith("-c", StringComparison.Ordinal) ? word[2..] : "")
                .Select(setting => setting.Split('=', 2))
                .Where(setting => setting.Length == 2)
                .Select(setting => (setting[0].Replace('-', '_').ToLowerInvariant(), setting[1])),
        ];
    }

    private static string Unquote(string text)
    {
        var end = 1;
        for (; end < text.Length && (text[end] != '\'' || (end + 1 < text.Length && text[end + 1] == '\'')); end++)
        {
            end += text[end] is '\'' or '\\' ? 1 : 0;
        }

        return text[1..Math.Min(end, text.Length)];
    }

    /// <summary>Empty where it cannot be read: then nobody knows.</summary>
    private static string Read(string directory, string name)
    {
        try
        {
            return File.ReadAllText(Path.Combine(directory, name));
        }
        catch (Exception thrown) when (thrown is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }
}
