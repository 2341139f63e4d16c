using Pgkeep.Output.Reference;

namespace Pgkeep.Commands;

internal static class ReferenceCommand
{
    private static readonly Argument Directory = new("DIRECTORY", "The project's docs directory");

    public static Command Definition { get; } = new()
    {
        Name = CommandNames.Reference,
        Summary = "Write the reference pages and the sample of backup.env",
        Arguments = [Directory],
        IsHidden = true,
        RunAsync = RunAsync,
    };

    private static async Task<int> RunAsync(CommandContext context, CancellationToken cancellationToken)
    {
        var directory = Path.GetFullPath(context.Get(Directory), context.Surroundings.WorkingDirectory());
        foreach (var page in ReferencePages.All())
        {
            var path = Path.Join(directory, page.Path);
            System.IO.Directory.CreateDirectory(Path.GetDirectoryName(path) ?? directory);
            await File.WriteAllTextAsync(path, page.Text, cancellationToken);
            context.Output.WriteResult(path);
        }

        return 0;
    }
}
