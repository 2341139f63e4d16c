using Pgkeep.Backup.Sources;
using Pgkeep.Backup.Streamed;
using Pgkeep.Diagnostics;
using Pgkeep.Posix;
using Pgkeep.Postgres.Server;
using Pgkeep.Repository;
using Pgkeep.Storage.Local;

namespace Pgkeep.Backup;

/// <summary>
/// A base backup of the running server. Nothing carries a final name before all of it, the WAL it needs included, is stored, checked and
/// durable; a failure at any point ends the server's backup mode with the session and removes what was written.
/// </summary>
internal sealed class BackupRun
{
    /// <summary>In the log and on the terminal; the rest is in the metadata.</summary>
    public const int MostFindingsTold = 20;

    private readonly BackupSettings _settings;
    private readonly OperationLog _log;
    private readonly TimeProvider _time;

    public BackupRun(BackupSettings settings, OperationLog log, TimeProvider time)
    {
        _settings = settings;
        _log = log;
        _time = time;
    }

    /// <summary>Null where nobody watches; then nothing is listed beforehand either.</summary>
    public BackupProgress? Progress { get; init; }

    public async Task<BackupMetadata> RunAsync(CancellationToken cancellationToken)
    {
        _settings.Compression.Codec.RequireUsable();
        ArchiveStores.RequireDirectories(_settings.Layout);
        await using var access = await BackupAccess.OpenAsync(_settings, _time, cancellationToken);
        await RequireMatchingAsync(ArchiveStores.Of(_settings.Layout), access.Identity, cancellationToken);
        var watch = new ArchiveWatch(ArchiveStores.Of(_settings.Layout).Archive, _settings.Layout, access.Connection, _settings.ArchiveWait, _time);
        if (!access.Server.NeedsSlot)
        {
            await watch.WaitForRecoveryAsync(_log.Write, cancellationToken);
        }

        using var taken = RepositoryLock.Take(_settings.Layout);
        var stores = ArchiveStores.OfWritable(_settings.Layout);
        var witness = access.Plan is { Files: LocalFiles } plan ? RepositoryWitness.Of(plan.DataDirectory) : null;
        foreach (var store in stores.Marked.Append(new LocalStorage(_settings.Layout.BackupDirectory)))
        {
            await RepositoryMarker.EnsureAsync(store, access.Identity, witness, _time, cancellationToken);
            await store.RemoveLeftoversAsync("", cancellationToken);
        }

        await stores.Archive.RemoveLeftoversAsync(cancellationToken);
        await WalIndexStore.Of(_settings.Layout, stores.Archive).RemoveLeftoversAsync(cancellationToken);
        var name = await FreeNameAsync(cancellationToken);
        Progress?.Begin(await access.OutsetAsync(cancellationToken));
        _log.Write($"Starting PostgreSQL base backup: {name}");
        _log.Write($"Source: {access.Source}");
        if (_settings.Compression.Codec.Slowness(_settings.Compression.Level) is { } slowness)
        {
            Warn(slowness);
        }

        using var pending = PendingBackup.Create(_settings.Layout, name);
        var copied = access.Stream is { } stream
            ? await StreamAsync(stream, name, pending, stores, watch, cancellationToken)
            : await CopyAsync(access.Plan!, access.Connection!, name, pending, stores, watch, cancellationToken); // both are there where no stream is
        var missing = await CatalogAsync(access.Connection, pending, cancellationToken);
        var metadata = copied with { CatalogMissing = missing, Sizes = copied.Sizes with { StoredBytes = pending.StoredBytes } };
        pending.WriteFile(RepositoryLayout.MetadataName, metadata.ToJson());
        _log.Write($"Backup size: {SizeText.Short(pending.StoredBytes)}");
        pending.Seal();
        _log.Write("Checksum file created");
        foreach (var finding in metadata.Findings.Take(MostFindingsTold))
        {
            _log.WriteError(finding);
        }

        if (metadata.Findings.Count > MostFindingsTold)
        {
            _log.WriteError($"and {metadata.Findings.Count - MostFindingsTold} more findings, in {RepositoryLayout.MetadataName}");
        }

        cancellationToken.ThrowIfCancellationRequested();
        pending.Publish(name);
        _log.Write($"Backup completed: {Path.Combine(_settings.Layout.BackupDirectory, name.ToString())}");
        return metadata;
    }

    private async Task<BackupMetadata> CopyAsync(
        BackupPlan plan, ServerConnection connection, BackupName name, PendingBackup pending, ArchiveStores stores, ArchiveWatch watch, CancellationToken cancellationToken)
    {
        var archiving = new ArchivingProof(stores, watch, connection, plan, _log.Write);
        IBackupWal wal = plan.Server.NeedsSlot
            ? new SlotWal(_settings, stores, watch, connection, plan, archiving, _log.Write)
            : new ArchivedWal(stores, watch, connection, plan, archiving, _settings.Compression.GzipLevel);
        var copy = new LowLevelBackup(_settings, connection, wal, Warn, _time) { Progress = Progress };
        var copied = await copy.CopyAsync(plan, name, pending, cancellationToken);
        _log.Write("Base backup completed successfully");

        using (var file = new PendingTar(pending.CreateFile(new ArchiveNames(_settings.Compression.Codec).Wal), _settings.Compression))
        {
            var tar = new WalTar(file, _time);
            copied = await wal.PackAsync(copied, tar, cancellationToken);
            tar.Complete();
        }

        return copied with { ConfigurationFiles = await ConfigurationArchive.WriteAsync(plan, pending, _settings.Compression, connection, Warn, cancellationToken) };
    }

    private async Task<BackupMetadata> StreamAsync(
        StreamPlan plan, BackupName name, PendingBackup pending, ArchiveStores stores, ArchiveWatch watch, CancellationToken cancellationToken)
    {
        var primary = new PrimaryArchive(stores.Archive, watch, _settings.ArchiveWait, _log.Write);
        var proof = new StreamedWalProof(plan, stores, watch, _log.Write);
        var copied = await new StreamedBackup(_settings, plan, proof, primary, _log.Write, _time) { Progress = Progress }.CopyAsync(name, pending, cancellationToken);
        if (ClusterDescription.MayHaveConfigurationOutside(plan.Server))
        {
            Warn("not in the backup: configuration files outside the data directory, which pg_basebackup does not send");
        }

        return copied;
    }

    private async Task<IReadOnlyList<string>> CatalogAsync(ServerConnection? connection, PendingBackup pending, CancellationToken cancellationToken) => connection is null
        ? ["all databases: the role has a replication session only"]
        : await CatalogSnapshot.WriteAsync(pending, _settings.Compression.GzipLevel, _settings.Connection, connection, cancellationToken);

    private void Warn(string text) => _log.Write($"WARNING: {text}");

    /// <summary>Before anything is created in it: it may be another cluster's.</summary>
    private static async Task RequireMatchingAsync(ArchiveStores stores, RepositoryIdentity identity, CancellationToken cancellationToken)
    {
        foreach (var store in stores.Marked)
        {
            await RepositoryMarker.RequireMatchAsync(store, identity, cancellationToken);
        }
    }

    private async Task<BackupName> FreeNameAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            var name = new BackupName(_time.GetLocalNow().DateTime);
            if (FileStatus.Of(Path.Combine(_settings.Layout.BackupDirectory, name.ToString())) is null)
            {
                return name;
            }

            await Task.Delay(TimeSpan.FromMilliseconds(200), _time, cancellationToken);
        }
    }
}
