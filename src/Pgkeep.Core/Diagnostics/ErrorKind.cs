namespace Pgkeep.Diagnostics;

/// <summary>Every way in which a command can fail. <see cref="ErrorKinds"/> gives each its fixed exit code and its meaning.</summary>
internal enum ErrorKind
{
    Bug,
    Usage,
    Findings,
    Configuration,
    RepositoryMissing,
    RepositoryLocked,
    RepositoryCorrupt,
    RepositoryMismatch,
    BackupMissing,
    BackupDamaged,
    ServerUnreachable,
    LoginRefused,
    ServerUnsuitable,
    ServerRunning,
    ServerFailed,
    AccessDenied,
    StorageFailed,
    StorageFull,
    WalMissing,
    WalInvalid,
    WalConflict,
    ArchivingStalled,
    TargetInvalid,
    TargetUnreachable,
    TablespaceInWal,
    NotConfirmed,
    Interrupted,
}
