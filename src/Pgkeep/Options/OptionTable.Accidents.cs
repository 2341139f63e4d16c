using Pgkeep.Commands;
using Pgkeep.Options.Codecs;
using Pgkeep.Search;

namespace Pgkeep.Options;

/// <content>The rows of find.</content>
internal static partial class OptionTable
{
    private static readonly IReadOnlyList<string> Finding = [CommandNames.Find];

    public static Option<string?> Table { get; } = new()
    {
        Name = "table",
        Sources = SourceKind.CommandLine,
        Codec = new TextCodec("TABLE"),
        ComputedAs = "any table",
        Commands = Finding,
        Summary = "Transactions that changed this table: orders, public.orders or shop.public.orders",
        Details = "As the name was before the transaction; case counts, and a part with a dot in it stands in double quotes. A partition is a table of its own.",
        Example = "public.orders",
    };

    public static Option<FoundOperation?> Op { get; } = new()
    {
        Name = "op",
        Sources = SourceKind.CommandLine,
        Codec = new ChoiceCodec<FoundOperation?>(
            "OPERATION",
            new("insert", FoundOperation.Insert, "rows inserted, by COPY too"),
            new("update", FoundOperation.Update, "rows updated"),
            new("delete", FoundOperation.Delete, "rows deleted"),
            new("truncate", FoundOperation.Truncate, "the table emptied by TRUNCATE"),
            new("drop", FoundOperation.Drop, "the table dropped")),
        ComputedAs = "any operation",
        Commands = Finding,
        Summary = "Transactions that did this to a table",
        Example = "delete",
    };

    public static Option<int> MinRows { get; } = new()
    {
        Name = "min-rows",
        Sources = SourceKind.CommandLine,
        Codec = new IntegerCodec(0, int.MaxValue),
        Default = "0",
        Commands = Finding,
        Summary = "Transactions that changed so many rows at least, of what is asked for",
        Example = "100",
    };

    public static Option<string?> DropTable { get; } = new()
    {
        Name = "drop-table",
        Sources = SourceKind.CommandLine,
        Codec = new TextCodec("TABLE"),
        ComputedAs = "none",
        Commands = Finding,
        Summary = "The transaction that dropped this table; as --table TABLE --op drop",
        Example = "customers",
    };

    public static Option<bool> Truncate { get; } = new()
    {
        Name = "truncate",
        Sources = SourceKind.CommandLine,
        Codec = FlagCodec.Instance,
        Default = FlagCodec.Off,
        Commands = Finding,
        Summary = "Transactions that truncated a table; as --op truncate",
    };

    public static Option<bool> DropDatabase { get; } = new()
    {
        Name = "drop-database",
        Sources = SourceKind.CommandLine,
        Codec = FlagCodec.Instance,
        Default = FlagCodec.Off,
        Commands = Finding,
        Summary = "Transactions that dropped a database",
    };

    public static Option<string?> Since { get; } = new()
    {
        Name = "since",
        Sources = SourceKind.CommandLine,
        Codec = new TextCodec("TIME"),
        ComputedAs = "the oldest backup",
        Commands = Finding,
        Summary = "Only what was committed at this moment or later",
        Details = "Without a zone it is this machine's local time.",
        Example = "2025-01-08 12:00",
    };

    public static Option<string?> Until { get; } = new()
    {
        Name = "until",
        Sources = SourceKind.CommandLine,
        Codec = new TextCodec("TIME"),
        ComputedAs = "the end of the archived WAL",
        Commands = Finding,
        Summary = "Only what was committed at this moment or earlier",
        Example = "2025-01-08 12:30",
    };

    public static Option<string?> Xid { get; } = new()
    {
        Name = "xid",
        Sources = SourceKind.CommandLine,
        Codec = new TextCodec("XID"),
        ComputedAs = "any transaction",
        Commands = Finding,
        Summary = "This transaction, or the one that this subtransaction belongs to, however it ended",
        Details = "As the log's %x, txid_current() or pg_current_xact_id() tell it.",
        Example = "88120433",
    };

    public static Option<string?> Position { get; } = new()
    {
        Name = "lsn",
        Sources = SourceKind.CommandLine,
        Codec = new TextCodec("LSN"),
        ComputedAs = "any position",
        Commands = Finding,
        Summary = "The transaction that wrote the record at this position, however it ended",
        Example = "1/2A000028",
    };

    public static Option<string?> RestorePointName { get; } = new()
    {
        Name = "restore-point",
        Sources = SourceKind.CommandLine,
        Codec = new TextCodec("NAME"),
        ComputedAs = "none",
        Commands = Finding,
        Summary = "The restore points of this name",
        Example = "before_upgrade",
    };

    public static Option<string?> CommitsNear { get; } = new()
    {
        Name = "commits-near",
        Sources = SourceKind.CommandLine,
        Codec = new TextCodec("TIME"),
        ComputedAs = "no moment",
        Commands = Finding,
        Summary = "The last commits that a restore to this moment brings back, and the first that it does not",
        Example = "2025-01-08 12:30:00",
    };

    public static Option<bool> Everything { get; } = new()
    {
        Name = "all",
        Sources = SourceKind.CommandLine,
        Codec = FlagCodec.Instance,
        Default = FlagCodec.Off,
        Commands = [.. Finding, CommandNames.RestoreForget],
        Summary = "Every restore (restore forget); catalogues, indexes, sequences, TOAST too (find)",
    };

    public static Option<int> Limit { get; } = new()
    {
        Name = "limit",
        Sources = SourceKind.CommandLine,
        Codec = new IntegerCodec(1, 1_000_000),
        Default = "100",
        Commands = Finding,
        Summary = "How many transactions to show; the others are counted",
    };

    public static Option<bool> Interactive { get; } = new()
    {
        Name = "interactive",
        Sources = SourceKind.CommandLine,
        Codec = FlagCodec.Instance,
        Default = FlagCodec.Off,
        Commands = Finding,
        Summary = "Walk through what is found on a terminal, and print the command for a moment",
        Details = "Up, Down, j, k, PgUp, PgDn, Home, End, g and G move; Tab goes from the command for right before the moment to the one for right after it; Enter prints the command and leaves, "
            + "q and Escape leave without it.",
    };
}
