using Pgkeep.Commands.Walk;
using Pgkeep.Diagnostics;
using Pgkeep.Options;
using Pgkeep.Output;
using Pgkeep.Postgres;
using Pgkeep.Restore;
using Pgkeep.Search;

namespace Pgkeep.Commands;

internal static class FindCommand
{
    public static Command Definition { get; } = new()
    {
        Name = CommandNames.Find,
        Summary = "Find the transaction that deleted, truncated or dropped something, and how to restore to right before it",
        Details = "Reads the archived WAL, without a server, and names for each transaction its commit time, its xid, its LSNs, the rows of each table that it changed, and the command that "
            + "restores everything before it. Names come from the newest backup that is older than --since (the oldest one without it) and from what the WAL says of them since. At least one of "
            + "the options that say what is looked for is needed; of --op, --truncate, --drop-table and --drop-database one is enough for a transaction to be found. A database is gone before its "
            + "DROP DATABASE commits, so the command goes to an LSN there. Ends with 1 where nothing is found, and with 3 where the WAL is damaged or missing before its end.",
        Examples =
        [
            new("pgkeep find --table orders --op delete --since \"2025-01-08 12:00\" --min-rows 100", "Who deleted from orders."),
            new("pgkeep find --drop-table shop.public.customers", "When the table was dropped."),
            new("pgkeep find --truncate --drop-database --since \"2025-01-08 12:00\"", "Every TRUNCATE and DROP DATABASE."),
            new("pgkeep find --commits-near \"2025-01-08 12:30:00\"", "What a restore to this moment brings back last."),
            new("pgkeep find --table orders --interactive", "Walk through all that changed orders, and choose a moment to restore to."),
            new("pgkeep find --xid 88120433 --json", "A transaction from the server's log, for a program."),
        ],
        RunAsync = RunAsync,
    };

    private static async Task<int> RunAsync(CommandContext context, CancellationToken cancellationToken)
    {
        RequireScreen(context);
        var query = Query(context);
        var timeline = context.Get(OptionTable.Timeline) is > 0 and var number ? new TimelineId((uint)number) : (TimelineId?)null;
        var result = await new WalFind(CommandSettings.LayoutAsOwner(context)).RunAsync(query, timeline, UndoneTimelines.Of, cancellationToken);
        if (result is { IsEmpty: true, Problem: null, KnownInstead: { } known })
        {
            throw UnknownTable(query.Table!, known.Select(name => name.ToString()).ToList(), known.Select(name => name.Relation).Distinct().ToList(), result);
        }

        var restore = new RestoreCommandLine(context, result);
        if (context.Get(OptionTable.Json))
        {
            context.Output.WriteResult(JsonLine.Write(json => FindJson.Write(json, result, restore)));
        }
        else
        {
            var text = new FoundText(query, context.Time);
            if (context.Get(OptionTable.Interactive) && !result.IsEmpty)
            {
                Walk(context, text, result, restore, cancellationToken);
            }
            else
            {
                new FindText(context, text, result, restore).Write();
            }
        }

        return result.Problem is not null ? ErrorKinds.Of(ErrorKind.Findings).ExitCode : result.IsEmpty ? ErrorKinds.AbsentExitCode : 0;
    }

    /// <summary>Before anything is read, which can take minutes.</summary>
    private static void RequireScreen(CommandContext context)
    {
        var name = $"--{OptionTable.Interactive.Name}";
        if (context.Get(OptionTable.Interactive) && context.Get(OptionTable.Json))
        {
            throw new PgkeepException(ErrorKind.Usage, $"{name} is for a person and --{OptionTable.Json.Name} for a program", "name one of them");
        }

        if (context.Get(OptionTable.Interactive) && !context.Output.CanDraw)
        {
            throw new PgkeepException(ErrorKind.Usage, $"{name} needs a terminal on stdin and stdout, one whose cursor can be moved", "leave it out: the answer is the same, as text", "ssh makes a terminal with -t; TERM must not be dumb");
        }
    }

