using Pgkeep.Commands;
using Pgkeep.Options.Codecs;

namespace Pgkeep.Options;

/// <content>How much of a backup a restore reads and writes.</content>
internal static partial class OptionTable
{
    public static Option<bool> Delta { get; } = new()
    {
        Name = "delta",
        Sources = SourceKind.CommandLine,
        Codec = FlagCodec.Instance,
        Default = FlagCodec.Off,
        Commands = [CommandNames.Restore],
        Summary = "Use old files whose content is the backup's, and write only what differs",
        Details = "Each old file is read and compared with the backup's manifest by its length and CRC-32C, never by its time. The file system must be able to clone files (reflinks: XFS, btrfs), so that "
            + "the old cluster stays whole beside the restored one; where it cannot, there is --in-place.",
    };

    public static Option<bool> InPlace { get; } = new()
    {
        Name = "in-place",
        Sources = SourceKind.CommandLine,
        Codec = FlagCodec.Instance,
        Default = FlagCodec.Off,
        Commands = [CommandNames.Restore],
        Summary = "With --delta: change the old cluster's own files, from which there is no way back",
        Details = "Nothing is moved aside: what the backup does not have is removed, and restore rollback cannot undo it. Broken off anywhere, the same command again goes on; no server starts on the data "
            + "directory before. WAL that no archive has is saved beside it first.",
    };

    public static Option<IReadOnlyList<string>?> OnlyDatabases { get; } = new()
    {
        Name = "only-database",
        Sources = SourceKind.CommandLine,
        Codec = new LinesCodec("NAME"),
        IsRepeated = true,
        ComputedAs = "all databases",
        Commands = [CommandNames.Restore],
        Summary = "Restore this database whole and leave the others empty; may be repeated",
        Details = "Roles, tablespaces, template0, template1 and postgres always come. Of any other database the relations' files are zeros that take no space: it cannot be used, and is to be dropped "
            + "when the restore is over. A database that was created after the backup comes whole.",
        Example = "shop",
    };

    private static IReadOnlyList<Option> Reusing => [Delta, InPlace, OnlyDatabases];
}
