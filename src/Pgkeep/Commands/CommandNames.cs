namespace Pgkeep.Commands;

/// <summary>
/// The commands as the rows of the option table name them, and the groups of them that take the same options.
/// </summary>
internal static class CommandNames
{
    public const string Backup = "backup";
    public const string ArchiveWal = "archive-wal";
    public const string ReceiveWal = "receive-wal";
    public const string GetWal = "get-wal";
    public const string PrefetchWal = "prefetch-wal";
    public const string ArchiveAhead = "archive-ahead";
    public const string Restore = "restore";
    public const string Drill = "drill";
    public const string RestoreRollback = "restore rollback";
    public const string RestoreForget = "restore forget";
    public const string RestorePoint = "restore-point";
    public const string Verify = "verify";
    public const string List = "list";
    public const string Cleanup = "cleanup";
    public const string Stats = "stats";
    public const string Check = "check";
    public const string Wal = "wal";
    public const string WalShow = "wal show";
    public const string WalIndex = "wal index";
    public const string Find = "find";
    public const string RepositoryRotate = "repository rotate";
    public const string CronInstall = "cron install";
    public const string CronStatus = "cron status";
    public const string CronRemove = "cron remove";
    public const string Demo = "demo";
    public const string ConfigShow = "config show";
    public const string Version = "version";
    public const string Help = "help";
    public const string Reference = "reference";

    /// <summary>Everything that replaces a data directory.</summary>
    public static IReadOnlyList<string> Restoring { get; } = [Restore, RestoreRollback];

    /// <summary>Everything that recovers to a target.</summary>
    public static IReadOnlyList<string> Recovering { get; } = [Restore, Drill];

    /// <summary>Everything that opens a session on the server.</summary>
    public static IReadOnlyList<string> Connecting { get; } = [Backup, RestorePoint, ReceiveWal, .. Restoring, Check, Wal, RepositoryRotate];

    /// <summary>Everything that reads or writes the archive.</summary>
    public static IReadOnlyList<string> Archive { get; } = [Backup, RestorePoint, ArchiveWal, ReceiveWal, GetWal, .. Restoring, Drill, Verify, List, Cleanup, Stats, Check, Wal, WalShow, WalIndex, Find, RepositoryRotate];

    /// <summary>Everything whose recovery fetches WAL ahead.</summary>
    public static IReadOnlyList<string> Fetching { get; } = [GetWal, Restore, Drill];

    public static IReadOnlyList<string> Cron { get; } = [CronInstall, CronStatus, CronRemove];

    /// <summary>Everything that works on a repository.</summary>
    public static IReadOnlyList<string> Repository { get; } = [.. Archive, .. Cron];

    /// <summary>Everything that reads <c>backup.env</c>.</summary>
    public static IReadOnlyList<string> Configured { get; } = [.. Repository, RestoreForget, ConfigShow];

    /// <summary>Everything that answers a person, or a program in a person's place; not what the server calls.</summary>
    public static IReadOnlyList<string> Answering { get; } =
        [Backup, RestorePoint, ReceiveWal, .. Restoring, RestoreForget, Drill, Verify, List, Cleanup, Stats, Check, Wal, WalShow, WalIndex, Find, RepositoryRotate, CronStatus, ConfigShow, Version];

    /// <summary>Everything long that a server beside it should not feel. A restore, and what the server itself waits for, is in a hurry.</summary>
    public static IReadOnlyList<string> Yielding { get; } = [Backup, Drill, Verify, Cleanup, WalIndex];

    /// <summary>Everything that works long enough to tell about it on the way.</summary>
    public static IReadOnlyList<string> Telling { get; } = [Backup, RestorePoint, ReceiveWal, .. Restoring, Drill, Verify, Cleanup, Demo];
}
