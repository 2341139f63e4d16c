using System.Collections.Frozen;

namespace Pgkeep.Diagnostics;

/// <summary>
/// The one table of failures and their exit codes. A code is fixed for ever and never used again for something else; all lie
/// between 1 and 125, because PostgreSQL takes a higher code of <c>archive_command</c> for a crash of the archiver
/// (PostgreSQL manual, "Continuous Archiving and Point-in-Time Recovery").
/// </summary>
internal static class ErrorKinds
{
    /// <summary>The answer of <c>get-wal</c> for a file that is proven absent from the archive; not a failure.</summary>
    public const int AbsentExitCode = 1;

    /// <summary>
    /// The answer of <c>get-wal</c> where it cannot tell whether the file is in the archive. Above 125, so that recovery stops
    /// instead of taking it for the end of the WAL (PostgreSQL src/backend/access/transam/xlogarchive.c, RestoreArchivedFile).
    /// </summary>
    public const int CannotTellExitCode = 200;

    public static IReadOnlyList<ErrorKindRow> All { get; } =
    [
        new(ErrorKind.Usage, 2, "usage", "the command line is wrong"),
        new(ErrorKind.Findings, 3, "findings", "the work is done, and something was found that needs a person"),
        new(ErrorKind.Configuration, 10, "configuration", "the configuration is missing, wrong or unsafe"),
        new(ErrorKind.RepositoryMissing, 11, "repository-missing", "there is no repository where the configuration says"),
        new(ErrorKind.RepositoryLocked, 12, "repository-locked", "another command is working in the repository"),
        new(ErrorKind.RepositoryCorrupt, 13, "repository-corrupt", "something stored in the repository cannot be read"),
        new(ErrorKind.RepositoryMismatch, 14, "repository-mismatch", "the repository belongs to another cluster"),
        new(ErrorKind.BackupMissing, 15, "backup-missing", "there is no such backup"),
        new(ErrorKind.BackupDamaged, 16, "backup-damaged", "a file of the backup is not what was stored"),
        new(ErrorKind.DrillFailed, 17, "drill-failed", "a backup did not pass its drill"),
        new(ErrorKind.DrillNotDone, 18, "drill-not-done", "the drill could not be done, which says nothing about the backup"),
        new(ErrorKind.ServerUnreachable, 20, "server-unreachable", "the server does not answer"),
        new(ErrorKind.LoginRefused, 21, "login-refused", "the server refused the login"),
        new(ErrorKind.ServerUnsuitable, 22, "server-unsuitable", "the server's version or settings do not allow it"),
        new(ErrorKind.ServerRunning, 23, "server-running", "a server is running on the data directory"),
        new(ErrorKind.ServerFailed, 24, "server-failed", "the server could not be started, stopped or recovered"),
        new(ErrorKind.AccessDenied, 30, "access-denied", "this account may not read or write something"),
        new(ErrorKind.StorageFailed, 31, "storage-failed", "reading or writing failed"),
        new(ErrorKind.StorageFull, 32, "storage-full", "there is not enough space"),
        new(ErrorKind.WalMissing, 40, "wal-missing", "a WAL segment is missing"),
        new(ErrorKind.WalInvalid, 41, "wal-invalid", "a WAL file is not what its name says"),
        new(ErrorKind.WalConflict, 42, "wal-conflict", "another file is stored under the same name"),
        new(ErrorKind.ArchivingStalled, 43, "archiving-stalled", "the server does not archive its WAL"),
        new(ErrorKind.TargetInvalid, 50, "target-invalid", "the recovery target cannot be understood"),
        new(ErrorKind.TargetUnreachable, 51, "target-unreachable", "the recovery target cannot be reached"),
        new(ErrorKind.TablespaceInWal, 52, "tablespace-in-wal", "the WAL has a CREATE TABLESPACE, whose replay by a copy would write into the cluster's own files"),
        new(ErrorKind.NotConfirmed, 60, "not-confirmed", "a destructive command was not confirmed"),
        new(ErrorKind.Bug, 70, "bug", "pgkeep itself is wrong: please report it"),
        new(ErrorKind.Interrupted, 75, "interrupted", "the command was interrupted"),
    ];

    private static readonly FrozenDictionary<ErrorKind, ErrorKindRow> ByKind = All.ToFrozenDictionary(row => row.Kind);

    public static ErrorKindRow Of(ErrorKind kind) => ByKind[kind];
}

/// <param name="ExitCode">What the process returns, 1 to 125.</param>
/// <param name="Name">As it stands in JSON output.</param>
internal sealed record ErrorKindRow(ErrorKind Kind, int ExitCode, string Name, string Meaning);
