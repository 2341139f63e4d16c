using Pgkeep.Commands;
using Pgkeep.Options.Codecs;

namespace Pgkeep.Options;

/// <summary>
/// The one place where an option exists. Command line, environment, <c>backup.env</c>, help, reference and the sample file are
/// projections of these rows; a command reads a value by its row. The names of the runbook (<c>BACKUP_DIR</c>, <c>RETENTION_DAYS</c> …)
/// and of libpq (<c>PGHOST</c> …) are kept, every other option is <c>PGKEEP_NAME</c>.
/// </summary>
/// <remarks>A name is a promise: it changes only with an entry in the changelog, a test and a time of both names.</remarks>
internal static class OptionTable
{
    public const string DefaultConfigPath = "/etc/postgresql/backup.env";

    public static Option<string> Config { get; } = new()
    {
        Name = "config",
        EnvironmentName = "PGKEEP_CONFIG",
        Sources = SourceKind.CommandLine | SourceKind.Environment,
        Codec = new PathCodec("FILE"),
        Default = DefaultConfigPath,
        Commands = CommandNames.Configured,
        Summary = "File with assignments that a shell can source as well",
        Details = "A missing file is no error as long as nobody asked for it by name. A file with a password must have mode 0600.",
    };

    public static Option<string> BackupDir { get; } = new()
    {
        Name = "backup-dir",
        EnvironmentName = "BACKUP_DIR",
        Codec = new PathCodec("DIR"),
        Default = "/var/backups/postgresql",
        Commands = CommandNames.Repository,
        Summary = "The repository: the directory that holds the backups",
    };

    public static Option<string> WalArchiveDir { get; } = new()
    {
        Name = "wal-archive-dir",
        EnvironmentName = "WAL_ARCHIVE_DIR",
        Codec = new PathCodec("DIR"),
        ComputedAs = "BACKUP_DIR/wal_archive",
        Compute = values => Path.Join(values.Get(BackupDir), "wal_archive"),
        Commands = CommandNames.Archive,
        Summary = "The archive: the directory that holds the WAL",
        Example = "/var/backups/postgresql/wal_archive",
    };

    public static Option<int> RetentionDays { get; } = new()
    {
        Name = "retention-days",
        EnvironmentName = "RETENTION_DAYS",
        Codec = new IntegerCodec(1, 36_500),
        Default = "7",
        Commands = [CommandNames.Backup, CommandNames.Cleanup, CommandNames.Check],
        Summary = "For how many days back a restore must be possible",
        Details = "What no restore within these days needs is removed. The newest usable backup always stays.",
    };

    public static Option<string?> Host { get; } = new()
    {
        Name = "host",
        EnvironmentName = "PGHOST",
        Codec = new TextCodec("HOST"),
        ComputedAs = "the local socket",
        Commands = CommandNames.Connecting,
        Summary = "Server to connect to: a host name, an address or a socket directory",
        Example = "localhost",
    };

    public static Option<int> Port { get; } = new()
    {
        Name = "port",
        EnvironmentName = "PGPORT",
        Codec = new IntegerCodec(1, 65_535),
        Default = "5432",
        Commands = CommandNames.Connecting,
        Summary = "Port of the server, also in the name of its socket",
    };

    public static Option<string?> User { get; } = new()
    {
        Name = "user",
        EnvironmentName = "PGUSER",
        Codec = new TextCodec("NAME"),
        ComputedAs = "the operating system's account",
        Commands = CommandNames.Connecting,
        Summary = "Role to log in as",
        Example = "platform",
    };

    public static Option<string> Database { get; } = new()
    {
        Name = "database",
        EnvironmentName = "PGDATABASE",
        Codec = new TextCodec("NAME"),
        Default = "postgres",
        Commands = CommandNames.Connecting,
        Summary = "Database to connect to; the backup always holds all of them",
    };

    public static Option<Secret?> Password { get; } = new()
    {
        Name = "password",
        EnvironmentName = "PGPASSWORD",
        Sources = SourceKind.Environment | SourceKind.File,
        Codec = SecretCodec.Instance,
        ComputedAs = "from the passfile",
        Commands = CommandNames.Connecting,
        Summary = "Password of the role",
        Details = "Never on the command line, where every account of the machine can read it. A file that holds it must have mode 0600.",
    };

    public static Option<string?> Passfile { get; } = new()
    {
        Name = "passfile",
        EnvironmentName = "PGPASSFILE",
        Codec = new PathCodec("FILE"),
        ComputedAs = "~/.pgpass",
        Commands = CommandNames.Connecting,
        Summary = "File with passwords, as psql reads it",
        Example = "/var/lib/postgresql/.pgpass",
    };

    public static Option<string?> Service { get; } = new()
    {
        Name = "service",
        EnvironmentName = "PGSERVICE",
        Codec = new TextCodec("NAME"),
        ComputedAs = "none",
        Commands = CommandNames.Connecting,
        Summary = "Entry of the connection service file that fills in what is not given here",
        Example = "production",
    };

