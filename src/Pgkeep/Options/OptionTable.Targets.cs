using Pgkeep.Commands;
using Pgkeep.Options.Codecs;

namespace Pgkeep.Options;

/// <content>Where a restore ends: PostgreSQL's recovery targets.</content>
internal static partial class OptionTable
{
    public static Option<string?> TargetTime { get; } = new()
    {
        Name = "target-time",
        Sources = SourceKind.CommandLine,
        Codec = new TextCodec("TIME"),
        ComputedAs = "the end of the archived WAL",
        Commands = CommandNames.Recovering,
        Summary = "The moment to restore to",
        Details = "Without a zone it is this machine's local time.",
        Example = "2025-01-08 12:30:00",
    };

    public static Option<string?> TargetXid { get; } = new()
    {
        Name = "target-xid",
        Sources = SourceKind.CommandLine,
        Codec = new TextCodec("N"),
        ComputedAs = "none",
        Commands = CommandNames.Recovering,
        Summary = "The transaction to restore to, as the last one that is in",
        Details = "All that committed before it is in too, whatever the number; what committed later is not. Also with its epoch, as pg_current_xact_id tells it, which must be the right one then.",
        Example = "88120433",
    };

    public static Option<string?> TargetLsn { get; } = new()
    {
        Name = "target-lsn",
        Sources = SourceKind.CommandLine,
        Codec = new TextCodec("LSN"),
        ComputedAs = "none",
        Commands = CommandNames.Recovering,
        Summary = "The position to restore to: the record that begins there is in, or the first behind it",
        Example = "2/1A3B5C80",
    };

    public static Option<string?> TargetName { get; } = new()
    {
        Name = "target-name",
        Sources = SourceKind.CommandLine,
        Codec = new TextCodec("NAME"),
        ComputedAs = "none",
        Commands = CommandNames.Recovering,
        Summary = "The restore point to restore to",
        Details = "Where the name was used again, the restore ends at the first behind the backup's start.",
        Example = "before_upgrade",
    };

    public static Option<bool> TargetImmediate { get; } = new()
    {
        Name = "target-immediate",
        Sources = SourceKind.CommandLine,
        Codec = FlagCodec.Instance,
        Default = FlagCodec.Off,
        Commands = CommandNames.Recovering,
        Summary = "Restore to the end of the backup, and no further",
    };

    public static Option<bool> TargetExclusive { get; } = new()
    {
        Name = "target-exclusive",
        Sources = SourceKind.CommandLine,
        Codec = FlagCodec.Instance,
        Default = FlagCodec.Off,
        Commands = CommandNames.Recovering,
        Summary = "End right before the transaction, the position or the time, not behind it",
    };

    public static Option<int> TargetTimeline { get; } = new()
    {
        Name = "target-timeline",
        Sources = SourceKind.CommandLine,
        Codec = new IntegerCodec(0, int.MaxValue),
        Default = "0",
        Commands = CommandNames.Recovering,
        Summary = "The timeline to restore along; 0 for the newest that leads to the target",
    };

    private static IReadOnlyList<Option> Targets => [TargetTime, TargetXid, TargetLsn, TargetName, TargetImmediate, TargetExclusive, TargetTimeline];
}
