using Pgkeep.Commands;
using Pgkeep.Options;

namespace Pgkeep.Output.Reference;

internal static class CommandPage
{
    public static ReferencePage Generate(Command command)
    {
        var page = new Markdown($"pgkeep {command.Name}");
        page.Paragraph($"{command.Summary}.");
        page.CodeBlock(command.Usage);
        page.Paragraph(command.Details);
        page.Table(
            ["argument", ""],
            command.Arguments.Select(argument => new[] { Markdown.Code(argument.Usage), argument.Summary }));
        page.Table(
            ["option", "environment", "default", ""],
            command.Options.Select(Row));
        foreach (var example in command.Examples)
        {
            page.Paragraph(example.Summary);
            page.CodeBlock(example.CommandLine);
        }

        return new ReferencePage($"reference/{FileName(command)}", page.ToString());
    }

    public static string FileName(Command command) => command.Name.Replace(' ', '-') + ".md";

    private static string[] Row(Option option) =>
        [$"[{option.Name}](options.md#{option.Name})", option.EnvironmentName ?? "", option.DefaultDescription, option.Summary];
}