    public static Option<SslMode> SslMode { get; } = new()
    {
        Name = "sslmode",
        EnvironmentName = "PGSSLMODE",
        Codec = new ChoiceCodec<SslMode>(
            "MODE",
            new("disable", Options.SslMode.Disable, "never"),
            new("allow", Options.SslMode.Allow, "only if the server insists"),
            new("prefer", Options.SslMode.Prefer, "if the server can"),
            new("require", Options.SslMode.Require, "always, whoever answers"),
            new("verify-ca", Options.SslMode.VerifyCa, "always, with a certificate signed by a known authority"),
            new("verify-full", Options.SslMode.VerifyFull, "the same, and the certificate names the host")),
        Default = "prefer",
        Commands = CommandNames.Connecting,
        Summary = "When the connection is encrypted",
    };

    public static Option<string?> SslRootCert { get; } = new()
    {
        Name = "sslrootcert",
        EnvironmentName = "PGSSLROOTCERT",
        Codec = new TextCodec("FILE"),
        ComputedAs = "~/.postgresql/root.crt",
        Commands = CommandNames.Connecting,
        Summary = "Certificates of the authorities that are trusted; \"system\" for the machine's own",
        Example = "/etc/ssl/certs/ca-certificates.crt",
    };

    public static Option<TimeSpan> ConnectTimeout { get; } = new()
    {
        Name = "connect-timeout",
        EnvironmentName = "PGCONNECT_TIMEOUT",
        Codec = new DurationCodec(plainNumbersAreSeconds: true),
        Default = "10",
        Commands = CommandNames.Connecting,
        Summary = "How many seconds to wait for a connection; 0 waits for ever",
    };

    public static Option<string?> PgData { get; } = new()
    {
        Name = "pgdata",
        EnvironmentName = "PGDATA",
        Codec = new PathCodec("DIR"),
        ComputedAs = "as the server or the backup says",
        Commands = [CommandNames.Backup, .. CommandNames.Restoring],
        Summary = "Data directory of the server",
        Example = "/var/lib/postgresql/16/main",
    };

    public static Option<string?> BinDir { get; } = new()
    {
        Name = "bindir",
        EnvironmentName = "PGKEEP_BINDIR",
        Codec = new PathCodec("DIR"),
        ComputedAs = "found by the server's version",
        Commands = [CommandNames.Backup, .. CommandNames.Restoring, CommandNames.Demo],
        Summary = "Directory of PostgreSQL's own programs",
        Example = "/usr/lib/postgresql/16/bin",
    };

    public static Option<TimeSpan> ArchiveWait { get; } = new()
    {
        Name = "archive-wait",
        EnvironmentName = "PGKEEP_ARCHIVE_WAIT",
        Codec = new DurationCodec(minimum: TimeSpan.FromSeconds(1)),
        Default = "60s",
        Commands = [CommandNames.Backup, CommandNames.RestorePoint],
        Summary = "How long to wait for the server to archive a segment",
        Details = "A backup tries archiving before it copies, and needs the WAL that is written while it runs. If nothing has been archived for so long, it fails.",
    };

    public static Option<int> CompressLevel { get; } = new()
    {
        Name = "compress-level",
        EnvironmentName = "PGKEEP_COMPRESS_LEVEL",
        Codec = new IntegerCodec(1, 9),
        Default = "1",
        Commands = [CommandNames.Backup, CommandNames.ArchiveWal],
        Summary = "How hard to compress: 1 is fastest, 9 smallest",
    };

    public static Option<int> Jobs { get; } = new()
    {
        Name = "jobs",
        EnvironmentName = "PGKEEP_JOBS",
        Codec = new IntegerCodec(1, 64),
        ComputedAs = "one for each core, at most 4",
        Compute = _ => $"{Math.Min(4, Environment.ProcessorCount)}",
        Commands = [CommandNames.Backup],
        Summary = "How many workers read, check and compress at a time",
        Example = "2",
    };

    public static Option<CheckpointMode> Checkpoint { get; } = new()
    {
        Name = "checkpoint",
        EnvironmentName = "PGKEEP_CHECKPOINT",
        Codec = new ChoiceCodec<CheckpointMode>(
            "MODE",
            new("fast", CheckpointMode.Fast, "at once, with all the I/O it takes"),
            new("spread", CheckpointMode.Spread, "over minutes, like the server's own")),
        Default = "fast",
        Commands = [CommandNames.Backup],
        Summary = "How the server makes the checkpoint that a backup starts with",
    };

    public static Option<bool> Yes { get; } = new()
    {
        Name = "yes",
        Sources = SourceKind.CommandLine,
        Codec = FlagCodec.Instance,
        Default = FlagCodec.Off,
        Commands = CommandNames.Restoring,
        Summary = "Do not ask before something is replaced",
    };

