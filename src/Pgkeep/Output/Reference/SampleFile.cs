using System.Text;
using Pgkeep.Options;

namespace Pgkeep.Output.Reference;

/// <summary>
/// <c>backup.env</c> with every name in it, each commented out and at its default, as postgresql.conf does: copying the sample changes
/// nothing, and removing a "#" neither.
/// </summary>
internal static class SampleFile
{
    private const string Head =
        """
        # Options of pgkeep, read from /etc/postgresql/backup.env. Shells can source the file as well.
        #
        # Write NAME=value. A value with blanks or other special characters stands in single quotes;
        # nothing is expanded and no command is run. All names are listed in docs/reference/options.md.
        #
        # A file that holds a password must be readable by its owner only:
        #   chown postgres:postgres /etc/postgresql/backup.env
        #   chmod 0600 /etc/postgresql/backup.env

        """;

    private const string SafeCharacters = "%+,-./:@_";

    public static ReferencePage Generate()
    {
        var text = new StringBuilder(Head);
        foreach (var group in OptionTable.Groups)
        {
            var options = group.Options.Where(option => option.MayComeFrom(SourceKind.File)).ToList();
            if (options.Count > 0)
            {
                text.Append("\n\n# ").Append(group.Title.ToUpperInvariant()).Append('\n');
                options.ForEach(option => Describe(text, option));
            }
        }

        return new ReferencePage("backup.env.sample", text.ToString());
    }

    private static void Describe(StringBuilder text, Option option)
    {
        text.Append("\n# ").Append(option.Summary).Append('\n');
        text.Append("# (").Append(option.Expected);
        if (option.ComputedAs is { } computed)
        {
            text.Append("; default: ").Append(computed);
        }

        text.Append(")\n#").Append(option.EnvironmentName).Append('=').Append(Quote(option.Default ?? option.Example ?? "")).Append('\n');
    }

    private static string Quote(string value) =>
        value.All(character => char.IsAsciiLetterOrDigit(character) || SafeCharacters.Contains(character, StringComparison.Ordinal))
            ? value
            : $"'{value.Replace("'", "'\\''", StringComparison.Ordinal)}'";
}
