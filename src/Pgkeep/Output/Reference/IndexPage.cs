using Pgkeep.Commands;

namespace Pgkeep.Output.Reference;

internal static class IndexPage
{
    public static ReferencePage Generate()
    {
        var page = new Markdown("Reference");
        page.Table(
            ["command", ""],
            CommandList.Visible.Select(command => new[] { $"[{command.Name}]({CommandPage.FileName(command)})", command.Summary }));
        page.List(
        [
            "[Options](options.md): every option with its names, default and range",
            "[Exit codes](exit-codes.md): how a command ends",
        ]);
        return new ReferencePage("reference/README.md", page.ToString());
    }
}
