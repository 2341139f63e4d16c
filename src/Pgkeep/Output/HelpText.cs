using Pgkeep.Commands;
using Pgkeep.Options;

namespace Pgkeep.Output;

/// <summary>Help, projected from the commands and the option table.</summary>
internal static class HelpText
{
    public static void WriteOverview(IOutput output)
    {
        output.WriteResult($"{ProductVersion.Text}: backs up PostgreSQL, archives its WAL, restores to any moment");
        output.WriteResult("");
        output.WriteResult("usage: pgkeep COMMAND [OPTION]...");
        output.WriteResult("");
        var table = new TextTable(Indent);
        foreach (var command in CommandList.Visible)
        {
            table.Add(command.Name, command.Summary);
        }

        table.WriteTo(output.WriteResult);
        output.WriteResult("");
        output.WriteResult("pgkeep help COMMAND tells more about one; pgkeep config show lists the options and their values.");
    }

    public static void WriteCommand(IOutput output, Command command)
    {
        output.WriteResult($"usage: {command.Usage}");
        output.WriteResult("");
        WriteParagraph(output, command.Summary + ".");
        WriteParagraph(output, command.Details);
        WriteRows(output, "Arguments", command.Arguments.Select(argument => (argument.Name, argument.Summary)));
        foreach (var group in OptionTable.Groups)
        {
            WriteRows(output, group.Title, group.Options.Where(command.Options.Contains).Select(option => (Left(option), Right(option))));
        }

        WriteExamples(output, command.Examples);
    }

    private const string Indent = "  ";

    private static string Left(Option option) => option.MayComeFrom(SourceKind.CommandLine) ? option.Usage : option.EnvironmentName ?? "";

    private static string Right(Option option)
    {
        var environment = option.EnvironmentName is { } name && option.MayComeFrom(SourceKind.CommandLine) ? $" ({name})" : "";
        var choices = string.Join(", ", option.Meanings.Select(meaning => meaning.Name));
        var shownChoices = choices.Length > 0 ? $": {choices}" : "";
        var shownDefault = option.IsFlag ? "" : $" [{option.DefaultDescription}]";
        return $"{option.Summary}{shownChoices}{environment}{shownDefault}";
    }

    private static void WriteParagraph(IOutput output, string text)
    {
        foreach (var line in TextWrap.Lines(text, TextWrap.Width))
        {
            output.WriteResult(line);
        }
    }

    private static void WriteRows(IOutput output, string title, IEnumerable<(string Left, string Right)> rows)
    {
        var table = new TextTable(Indent);
        foreach (var (left, right) in rows)
        {
            table.Add(left, right);
        }

        if (table.RowCount > 0)
        {
            output.WriteResult("");
            output.WriteResult($"{title}:");
            table.WriteTo(output.WriteResult);
        }
    }

    private static void WriteExamples(IOutput output, IReadOnlyList<Example> examples)
    {
        if (examples.Count > 0)
        {
            output.WriteResult("");
            output.WriteResult("Examples:");
        }

        foreach (var example in examples)
        {
            output.WriteResult($"{Indent}{example.CommandLine}");
            output.WriteResult($"{Indent}{Indent}{example.Summary}");
        }
    }
}
