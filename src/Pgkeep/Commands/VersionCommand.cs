using Pgkeep.Options;
using Pgkeep.Output;

namespace Pgkeep.Commands;

internal static class VersionCommand
{
    public static Command Definition { get; } = new()
    {
        Name = CommandNames.Version,
        Summary = "Print the version",
        Examples = [new("pgkeep --version", "The same.")],
        RunAsync = RunAsync,
    };

    private static Task<int> RunAsync(CommandContext context, CancellationToken cancellationToken)
    {
        var answer = context.Get(OptionTable.Json)
            ? JsonLine.Write(writer => writer.WriteString("version", ProductVersion.Number))
            : ProductVersion.Text;
        context.Output.WriteResult(answer);
        return Task.FromResult(0);
    }
}
