using Pgkeep.Output;

namespace Pgkeep.Commands;

internal static class HelpCommand
{
    private static readonly Argument Topic = new("COMMAND", "Command to tell more about", IsRequired: false, IsRepeated: true);

    public static Command Definition { get; } = new()
    {
        Name = CommandNames.Help,
        Summary = "List the commands, or tell more about one",
        Arguments = [Topic],
        Examples = [new("pgkeep help config show", "All about one command.")],
        RunAsync = RunAsync,
    };

    private static Task<int> RunAsync(CommandContext context, CancellationToken cancellationToken)
    {
        var topic = context.FindAll(Topic);
        if (topic.Count == 0)
        {
            HelpText.WriteOverview(context.Output);
        }
        else
        {
            HelpText.WriteCommand(context.Output, CommandChoice.Of(topic).Command);
        }

        return Task.FromResult(0);
    }
}
