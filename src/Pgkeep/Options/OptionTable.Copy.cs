using Pgkeep.Commands;
using Pgkeep.Options.Codecs;
using Pgkeep.Restore;

namespace Pgkeep.Options;

/// <content>A copy beside the cluster's own server.</content>
internal static partial class OptionTable
{
    public static Option<string?> To { get; } = new()
    {
        Name = "to",
        Sources = SourceKind.CommandLine,
        Codec = new PathCodec("DIR"),
        ComputedAs = "the cluster's own data directory",
        Commands = [CommandNames.Restore],
        Summary = "Restore a copy into this directory, beside the cluster, which is not touched",
        Details = "Absent or empty; the cluster's own server may run. The copy gets a configuration of its own: a socket in DIR, no network, no archiving, no preloaded libraries, no subscriptions. It gets what is in the archive, "
            + "and nothing of the live server's pg_wal. Where the WAL has a CREATE TABLESPACE it is refused: replaying that would write into the cluster's own files.",
        Example = "/var/lib/postgresql/15/copy",
    };

    public static Option<int> ToPort { get; } = new()
    {
        Name = "to-port",
        Sources = SourceKind.CommandLine,
        Codec = new IntegerCodec(1, 65_535),
        Default = "5433",
        Commands = [CommandNames.Restore],
        Summary = "Port of the copy's server, which is part of its socket's name",
    };

    public static Option<IReadOnlyList<TablespaceMove>> Tablespaces { get; } = new()
    {
        Name = "tablespace",
        Sources = SourceKind.CommandLine,
        Codec = TablespacesCodec.Instance,
        IsRepeated = true,
        ComputedAs = "where they were; of a copy DIR.tablespaces/OID",
        Compute = _ => "",
        Commands = [CommandNames.Restore],
        Summary = "Put a tablespace, by its location or OID, into another directory; may be repeated",
        Details = "NEW is absent or empty. A location with an equals sign in it is named by its OID.",
        Example = "/srv/fast=/srv/other",
    };

    private static IReadOnlyList<Option> Copying => [To, ToPort, Tablespaces];
}