    public static Option<bool> DryRun { get; } = new()
    {
        Name = "dry-run",
        Sources = SourceKind.CommandLine,
        Codec = FlagCodec.Instance,
        Default = FlagCodec.Off,
        Commands = [.. CommandNames.Restoring, CommandNames.Cleanup],
        Summary = "Show what would be done, and change nothing",
    };

    public static Option<bool> StopServer { get; } = new()
    {
        Name = "stop-server",
        EnvironmentName = "PGKEEP_STOP_SERVER",
        Codec = FlagCodec.Instance,
        Default = FlagCodec.Off,
        Commands = CommandNames.Restoring,
        Summary = "Stop the running server before the restore",
    };

    public static Option<string?> TargetTime { get; } = new()
    {
        Name = "target-time",
        Sources = SourceKind.CommandLine,
        Codec = new TextCodec("TIME"),
        ComputedAs = "the end of the archived WAL",
        Commands = [CommandNames.Restore],
        Summary = "The moment to restore to",
        Details = "Without a zone it is this machine's local time.",
        Example = "2025-01-08 12:30:00",
    };

    public static Option<string> RestoreLog { get; } = new()
    {
        Name = "restore-log",
        EnvironmentName = "PGKEEP_RESTORE_LOG",
        Codec = new PathCodec("FILE"),
        Default = "/var/log/postgresql/restore.log",
        Commands = CommandNames.Restoring,
        Summary = "Log of the restores",
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

    public static Option<TimeSpan> MaxBackupAge { get; } = new()
    {
        Name = "max-backup-age",
        EnvironmentName = "PGKEEP_MAX_BACKUP_AGE",
        Codec = new DurationCodec(minimum: TimeSpan.FromSeconds(1)),
        Default = "24h",
        Commands = [CommandNames.Check],
        Summary = "Critical when the newest backup is older",
    };

    public static Option<TimeSpan> MaxWalLag { get; } = new()
    {
        Name = "max-wal-lag",
        EnvironmentName = "PGKEEP_MAX_WAL_LAG",
        Codec = new DurationCodec(minimum: TimeSpan.FromSeconds(1)),
        Default = "10min",
        Commands = [CommandNames.Check],
        Summary = "Warning when the archive is further behind the server",
    };

    public static Option<int> MaxDiskUsed { get; } = new()
    {
        Name = "max-disk-used",
        EnvironmentName = "PGKEEP_MAX_DISK_USED",
        Codec = PercentCodec.Instance,
        Default = "85%",
        Commands = [CommandNames.Check],
        Summary = "Critical when the repository's volume is fuller",
    };

    public static Option<string> CronTime { get; } = new()
    {
        Name = "cron-time",
        EnvironmentName = "CRON_TIME",
        Codec = ScheduleCodec.Instance,
        Default = "0 2 * * *",
        Commands = [CommandNames.CronInstall],
        Summary = "When cron starts the backup: minute, hour, day, month, weekday",
        Example = "30 2 * * *",
    };

    public static Option<bool> Keep { get; } = new()
    {
        Name = "keep",
        Sources = SourceKind.CommandLine,
        Codec = FlagCodec.Instance,
        Default = FlagCodec.Off,
        Commands = [CommandNames.Demo],
        Summary = "Leave the demo's server running",
    };

    public static Option<bool> Json { get; } = new()
    {
        Name = "json",
        Sources = SourceKind.CommandLine,
        Codec = FlagCodec.Instance,
        Default = FlagCodec.Off,
        Commands = CommandNames.Answering,
        Summary = "Answer in JSON, one object a line",
    };

    public static Option<bool> Quiet { get; } = new()
    {
        Name = "quiet",
        Sources = SourceKind.CommandLine,
        Codec = FlagCodec.Instance,
        Default = FlagCodec.Off,
        Commands = CommandNames.Telling,
        Summary = "Print nothing but the result, warnings and errors",
    };

    public static IReadOnlyList<OptionGroup> Groups { get; } =
    [
        new("Where things are", [Config, BackupDir, WalArchiveDir, PgData, BinDir, RestoreLog]),
        new("Connection to the server", [Host, Port, User, Database, Password, Passfile, Service, SslMode, SslRootCert, ConnectTimeout]),
        new("Backup and retention", [RetentionDays, ArchiveWait, Jobs, CompressLevel, Checkpoint, CronTime]),
        new("Restore", [TargetTime, RecoveryTimeout, StopServer, DryRun, Yes]),
        new("Limits of the check", [MaxBackupAge, MaxWalLag, MaxDiskUsed]),
        new("Output", [Json, Quiet, Keep]),
    ];

    public static IReadOnlyList<Option> All { get; } = [.. Groups.SelectMany(group => group.Options)];

    /// <summary>What can be set once for all commands.</summary>
    public static IEnumerable<Option> Configurable => All.Where(option => option.EnvironmentName is not null);

    public static IReadOnlyList<Option> TakenBy(string command) => [.. All.Where(option => option.Commands.Contains(command))];
}
