using Pgkeep.Options;

namespace Pgkeep.Output.Reference;

internal static class OptionsPage
{
    public static ReferencePage Generate()
    {
        var page = new Markdown("Options");
        page.Paragraph(
            "The first that has a value wins: command line, process environment, `backup.env`, default. `pgkeep config show` tells every "
            + "value and where it comes from. A path, a text or a secret that is set to nothing in the environment or the file counts as not "
            + "set.");
        page.Paragraph(
            "`backup.env` holds assignments as a POSIX shell reads them, so shells can source it too. Nothing in it is expanded or "
            + "run: where a shell would do that, the file is refused; write the value in single quotes. "
            + "[The sample](../backup.env.sample) shows every name.");
        foreach (var group in OptionTable.Groups)
        {
            page.Heading(group.Title);
            foreach (var option in group.Options)
            {
                Describe(page, option);
            }
        }

        return new ReferencePage("reference/options.md", page.ToString());
    }

    private static void Describe(Markdown page, Option option)
    {
        page.Heading(option.Name, level: 3);
        page.Paragraph($"{option.Summary}. {option.Details}".TrimEnd());
        page.List(Facts(option));
        page.Table(["value", "meaning"], option.Meanings.Select(choice => new[] { Markdown.Code(choice.Name), choice.Meaning }));
    }

    private static IEnumerable<string> Facts(Option option)
    {
        yield return "command line: " + (option.MayComeFrom(SourceKind.CommandLine) ? Markdown.Code(option.Usage) : "refused");
        if (option.EnvironmentName is { } name)
        {
            yield return $"environment{(option.MayComeFrom(SourceKind.File) ? " and file" : "")}: {Markdown.Code(name)}";
        }

        yield return $"value: {option.Expected}";
        yield return "default: " + (option.Default is { } text ? Markdown.Code(text) : option.ComputedAs);
        if (option.Example is { } example)
        {
            yield return "example: " + Markdown.Code(example);
        }

        yield return "commands: " + string.Join(", ", option.Commands);
    }
}
