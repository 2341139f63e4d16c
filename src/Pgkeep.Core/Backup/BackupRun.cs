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
        await using var connection = await ServerConnection.OpenAsync(_settings.Connection, cancellationToken);
        var plan = await BackupPlan.MakeAsync(_settings, connection, cancellationToken);
        using var files = plan.Files;
        await RequireMatchingAsync(ArchiveStores.Of(_settings.Layout), plan, cancellationToken);
        var watch = new ArchiveWatch(ArchiveStores.Of(_settings.Layout).Archive, _settings.Layout, connection, _settings.ArchiveWait, _time);
        if (!plan.Server.NeedsSlot)
        {
            await watch.WaitForRecoveryAsync(_log.Write, cancellationToken);
        }

        using var taken = RepositoryLock.Take(_settings.Layout);
        var stores = ArchiveStores.OfWritable(_settings.Layout);
        foreach (var store in stores.Marked.Append(new LocalStorage(_settings.Layout.BackupDirectory)))
        {
            await RepositoryMarker.EnsureAsync(store, plan.Identity, _time, cancellationToken);
            await store.RemoveLeftoversAsync("", cancellationToken);
        }

        await stores.Archive.RemoveLeftoversAsync(cancellationToken);
        var name = await FreeNameAsync(cancellationToken);
        Progress?.Begin(BackupOutset.Of(plan, cancellationToken));
        _log.Write($"Starting PostgreSQL base backup: {name}");
        _log.Write($"Source: {plan.Files.Name}, {plan.WhyThisSource}");
        if (_settings.Compression.Codec.Slowness(_settings.Compression.Level) is { } slowness)
        {
            Warn(slowness);
        }

        using var pending = PendingBackup.Create(_settings.Layout, name);
        var archiving = new ArchivingProof(stores, watch, connection, plan, _log.Write);
        IBackupWal wal = plan.Server.NeedsSlot
            ? new SlotWal(_settings, stores, watch, connection, plan, archiving, _log.Write)
            : new ArchivedWal(stores, watch, connection, plan, archiving, _settings.Compression.GzipLevel);
        var copy = new LowLevelBackup(_settings, connection, wal, Warn, _time) { Progress = Progress };
        var copied = await copy.CopyAsync(plan, name, pending, cancellationToken);
        _log.Write("Base backup completed successfully");

        var names = new ArchiveNames(_settings.Compression.Codec);
        using (var file = new PendingTar(pending.CreateFile(names.Wal), _settings.Compression))
        {
            var tar = new WalTar(file, _time);
            copied = await wal.PackAsync(copied, tar, cancellationToken);
            tar.Complete();
        }

        var configuration = await ConfigurationArchive.WriteAsync(plan, pending, _settings.Compression, connection, Warn, cancellationToken);
        var missing = await CatalogSnapshot.WriteAsync(pending, _settings.Compression.GzipLevel, _settings.Connection, connection, cancellationToken);
        var metadata = copied with
        {
            ConfigurationFiles = configuration,
            CatalogMissing = missing,
            Sizes = copied.Sizes with { StoredBytes = pending.StoredBytes },
        };
        pending.WriteFile(RepositoryLayout.MetadataName, metadata.ToJson());
        _log.Write($"Backup size: {SizeText.Short(pending.StoredBytes)}");
        pending.Seal();
        _log.Write("Checksum file created");
        foreach (var finding in metadata.Findings)
        {
            _log.WriteError(finding);
        }

        cancellationToken.ThrowIfCancellationRequested();
        pending.Publish(name);
        _log.Write($"Backup completed: {Path.Combine(_settings.Layout.BackupDirectory, name.ToString())}");
        return metadata;
    }

    private void Warn(string text) => _log.Write($"WARNING: {text}");

    /// <summary>Before anything is created in it: it may be another cluster's.</summary>
    private static async Task RequireMatchingAsync(ArchiveStores stores, BackupPlan plan, CancellationToken cancellationToken)
    {
        foreach (var store in stores.Marked)
        {
            await RepositoryMarker.RequireMatchAsync(store, plan.Identity, cancellationToken);
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
