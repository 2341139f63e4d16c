using Pgkeep.Backup.Frames;
using Pgkeep.Diagnostics;
using Pgkeep.Posix;
using Pgkeep.Postgres;
using Pgkeep.Postgres.Cluster;
using Pgkeep.Postgres.Server;
using Pgkeep.Repository;
using Pgkeep.Storage.Local;

namespace Pgkeep.Backup;

/// <summary>
/// A base backup from the server's own files. Nothing carries a final name before all of it, the WAL it needs included, is stored, checked and
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
        ArchiveStores.RequireDirectories(_settings.Layout);
        await using var connection = await ServerConnection.OpenAsync(_settings.Connection, cancellationToken);
        var plan = await BackupPlan.MakeAsync(_settings, connection, cancellationToken);
        await RequireMatchingAsync(ArchiveStores.Of(_settings.Layout), plan, cancellationToken);
        var watch = new ArchiveWatch(ArchiveStores.Of(_settings.Layout).Archive, _settings.Layout, connection, _settings.ArchiveWait, _time);
        await watch.WaitForRecoveryAsync(_log.Write, cancellationToken);
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
        using var pending = PendingBackup.Create(_settings.Layout, name);
        var archiving = new ArchivingProof(stores, watch, connection, plan, _log.Write);
        var copied = await CopyAsync(plan, name, pending, connection, archiving, cancellationToken);
        _log.Write("Base backup completed successfully");

        using (var wal = new TarGzFile(pending.CreateFile(RepositoryLayout.WalTarName), _settings.CompressionLevel))
        {
            var proof = new WalProof(stores.Archive, watch, _time);
            await proof.PackAsync(plan, copied.StartWal, copied.StopWal, wal, cancellationToken);
        }

        var configuration = await ConfigurationArchive.WriteAsync(plan, pending, _settings.CompressionLevel, connection, Warn, cancellationToken);
        var missing = await CatalogSnapshot.WriteAsync(pending, _settings.CompressionLevel, _settings.Connection, connection, cancellationToken);
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

    private async Task<BackupMetadata> CopyAsync(
        BackupPlan plan, BackupName name, PendingBackup pending, ServerConnection connection, ArchivingProof archiving, CancellationToken cancellationToken)
    {
        var before = await ServerWal.PositionAsync(connection, cancellationToken);
        var mode = await BackupMode.BeginAsync(connection, plan.Server.Version, $"pgkeep {name}", _settings.FastCheckpoint, cancellationToken);
        CheckLocalFiles(plan, mode.Start);
        await archiving.RequireAsync(before, mode.Start, _settings.CompressionLevel, cancellationToken);
        // Only now: the server notes the tablespaces of the backup when its checkpoint is over, which can be minutes after the plan.
        plan = plan with { Tablespaces = BackupPlan.TablespacesOf(_settings.Layout, plan.DataDirectory) };

        using var manifestFile = pending.CreateFile(RepositoryLayout.ManifestName);
        var manifest = new BackupManifestWriter(manifestFile.Content, plan.Server.Version.ManifestVersion, plan.Control.SystemIdentifier);
        var copy = new DataDirectoryCopy(plan, pending, manifest, _settings, Progress, _time, Warn);
        copy.CopyTablespaces(cancellationToken);
        using var main = copy.CopyMainFiles(cancellationToken);
        var control = ControlFileReader.ReadWithContent(plan.DataDirectory);

        var end = await mode.EndAsync(cancellationToken);
        if (!BackupLabel.TryParse(end.Label, out var label, out var problem))
        {
            throw new PgkeepException(ErrorKind.ServerUnsuitable, $"the server's backup_label cannot be understood: {problem}");
        }

        CheckTablespaces(plan, end.TablespaceMap);
        copy.Finish(main, end, control.Content, cancellationToken);
        manifest.Finish([new WalRange(label.StartTimeline, mode.Start, end.Stop)]);
        manifestFile.Complete();
        return Describe(plan, name, mode, end, label, copy);
    }

    /// <summary>
    /// The directory could be a stale clone of the server's, with the same identifier. After the start it is the server's own only if the
    /// checkpoint of that start has reached it.
    /// </summary>
    private static void CheckLocalFiles(BackupPlan plan, Lsn start)
    {
        var control = ControlFileReader.Read(plan.DataDirectory);
        if (control.SystemIdentifier != plan.Server.SystemIdentifier || control.CheckPointTimeline != plan.Server.Timeline || control.CheckPointRedo < start)
        {
            throw new PgkeepException(
                ErrorKind.ServerUnsuitable,
                $"\"{plan.DataDirectory}\" is not the connected server's: its last checkpoint {control.CheckPointRedo} is older than the backup's start {start}",
                "the server runs on another host or in a container: run pgkeep backup where its files are");
        }
    }

    /// <summary>Each tablespace that the server will want at a restore must be in the backup.</summary>
    private static void CheckTablespaces(BackupPlan plan, string tablespaceMap)
    {
        if (!TablespaceMap.TryParse(tablespaceMap, plan.Server.Version, out var map, out var problem))
        {
            throw new PgkeepException(ErrorKind.ServerUnsuitable, $"the server's tablespace_map cannot be understood: {problem}");
        }

        if (map.Entries.FirstOrDefault(entry => plan.Tablespaces.All(tablespace => tablespace.Oid != entry.Oid)) is { } missing)
        {
            throw new PgkeepException(
                ErrorKind.ServerUnsuitable, $"the tablespace {missing.Oid} in \"{missing.Path}\" was dropped or moved while the backup began", "take the backup again");
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

    /// <summary>Only a page that was written during the backup can be torn, and then its LSN lies in it; its replay writes the page anew.</summary>
    private static bool IsInside(SuspectPage page, BackupMode mode, BackupEnd end) => page.Lsn >= mode.Start && page.Lsn <= end.Stop;

    private BackupMetadata Describe(BackupPlan plan, BackupName name, BackupMode mode, BackupEnd end, BackupLabel label, DataDirectoryCopy copy)
    {
        var timeline = label.StartTimeline;
        var size = plan.Control.WalSegmentSize;
        return new BackupMetadata
        {
            FormatVersion = BackupMetadata.CurrentFormatVersion,
            Name = name.ToString(),
            PgkeepVersion = _settings.PgkeepVersion,
            Started = mode.Started,
            Stopped = end.Stopped,
            StartLsn = mode.Start,
            StopLsn = end.Stop,
            Timeline = timeline,
            StartWal = WalSegmentName.FromLsn(timeline, mode.Start, size),
            StopWal = WalSegmentName.EndingAt(timeline, end.Stop, size),
            Source = "files",
            Checkpoint = _settings.FastCheckpoint ? "fast" : "spread",
            Compression = "gzip",
            CompressionLevel = _settings.CompressionLevel,
            Cluster = ClusterDescription.Of(plan),
            Sizes = new BackupSizes(copy.Files, copy.PlainBytes, 0),
            Tablespaces = [.. plan.Tablespaces.Select(tablespace => new TablespaceMetadata(tablespace.Oid.Value, tablespace.Location, DataDirectoryCopy.ArchiveOf(tablespace)))],
            PagesChecked = copy.CheckedPages,
            ExcusedPages = [.. copy.Suspects.Where(page => IsInside(page, mode, end)).Select(page => $"{page.File} block {page.Block}")],
            Findings = [.. copy.Suspects.Where(page => !IsInside(page, mode, end)).Select(page => $"{page.File} block {page.Block} is damaged: its checksum does not fit")],
        };
    }
}