    private static void Walk(CommandContext context, FoundText text, FindResult result, RestoreCommandLine restore, CancellationToken cancellationToken)
    {
        var moments = new WalkMoments(result, text, restore, context.Time);
        var concerns = text.Concerns(result).ToList();
        var searched = $" on timeline {result.Timeline}{(FoundText.LeftOut(result) is { } leftOut ? $", {leftOut}" : "")}";
        var drawing = new WalkScreen(context.Output.ResultPalette, searched, concerns.LastOrDefault());
        var command = FindWalk.Run(context.Output, drawing, new WalkState(moments, moments.Beginning), cancellationToken);

        // The screen is gone, and what it told in short belongs to the answer.
        foreach (var concern in concerns)
        {
            context.Warn(concern);
        }

        if (command is not null)
        {
            context.Output.WriteResult(command);
        }
    }

    private static FindQuery Query(CommandContext context)
    {
        var (table, dropped) = (Table(context, OptionTable.Table), Table(context, OptionTable.DropTable));
        if (table is not null && dropped is not null)
        {
            throw new PgkeepException(ErrorKind.Usage, "--table and --drop-table name two tables, and one is searched for at a time");
        }

        var operations = new List<FoundOperation>();
        AddIf(context.Get(OptionTable.Op) is not null, context.Get(OptionTable.Op) ?? default);
        AddIf(context.Get(OptionTable.Truncate), FoundOperation.Truncate);
        AddIf(dropped is not null, FoundOperation.Drop);
        var query = new FindQuery
        {
            Since = Moment(context, OptionTable.Since),
            Until = Moment(context, OptionTable.Until),
            Table = table ?? dropped,
            Operations = operations,
            MinRows = context.Get(OptionTable.MinRows),
            DropsDatabase = context.Get(OptionTable.DropDatabase),
            Xid = Xid(context),
            Position = Position(context),
            RestorePoint = context.Get(OptionTable.RestorePointName),
            Near = Moment(context, OptionTable.CommitsNear),
            IncludesInternal = context.Get(OptionTable.Everything),
            Limit = context.Get(OptionTable.Limit),
        };
        return query.IsEmpty ? throw new PgkeepException(ErrorKind.Usage, "nothing says what to look for", "for example: pgkeep find --table orders --op delete --since \"2025-01-08 12:00\"")
            : query.Since > query.Until ? throw new PgkeepException(ErrorKind.Usage, "--since lies behind --until")
            : query;

        void AddIf(bool isAsked, FoundOperation operation)
        {
            if (isAsked)
            {
                operations.Add(operation);
            }
        }
    }

    private static TableFilter? Table(CommandContext context, Option<string?> option) => context.Get(option) is not { } text ? null
        : TableFilter.TryParse(text, out var table) ? table
        : throw new PgkeepException(ErrorKind.Usage, $"--{option.Name}: \"{text}\" is no table's name", "write orders, public.orders or shop.public.orders; a part with a dot in it in double quotes");

    private static DateTimeOffset? Moment(CommandContext context, Option<string?> option) =>
        context.Get(option) is { } text ? TargetTime.Parse(text, DateTimeOffset.MaxValue, context.Time.LocalTimeZone) : null;

    /// <summary>The server's functions tell how often the numbers have begun anew in front of what WAL and log have.</summary>
    private static uint? Xid(CommandContext context) => context.Get(OptionTable.Xid) is not { } text ? null
        : Digits.TryParseDecimal(text, out ulong number) && unchecked((uint)number) is > 2 and var xid ? xid
        : throw new PgkeepException(ErrorKind.Usage, $"--xid: \"{text}\" is no transaction's number");

    private static Lsn? Position(CommandContext context) => context.Get(OptionTable.Position) is not { } text ? null
        : Lsn.TryParse(text, out var position) ? position
        : throw new PgkeepException(ErrorKind.Usage, $"--lsn: \"{text}\" is no LSN", "write it as the server does: 1/2A000028");

    private static PgkeepException UnknownTable(TableFilter table, IReadOnlyList<string> full, IReadOnlyList<string> names, FindResult result)
    {
        var near = names.Contains(table.Relation) ? table.Relation : EditDistance.Nearest(table.Relation, names) ?? names.FirstOrDefault(name => name.Equals(table.Relation, StringComparison.OrdinalIgnoreCase));
        var meant = full.FirstOrDefault(name => name.EndsWith($".{near}", StringComparison.Ordinal));
        var message = $"there was no table {table}: neither in {result.NamesFrom}, nor made later";
        return near is null ? new PgkeepException(ErrorKind.Usage, message) : new PgkeepException(ErrorKind.Usage, message, $"did you mean {meant ?? near}?");
    }
}
