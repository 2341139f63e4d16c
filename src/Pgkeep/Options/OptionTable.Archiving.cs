using Pgkeep.Commands;
using Pgkeep.Options.Codecs;

namespace Pgkeep.Options;

/// <content>The rows of what the WAL goes through.</content>
internal static partial class OptionTable
{
    public static Option<bool> WalIndex { get; } = new()
    {
        Name = "wal-index",
        EnvironmentName = "PGKEEP_WAL_INDEX",
        Codec = new ChoiceCodec<bool>(
            "WHEN",
            new("on", true, "each segment gets its index when it is stored"),
            new("off", false, "none does, until pgkeep wal index makes it")),
        Default = "on",
        Commands = [CommandNames.ArchiveWal, CommandNames.ReceiveWal],
        Summary = "Whether a segment gets an index when it is stored",
        Details = "It is made in the same reading. With it, archive-wal also refuses a segment that does not go on where the stored one before it ends, as the index of that one tells: "
            + "another server writes the same timeline.",
        Example = "off",
    };

    public static Option<string> Slot { get; } = new()
    {
        Name = "slot",
        EnvironmentName = "PGKEEP_SLOT",
        Codec = new TextCodec("NAME"),
        Default = "pgkeep",
        Commands = [CommandNames.ReceiveWal],
        Summary = "The replication slot to receive through; created where it is missing, and never dropped",
        Details = "A slot has one receiver. Each receiver of a server needs a slot of its own.",
        Example = "pgkeep_2",
    };

    public static Option<string?> ApplicationName { get; } = new()
    {
        Name = "application-name",
        EnvironmentName = "PGKEEP_APPLICATION_NAME",
        Codec = new TextCodec("NAME"),
        ComputedAs = "the slot's name",
        Commands = [CommandNames.ReceiveWal],
        Summary = "The name to list in synchronous_standby_names",
        Example = "backup_host",
    };

    public static Option<bool> DropSlot { get; } = new()
    {
        Name = "drop-slot",
        Sources = SourceKind.CommandLine,
        Codec = FlagCodec.Instance,
        Default = FlagCodec.Off,
        Commands = [CommandNames.ReceiveWal],
        Summary = "Drop the slot and end; the server then keeps no WAL for a receiver any more",
    };

    public static Option<bool> AcceptGap { get; } = new()
    {
        Name = "accept-gap",
        Sources = SourceKind.CommandLine,
        Codec = FlagCodec.Instance,
        Default = FlagCodec.Off,
        Commands = [CommandNames.ReceiveWal],
        Summary = "Go on at the slot's position where the server does not have the WAL before it any more",
        Details = "No backup that was taken before the gap leads over it: take a new one.",
    };

    public static Option<int> Timeline { get; } = new()
    {
        Name = "timeline",
        Sources = SourceKind.CommandLine,
        Codec = new IntegerCodec(0, int.MaxValue),
        Default = "0",
        Commands = [CommandNames.GetWal, CommandNames.WalShow, CommandNames.Find],
        Summary = "The timeline that is followed, as recovery_target_timeline; 0 where it is not known",
        Details = "The segment in which this timeline left another is fetched up to there, and none behind it: a server that was left may have gone on. With 0, get-wal refuses where "
            + "it matters and cannot be told. wal show and find follow the newest with 0.",
    };
}
