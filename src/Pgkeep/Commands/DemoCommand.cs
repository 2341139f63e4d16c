using Pgkeep.Demo;
using Pgkeep.Options;

namespace Pgkeep.Commands;

internal static class DemoCommand
{
    public static Command Definition { get; } = new()
    {
        Name = CommandNames.Demo,
        Summary = "Show a backup, an accident and the way back, on a throwaway server",
        Details = "Starts a PostgreSQL of its own in a temporary directory, archives and backs it up with the scripts of this checkout, loses data on purpose, "
            + "restores to the moment before and compares every row. Touches no other server and reads no configuration. Root runs all of it as "
            + "postgres, or as nobody.",
        Examples =
        [
            new("./pgkeep demo", "Takes some seconds, and leaves nothing behind."),
            new("./pgkeep demo --keep", "Leaves server and repository for you to try things out."),
        ],
        RunAsync = RunAsync,
    };

    private static async Task<int> RunAsync(CommandContext context, CancellationToken cancellationToken)
    {
        var settings = new DemoSettings(
            context.Get(OptionTable.BinDir), context.Get(OptionTable.Keep), context.Surroundings.Environment("PGKEEP_HOME"), CommandSettings.Program);
        var story = new Story(context.Output, context.Time, context.Get(OptionTable.Quiet));
        await new DemoRun(settings, story, context.Time).RunAsync(cancellationToken);
        return 0;
    }
}
