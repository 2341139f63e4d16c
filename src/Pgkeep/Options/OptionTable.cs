using Pgkeep.Backup.Sources;
using Pgkeep.Commands;
using Pgkeep.Options.Codecs;
using Pgkeep.Streams.Codecs;

namespace Pgkeep.Options;

/// <summary>
/// The one place where an option exists. Command line, environment, <c>backup.env</c>, help, reference and the sample file are
/// projections of these rows; a command reads a value by its row. The names of the runbook (<c>BACKUP_DIR</c>, <c>RETENTION_DAYS</c> …)
/// and of libpq (<c>PGHOST</c> …) are kept, every other option is <c>PGKEEP_NAME</c>.
/// </summary>
/// <remarks>A name is a promise: it changes only with an entry in the changelog, a test and a time of both names.</remarks>
internal static partial class OptionTable
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

    public static Option<string?> PgData { get; } = new()
    {
        Name = "pgdata",
        EnvironmentName = "PGDATA",
        Codec = new PathCodec("DIR"),
        ComputedAs = "as the server or the backup says",
        Commands = [CommandNames.Backup, .. CommandNames.Restoring, CommandNames.RestoreForget, CommandNames.RepositoryRotate],
        Summary = "Data directory of the server",
        Example = "/var/lib/postgresql/16/main",
    };

    public static Option<string?> BinDir { get; } = new()
    {
        Name = "bindir",
        EnvironmentName = "PGKEEP_BINDIR",
        Codec = new PathCodec("DIR"),
        ComputedAs = "found by the server's version",
        Commands = [CommandNames.Backup, .. CommandNames.Restoring, CommandNames.Drill, CommandNames.Demo],
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

    public static Option<Codec> Compress { get; } = new()
    {
        Name = "compress",
        EnvironmentName = "PGKEEP_COMPRESS",
        Codec = new ChoiceCodec<Codec>(
            "CODEC",
            new("gzip", Codec.Gzip, "base.tar.gz, which needs nothing but tar and gunzip to get back"),
            new("zstd", Codec.Zstd, "base.tar.zst, smaller; needs zstd to get back by hand"),
            new("none", Codec.None, "base.tar, for a file system that compresses by itself")),
        Default = "gzip",
        Commands = [CommandNames.Backup],
        Summary = "How a backup's archives are compressed; the WAL archive is always gzip",
        Example = "zstd",
    };

    public static Option<int> CompressLevel { get; } = new()
    {
        Name = "compress-level",
        EnvironmentName = "PGKEEP_COMPRESS_LEVEL",
        Codec = new IntegerCodec(1, Codec.All.Max(codec => codec.HighestLevel)),
        ComputedAs = "1 for gzip, 3 for zstd",
        Compute = values => $"{Math.Max(1, (values.Has(Compress) ? values.Get(Compress) : Codec.Gzip).DefaultLevel)}",
        Commands = [CommandNames.Backup, CommandNames.ArchiveWal, CommandNames.ReceiveWal],
        Summary = "How hard to compress: 1 is fastest, 9 for gzip and 19 for zstd smallest",
        Details = "Ignored with none. archive-wal and receive-wal write gzip: a level above 9 is meant for zstd, and they take 1 instead.",
        Example = "3",
    };

    public static Option<int> Jobs { get; } = new()
    {
        Name = "jobs",
        EnvironmentName = "PGKEEP_JOBS",
        Codec = new IntegerCodec(1, 64),
        ComputedAs = "one for each core, at most 4",
        Compute = _ => $"{Math.Min(4, Environment.ProcessorCount)}",
        Commands = [CommandNames.Backup, CommandNames.Verify, CommandNames.ArchiveWal, CommandNames.WalIndex, .. CommandNames.Fetching],
        Summary = "How many workers read, check and compress or decompress at a time",
        Example = "2",
    };

    public static Option<SourceName> Source { get; } = new()
    {
        Name = "source",
        EnvironmentName = "PGKEEP_SOURCE",
        Codec = new ChoiceCodec<SourceName>(
            "WAY",
            new("auto", SourceName.Auto, "the first of the others that can be had; the log says which and why"),
            new("files", SourceName.Files, "the server's own files, on its own host"),
            new("sql", SourceName.Sql, "through as many connections as there are jobs, from any host; docs/postgres.md lists the grants"),
            new("pg_basebackup", SourceName.PgBasebackup, "PostgreSQL's own program of that name, for a role that has REPLICATION alone")),
        Default = "auto",
        Commands = [CommandNames.Backup],
        Summary = "How a backup gets the server's files",
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

    public static Option<Priority> Priority { get; } = new()
    {
        Name = "priority",
        EnvironmentName = "PGKEEP_PRIORITY",
        Codec = new ChoiceCodec<Priority>(
            "LEVEL",
            new("low", Options.Priority.Low, "what the server and others leave over: nice 10, I/O best effort 7"),
            new("normal", Options.Priority.Normal, "as it was started")),
        Default = "low",
        Commands = CommandNames.Yielding,
        Summary = "How much of the machine a long piece of work takes from the server beside it",
    };

    public static Option<long> MaxRate { get; } = new()
    {
        Name = "max-rate",
        EnvironmentName = "PGKEEP_MAX_RATE",
        Codec = new ByteSizeCodec(),
        Default = "0",
        Commands = [CommandNames.Backup],
        Summary = "How much a backup reads from the data directory in a second; 0 sets no limit",
        Details = "Of all workers together. The server keeps the WAL of a slow backup's whole duration in its archive, and a restore replays it.",
        Example = "50MB",
    };

    public static Option<bool> Deep { get; } = new()
    {
        Name = "deep",
        Sources = SourceKind.CommandLine,
        Codec = FlagCodec.Instance,
        Default = FlagCodec.Off,
        Commands = [CommandNames.Verify],
        Summary = "Also decompress everything and check every file, page and WAL segment in it",
    };

    public static Option<bool> Wal { get; } = new()
    {
        Name = "wal",
        Sources = SourceKind.CommandLine,
        Codec = FlagCodec.Instance,
        Default = FlagCodec.Off,
        Commands = [CommandNames.Verify],
        Summary = "Read the WAL archive back to the last page, and a backup only where one is named",
    };

    public static Option<bool> Yes { get; } = new()
    {
        Name = "yes",
        Sources = SourceKind.CommandLine,
        Codec = FlagCodec.Instance,
        Default = FlagCodec.Off,
        Commands = [.. CommandNames.Restoring, CommandNames.RestoreForget, CommandNames.RepositoryRotate],
        Summary = "Do not ask before something is replaced or removed",
    };

    public static Option<bool> DryRun { get; } = new()
    {
        Name = "dry-run",
        Sources = SourceKind.CommandLine,
        Codec = FlagCodec.Instance,
        Default = FlagCodec.Off,
        Commands = [.. CommandNames.Restoring, CommandNames.RestoreForget, CommandNames.Cleanup, CommandNames.RepositoryRotate],
        Summary = "Show what would be done, and change nothing",
    };

    public static Option<int> Prefetch { get; } = new()
    {
        Name = "prefetch",
        EnvironmentName = "PGKEEP_PREFETCH",
        Codec = new IntegerCodec(0, 1000),
        Default = "8",
        Commands = CommandNames.Fetching,
        Summary = "How many WAL segments a recovery fetches ahead; 0 fetches each when it is asked for",
        Details = "A process beside the server fetches them while it replays. On the volume they lie on, room for 32 segments is left.",
    };

    public static Option<string?> PrefetchDir { get; } = new()
    {
        Name = "prefetch-dir",
        EnvironmentName = "PGKEEP_PREFETCH_DIR",
        Codec = new PathCodec("DIR"),
        ComputedAs = "the directory that the data directory lies in",
        Commands = [.. CommandNames.Fetching, CommandNames.ArchiveWal],
        Summary = "Where the segments fetched ahead lie, in a directory of their own",
        Details = "Best on the file system of pg_wal: then a segment is moved there, not copied. Where the server's account cannot write there, nothing is fetched ahead.",
        Example = "/var/lib/postgresql/16",
    };

    public static Option<string> RestoreLog { get; } = new()
    {
        Name = "restore-log",
        EnvironmentName = "PGKEEP_RESTORE_LOG",
        Codec = new PathCodec("FILE"),
        Default = "/var/log/postgresql/restore.log",
        Commands = [.. CommandNames.Restoring, CommandNames.RestoreForget],
        Summary = "Log of the restores",
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

    // Made when first asked for: the order in which the parts of this class begin is the compiler's.
    private static readonly Lazy<IReadOnlyList<OptionGroup>> LazyGroups = new(() =>
    [
        new("Where things are", [Config, BackupDir, WalArchiveDir, PgData, BinDir, RestoreLog]),
        new("Connection to the server", [Host, Port, User, Database, Password, Passfile, Service, SslMode, SslRootCert, ConnectTimeout]),
        new("Backup and retention", [RetentionDays, ArchiveWait, Source, Jobs, Compress, CompressLevel, Checkpoint, Priority, MaxRate, Deep, Wal, CronTime]),
        new("WAL", [WalIndex]),
        new("Receiving WAL", [Slot, ApplicationName, DropSlot, AcceptGap]),
        new("Restore", [.. Targets, .. Restoring, .. Reusing, .. Copying, DryRun, Yes, Prefetch, PrefetchDir, Timeline]),
        new("Drill", OfDrill),
        new("Finding transactions", [Table, Op, MinRows, DropTable, Truncate, DropDatabase, Since, Until, Xid, Position, RestorePointName, CommitsNear, Everything, Limit, Interactive]),
        new("Limits of the check", [MaxBackupAge, MaxWalLag, MaxDiskUsed]),
        new("Output", [Json, Quiet, Keep]),
    ]);

    private static readonly Lazy<IReadOnlyList<Option>> LazyAll = new(() => [.. Groups.SelectMany(group => group.Options)]);

    public static IReadOnlyList<OptionGroup> Groups => LazyGroups.Value;

    public static IReadOnlyList<Option> All => LazyAll.Value;

    /// <summary>What can be set once for all commands.</summary>
    public static IEnumerable<Option> Configurable => All.Where(option => option.EnvironmentName is not null);

    public static IReadOnlyList<Option> TakenBy(string command) => [.. All.Where(option => option.Commands.Contains(command))];
}
