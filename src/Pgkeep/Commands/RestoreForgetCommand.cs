using Pgkeep.Diagnostics;
using Pgkeep.Options;
using Pgkeep.Output;
using Pgkeep.Posix;
using Pgkeep.Repository;
using Pgkeep.Restore.Places;

namespace Pgkeep.Commands;

internal static class RestoreForgetCommand
{
    private static readonly Argument Restore = new("RESTORE", "Which restore: the moment in the names of what it left, such as 20250108T143512; not needed where there is one", IsRequired: false);

    public static Command Definition { get; } = new()
    {
        Name = CommandNames.RestoreForget,
        Summary = "Remove the old cluster that a restore has left aside, for good",
        Details = "Shows what would be removed and how large it is, and asks. Afterwards that restore cannot be undone. Refuses where the restored server is not known to have recovered, "
            + "and where a restore was broken off. Nothing else removes old data; what a rollback has kept of an undone restore is removed in the same way.",
        Arguments = [Restore],
        Examples =
        [
            new("sudo pgkeep restore forget --pgdata /var/lib/postgresql/16/main --dry-run", "What restores of that data directory have left."),
            new("sudo pgkeep restore forget 20250108T143512 --pgdata /var/lib/postgresql/16/main", "What that one has left."),
        ],
        RunAsync = RunAsync,
    };

    private static async Task<int> RunAsync(CommandContext context, CancellationToken cancellationToken)
    {
        var named = context.Get(OptionTable.PgData)
            ?? throw new PgkeepException(ErrorKind.Usage, "the data directory is not named", "say which with --pgdata");
        var dataDirectory = FileSystem.Resolve(named);
        var isDryRun = context.Get(OptionTable.DryRun);
        var isJson = context.Get(OptionTable.Json);
        if (isDryRun && context.Find(Restore) is null && !context.Get(OptionTable.Everything))
        {
            // To see what there is, nobody has to choose.
            Show(context, KeptData.Of(dataDirectory));
            return 0;
        }

        var forget = RestoreForget.Plan(dataDirectory, context.Find(Restore), context.Get(OptionTable.Everything));
        if (isDryRun || forget.Chosen.Count == 0 || !isJson)
        {
            Show(context, forget.Chosen);
        }

        if (isDryRun || forget.Chosen.Count == 0)
        {
            return 0;
        }

        await context.Confirmation.RequireAsync("forget", cancellationToken);
        var log = new OperationLog(context.Get(OptionTable.RestoreLog), context.Time) { Failed = context.Warn };
        forget.Run(kept =>
        {
            log.Write($"Removed what the restore {kept.Journal.Id} of {dataDirectory} had left: {string.Join(", ", kept.Directories.Select(directory => directory.Path))}");
            if (!isJson)
            {
                context.Output.WriteResult($"Removed what the restore {kept.Journal.Id} had left: {SizeText.Short(kept.Bytes)}");
            }
        });
        if (isJson)
        {
            context.Output.WriteResult(Json(forget.Chosen, isRemoved: true));
        }

        return 0;
    }

    private static void Show(CommandContext context, IReadOnlyList<KeptData> kept)
    {
        if (context.Get(OptionTable.Json))
        {
            context.Output.WriteResult(Json(kept, isRemoved: false));
        }
        else if (kept.Count == 0)
        {
            context.Output.WriteResult("No restore of it has left anything aside.");
        }
        else
        {
            Table(context, kept).WriteTo(context.Get(OptionTable.DryRun) ? context.Output.WriteResult : context.Note);
        }
    }

    private static TextTable Table(CommandContext context, IReadOnlyList<KeptData> kept)
    {
        var table = new TextTable();
        foreach (var one in kept)
        {
            table.Add(one.Journal.Id, SizeText.Short(one.Bytes), $"{Describe(one.Journal)} {TimestampText.Of(one.Journal.Started, context.Time)}");
            foreach (var directory in one.Directories)
            {
                table.Add("", SizeText.Short(directory.Bytes), directory.Path);
            }
        }

        return table;
    }

    private static string Describe(RestoreJournal journal) => journal.State switch
    {
        RestoreState.Forgetting => "was being removed: what is left of the restore of",
        RestoreState.Undone => "written by the undone restore of",
        RestoreState.Undoing => "is being put back: the restore of",
        _ => "the cluster before the restore of",
    };

    private static string Json(IReadOnlyList<KeptData> kept, bool isRemoved) => JsonLine.Write(json =>
    {
        json.WriteBoolean("removed", isRemoved);
        json.WriteStartArray("restores");
        foreach (var one in kept)
        {
            json.WriteStartObject();
            json.WriteString("id", one.Journal.Id);
            json.WriteString("started", one.Journal.Started);
            json.WriteString("state", one.Journal.State switch
            {
                RestoreState.Forgetting => "forgetting",
                RestoreState.Undone => "undone",
                RestoreState.Undoing => "undoing",
                _ => "aside",
            });
            json.WriteNumber("bytes", one.Bytes);
            json.WriteStartArray("directories");
            foreach (var directory in one.Directories)
            {
                json.WriteStringValue(directory.Path);
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        json.WriteEndArray();
    });
}
