using Pgkeep.Commands;
using Pgkeep.Options.Codecs;
using Pgkeep.Postgres.Wal.Targets;

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
        Commands = CommandNames.Recovering,
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

    public static Option<string?> OldWal { get; } = new()
    {
        Name = "old-wal",
        Sources = SourceKind.CommandLine,
        Codec = new PathCodec("DIR"),
        ComputedAs = "none",
        Commands = [CommandNames.Restore],
        Summary = "WAL of the old server that survived elsewhere; it is only read",
        Details = "The segments in it that the archive does not have go into the recovery, as those of the old data directory's own pg_wal do: name the disk of a lost cluster's pg_wal that is still there, or where its files were copied to with their times (cp -p). All of it is read first: a record that is damaged would end the recovery.",
        Example = "/mnt/wal/pg_wal",
    };

    public static Option<string?> StopCommand { get; } = new()
    {
        Name = "stop-command",
        EnvironmentName = "PGKEEP_STOP_COMMAND",
        Codec = new TextCodec("COMMAND"),
        ComputedAs = "pg_ctlcluster, systemctl or pg_ctl",
        Commands = CommandNames.Restoring,
        Summary = "The command that stops the server, for a shell; it is leave to stop it",
        Details = "Run as the account that runs pgkeep. Where it is not set the server is stopped as it runs: by Debian's pg_ctlcluster, by the systemd unit whose main process it is, or by pg_ctl.",
        Example = "systemctl stop postgresql-16",
    };

    public static Option<string?> StartCommand { get; } = new()
    {
        Name = "start-command",
        EnvironmentName = "PGKEEP_START_COMMAND",
        Codec = new TextCodec("COMMAND"),
        ComputedAs = "pg_ctlcluster, systemctl or pg_ctl",
        Commands = [CommandNames.Restore],
        Summary = "The command that starts the server when the restore is over, for a shell",
        Details = "While the WAL is replayed, a server of pgkeep's own runs that nobody can reach.",
        Example = "systemctl start postgresql-16",
    };

    public static Option<RecoveryTargetAction> TargetAction { get; } = new()
    {
        Name = "target-action",
        Sources = SourceKind.CommandLine,
        Codec = new ChoiceCodec<RecoveryTargetAction>(
            "ACTION",
            new("promote", RecoveryTargetAction.Promote, "the recovery is over, and the server takes writes"),
            new("pause", RecoveryTargetAction.Pause, "it stands still, and can be read: go on with SELECT pg_wal_replay_resume(), or undo it"),
            new("shutdown", RecoveryTargetAction.Shutdown, "the server stops, and can go on from there")),
        Default = "promote",
        Commands = [CommandNames.Restore],
        Summary = "What the server does at the target",
        Example = "pause",
    };

    private static IReadOnlyList<Option> Restoring => [TargetAction, OldWal, StopServer, StopCommand, NoStart, StartCommand, RecoveryTimeout];
}
