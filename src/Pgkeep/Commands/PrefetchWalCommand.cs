using Pgkeep.Archive.Prefetch;
using Pgkeep.Diagnostics;
using Pgkeep.Options;
using Pgkeep.Postgres;
using Pgkeep.Repository;
using Pgkeep.Repository.Prefetch;

namespace Pgkeep.Commands;

/// <summary>The process that get-wal leaves behind. Nobody reads what it says, or its exit code.</summary>
internal static class PrefetchWalCommand
{
    private static readonly Argument Name = new("NAME", "The segment that the server got last");
    private static readonly Argument Directory = new("DIRECTORY", "Where to put those that follow");

    public static Command Definition { get; } = new()
    {
        Name = CommandNames.PrefetchWal,
        Summary = "Fetch the WAL segments that follow one",
        Arguments = [Name, Directory],
        Options = [OptionTable.Config, OptionTable.BackupDir, OptionTable.WalArchiveDir, OptionTable.Prefetch, OptionTable.Jobs, OptionTable.Timeline],
        IsHidden = true,
        RunAsync = RunAsync,
    };

    private static async Task<int> RunAsync(CommandContext context, CancellationToken cancellationToken)
    {
        if (!WalSegmentName.TryParse(context.Get(Name), out var taken))
        {
            throw new PgkeepException(ErrorKind.Usage, $"\"{context.Get(Name)}\" is not the name of a WAL segment");
        }

        var directory = new PrefetchDirectory(context.Get(Directory));
        // It must not keep a data directory, or a file system, in use.
        Environment.CurrentDirectory = directory.Path;
        var stores = ArchiveStores.Of(CommandSettings.Layout(context));
        var run = new PrefetchRun(stores, directory, context.Get(OptionTable.Jobs)) { Pinned = GetWalCommand.PinnedTimeline(context) };
        await run.RunAsync(taken, context.Get(OptionTable.Prefetch), cancellationToken);
        return 0;
    }
}
