using Pgkeep.Postgres;
using Pgkeep.Postgres.Server;
using Pgkeep.Repository;

namespace Pgkeep.Backup;

/// <summary>The WAL of a primary that archives: proven before the copy, fetched from the archive after it.</summary>
internal sealed class ArchivedWal : IBackupWal
{
    private readonly ArchiveStores _stores;
    private readonly ArchiveWatch _watch;
    private readonly ServerConnection _connection;
    private readonly BackupPlan _plan;
    private readonly ArchivingProof _proof;
    private readonly int _level;
    private Lsn _before;

    /// <param name="level">Of the compression of what is stored again.</param>
    public ArchivedWal(ArchiveStores stores, ArchiveWatch watch, ServerConnection connection, BackupPlan plan, ArchivingProof proof, int level)
    {
        _stores = stores;
        _watch = watch;
        _connection = connection;
        _plan = plan;
        _proof = proof;
        _level = level;
    }

    public async Task<string?> BeginAsync(CancellationToken cancellationToken)
    {
        _before = await ServerWal.PositionAsync(_connection, cancellationToken);
        return null;
    }

    public Task RequireAsync(Lsn start, CancellationToken cancellationToken) => _proof.RequireAsync(_before, start, _level, cancellationToken);

    public async Task<BackupMetadata> PackAsync(BackupMetadata copied, WalTar tar, CancellationToken cancellationToken)
    {
        await new WalProof(_stores.Archive, _watch).PackAsync(_plan, copied.StartWal, copied.StopWal, tar, cancellationToken);
        return copied;
    }
}
