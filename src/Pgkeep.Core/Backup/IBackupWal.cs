using Pgkeep.Postgres;
using Pgkeep.Repository;

namespace Pgkeep.Backup;

/// <summary>How the WAL that a backup needs is kept while it is taken, and gets into it.</summary>
internal interface IBackupWal
{
    /// <summary>Before the server begins the backup.</summary>
    /// <returns>The replication slot that keeps the WAL; null where there is none.</returns>
    Task<string?> BeginAsync(CancellationToken cancellationToken);

    /// <summary>After the server began it at <paramref name="start"/>, before anything is copied: throws where the WAL will be lacking in the end.</summary>
    Task RequireAsync(Lsn start, CancellationToken cancellationToken);

    /// <summary>After the stop: all of it, checked, into <c>pg_wal.tar.gz</c>.</summary>
    /// <returns>What the metadata says of it.</returns>
    Task<BackupMetadata> PackAsync(BackupMetadata copied, WalTar tar, CancellationToken cancellationToken);
}
