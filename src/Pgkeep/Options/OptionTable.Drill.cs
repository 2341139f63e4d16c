using Pgkeep.Commands;
using Pgkeep.Options.Codecs;

namespace Pgkeep.Options;

/// <content>The rows of drill.</content>
internal static partial class OptionTable
{
    private static readonly IReadOnlyList<string> Drilling = [CommandNames.Drill];

    public static Option<string?> DrillBackup { get; } = new()
    {
        Name = "backup",
        Sources = SourceKind.CommandLine,
        Codec = new TextCodec("BACKUP"),
        ComputedAs = "the newest that fits the target",
        Commands = Drilling,
        Summary = "Drill this backup, by its name or path",
        Example = "backup_20250108_020000",
    };

    public static Option<bool> RandomBackup { get; } = new()
    {
        Name = "random",
        Sources = SourceKind.CommandLine,
        Codec = FlagCodec.Instance,
        Default = FlagCodec.Off,
        Commands = Drilling,
        Summary = "Drill any usable backup, chosen by chance",
    };

    public static Option<bool> Amcheck { get; } = new()
    {
        Name = "amcheck",
        EnvironmentName = "PGKEEP_AMCHECK",
        Codec = FlagCodec.Instance,
        Default = FlagCodec.Off,
        Commands = [CommandNames.Drill, CommandNames.Restore],
        Summary = "Also run pg_amcheck over all recovered tables and indexes (PostgreSQL 14 and later)",
        Details = "It comes before anybody else can connect, and reads everything once more.",
    };

    public static Option<string?> Sql { get; } = new()
    {
        Name = "sql",
        EnvironmentName = "PGKEEP_DRILL_SQL",
        Codec = new PathCodec("FILE"),
        ComputedAs = "none",
        Commands = Drilling,
        Summary = "Statements that must succeed in the copy",
        Details = "Each runs by itself, in --database, as a superuser. One that answers with a single boolean column must answer true in every row.",
        Example = "/etc/pgkeep/drill.sql",
    };

    public static Option<string> Scratch { get; } = new()
    {
        Name = "scratch",
        EnvironmentName = "PGKEEP_DRILL_SCRATCH",
        Codec = new PathCodec("DIR"),
        Default = "/var/tmp",
        Commands = Drilling,
        Summary = "Where the copy lies while the drill lasts, in a directory of its own",
        Details = "It needs the room of the cluster's files and of the WAL that the recovery writes.",
    };

    private static IReadOnlyList<Option> OfDrill => [DrillBackup, RandomBackup, Amcheck, Sql, Scratch];
}
