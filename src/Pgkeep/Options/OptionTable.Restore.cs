using Pgkeep.Commands;
using Pgkeep.Options.Codecs;

namespace Pgkeep.Options;

/// <content>How a restore works, whatever its target.</content>
internal static partial class OptionTable
{
    public static Option<bool> StopServer { get; } = new()
    {
        Name = "stop-server",
        EnvironmentName = "PGKEEP_STOP_SERVER",
        Codec = FlagCodec.Instance,
        Default = FlagCodec.Off,
        Commands = CommandNames.Restoring,
        Summary = "Stop the running server before the restore",
    };

    public static Option<TimeSpan> RecoveryTimeout { get; } = new()
    {
        Name = "recovery-timeout",
        EnvironmentName = "PGKEEP_RECOVERY_TIMEOUT",
        Codec = new DurationCodec(),
        Default = "0",
        Commands = [CommandNames.Restore],
        Summary = "How long the replay of the WAL may take; 0 sets no limit",
        Example = "2h",
    };

    public static Option<bool> NoStart { get; } = new()
    {
        Name = "no-start",
        Sources = SourceKind.CommandLine,
        Codec = FlagCodec.Instance,
        Default = FlagCodec.Off,
        Commands = [CommandNames.Restore],
        Summary = "Prepare everything, and leave the start of the server to somebody else",
        Details = "The recovery begins when the server is started, with the settings that the restore leaves in postgresql.auto.conf; they have no meaning once it is over.",
    };

    private static IReadOnlyList<Option> Restoring => [StopServer, NoStart, RecoveryTimeout];
}
