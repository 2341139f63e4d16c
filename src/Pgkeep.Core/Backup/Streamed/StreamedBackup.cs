using Pgkeep.Diagnostics;
using Pgkeep.Posix;
using Pgkeep.Postgres;
using Pgkeep.Repository;

namespace Pgkeep.Backup.Streamed;

/// <summary>
/// A base backup through <c>pg_basebackup</c>. The server decides what belongs into it; what arrived is checked page by page as any other copy,
/// and must be, file by file, what the server's manifest says that it sent.
/// </summary>
internal sealed class StreamedBackup
{
    private readonly BackupSettings _settings;
    private readonly StreamPlan _plan;
    private readonly StreamedWalProof _proof;
    private readonly PrimaryArchive _primary;
    private readonly Action<string> _tell;
    private readonly TimeProvider _time;

    public StreamedBackup(BackupSettings settings, StreamPlan plan, StreamedWalProof proof, PrimaryArchive primary, Action<string> tell, TimeProvider time)
    {
        _settings = settings;
        _plan = plan;
        _proof = proof;
        _primary = primary;
        _tell = tell;
        _time = time;
    }

    public BackupProgress? Progress { get; init; }

    public async Task<BackupMetadata> CopyAsync(BackupName name, PendingBackup pending, CancellationToken cancellationToken)
    {
        var before = await _plan.Replication.ReadPositionAsync(cancellationToken);
        if (await _plan.Replication.TryReserveWalAsync(cancellationToken) is { } reason)
        {
            if (!_plan.Server.IsInRecovery && _plan.Server.WhyNoArchiving is not null)
            {
                throw new PgkeepException(
                    ErrorKind.ServerUnsuitable, $"the server archives nothing, and does not keep its WAL for this backup: {reason}", "raise max_replication_slots, or drop a slot that nobody needs");
            }

            _tell($"WARNING: the server does not keep its WAL for this backup: {reason}");
        }

        var started = await NowAsync(cancellationToken);
        using var walFile = new PendingTar(pending.CreateFile(new ArchiveNames(_settings.Compression.Codec).Wal), _settings.Compression);
        using var wal = new StreamedWal(walFile, _plan.Server.SystemIdentifier, _plan.WalSegmentSize, Path.Combine(pending.Directory, ".held"), _time);
        using var members = new StreamedMembers(wal, _plan.Server.Version);
        using var manifestFile = pending.CreateFile(RepositoryLayout.ManifestName);
        using var manifest = new BackupManifestWriter(manifestFile.Content, _plan.Server.Version.ManifestVersion, _plan.Server.SystemIdentifier);
        using var archives = new StreamedArchives(_plan, pending, manifest, members, _settings, Progress, _time);
        var copy = new StreamedCopy(_plan, _settings, pending, archives, members, name, _tell);
        var damage = await CopyWhileArchivingAsync(copy, before, members, cancellationToken);
        var stopped = await NowAsync(cancellationToken);

        var (label, theirs, control) = Require(members, damage);
        var range = theirs.Summary.WalRanges[0];
        if (label.IsFromStandby)
        {
            var histories = wal.Histories.Where(entry => entry.Key > range.Timeline).Select(entry => StandbyTimeline.Parse(entry.Key, entry.Value.Content));
            StandbyTimeline.Require(range.Timeline, range.End, _plan.WalSegmentSize, histories, wal.Others);
        }

        var last = WalSegmentName.EndingAt(range.Timeline, range.End, _plan.WalSegmentSize);
        archives.Finish(cancellationToken);
        manifest.Finish(theirs.Summary.WalRanges);
        manifestFile.Complete();
        wal.Complete(last, range.End);
        RequireSame(theirs, Path.Combine(pending.Directory, RepositoryLayout.ManifestName));
        var metadata = Describe(name, label, range, control, archives, members) with { Started = started, Stopped = stopped };
        if (damage is not null && metadata.Findings.Count == 0)
        {
            throw damage;
        }

        _tell("Base backup completed successfully");
        if (!label.IsFromStandby && _plan.Server.WhyNoArchiving is { } why)
        {
            _tell($"No archiving ({why}): this backup restores to its own end, {stopped:HH:mm:ss}, and to no later moment");
            return metadata with { Wal = BackupMetadata.WalFromSlot };
        }

        if (label.IsFromStandby && !await _primary.IsArchivingAsync(metadata, _plan.WalSegmentSize, cancellationToken))
        {
            _primary.TellNothingArchived(metadata);
            return metadata with { Wal = BackupMetadata.WalFromSlot };
        }

        await _proof.RequireArchivedAsync(wal, metadata, _settings.Compression.GzipLevel, cancellationToken);
        if (label.IsFromStandby)
        {
            await _primary.TellWhatIsMissingAsync(metadata, cancellationToken);
        }

        return metadata;
    }

    /// <summary>Nobody copies for hours out of a server that does not archive: the copy ends as soon as that is known.</summary>
    private async Task<PgkeepException?> CopyWhileArchivingAsync(StreamedCopy copy, Lsn before, StreamedMembers members, CancellationToken cancellationToken)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var archiving = RequireArchivingAsync(before, members, stop);
        try
        {
            var damage = await copy.RunAsync(stop.Token);
            _ = Require(members, damage);
            await archiving;
            return damage;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            // The failure to archive has cancelled the copy, and is the one to tell.
            await archiving;
            throw;
        }
        catch
        {
            await stop.CancelAsync();
            await archiving.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            throw;
        }
    }

    private async Task RequireArchivingAsync(Lsn before, StreamedMembers members, CancellationTokenSource stop)
    {
        if (_plan.Server.IsInRecovery || _plan.Server.WhyNoArchiving is not null)
        {
            return;
        }

        try
        {
            await _proof.RequireArchivingAsync(before, members, stop.Token);
        }
        catch (PgkeepException)
        {
            await stop.CancelAsync();
            throw;
        }
    }

    /// <summary>By the server's clock where there is a session to ask; else by this machine's.</summary>
    private async Task<DateTimeOffset> NowAsync(CancellationToken cancellationToken) => _plan.Connection is null
        ? _time.GetLocalNow()
        : (await _plan.Connection.QueryAsync("SELECT clock_timestamp()", row => Postgres.Server.ServerFacts.TimeOf(row, 0), cancellationToken))[0];

    /// <summary>What a whole stream has; where something is missing, the program's own failure comes first.</summary>
    private (BackupLabel Label, ManifestDigest Manifest, ControlFile Control) Require(StreamedMembers members, PgkeepException? failure)
    {
        if (members is not { ParsedLabel: { } label, Manifest: { } manifest, Control: { } content })
        {
            throw failure ?? new PgkeepException(ErrorKind.ServerUnsuitable, "the server did not send backup_label, pg_control and backup_manifest");
        }

        if (!ControlFile.TryParse(content.Content, out var control, out var problem))
        {
            throw new PgkeepException(ErrorKind.ServerUnsuitable, $"the server's \"global/pg_control\" cannot be used: {problem}");
        }

        if (control.SystemIdentifier != _plan.Server.SystemIdentifier)
        {
            throw new PgkeepException(
                ErrorKind.ServerUnsuitable,
                $"pg_basebackup copied the cluster {control.SystemIdentifier}, and this session is on {_plan.Server.SystemIdentifier}",
                "connect to one server directly, not through a balancer or a list of hosts");
        }

        if (label.IsFromStandby && manifest.Summary.WalRanges.Select(part => part.Timeline).Append(label.StartTimeline).Max() is var newest && newest > label.StartTimeline)
        {
            throw StandbyTimeline.Switched(label.StartTimeline, newest);
        }

        if (manifest.Summary.WalRanges is not [var range] || range.Timeline != label.StartTimeline || range.Start != label.StartLsn)
        {
            throw new PgkeepException(ErrorKind.ServerUnsuitable, "the server's backup_label and backup_manifest do not name the same WAL");
        }

        return (label, manifest, control);
    }

    /// <summary>Reads back what we wrote: what is stored is what the server says that it sent.</summary>
    private static void RequireSame(ManifestDigest theirs, string path)
    {
        var ours = ReadBack(path);
        if (!ours.HasSameFiles(theirs))
        {
            throw new PgkeepException(
                ErrorKind.BackupDamaged,
                $"what arrived is not what the server's backup_manifest lists: {ours.Files} files with {ours.Bytes} bytes, and {theirs.Files} with {theirs.Bytes}",
                "take the backup again; if it happens again, the way between the server and here changes what it carries");
        }
    }

    private static ManifestDigest ReadBack(string path)
    {
        try
        {
            using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read);
            return ManifestDigest.Read(file, "our backup_manifest");
        }
        catch (Exception thrown) when (PosixError.IsInputOutput(thrown))
        {
            throw PosixError.From(thrown, "read", path);
        }
    }

    private BackupMetadata Describe(BackupName name, BackupLabel label, WalRange range, ControlFile control, StreamedArchives archives, StreamedMembers members) => new()
    {
        FormatVersion = BackupMetadata.CurrentFormatVersion,
        Name = name.ToString(),
        PgkeepVersion = _settings.PgkeepVersion,
        Started = default,
        Stopped = default,
        StartLsn = range.Start,
        StopLsn = range.End,
        Timeline = range.Timeline,
        StartWal = label.StartSegment,
        StopWal = WalSegmentName.EndingAt(range.Timeline, range.End, _plan.WalSegmentSize),
        Source = StreamPlan.SourceName,
        BackupFrom = label.IsFromStandby ? BackupMetadata.FromStandby : BackupMetadata.FromPrimary,
        Checkpoint = _settings.FastCheckpoint ? "fast" : "spread",
        Compression = _settings.Compression.Codec.Name,
        CompressionLevel = _settings.Compression.Level,
        Cluster = ClusterDescription.Of(_plan.Server, control),
        Sizes = new BackupSizes(archives.Files, archives.PlainBytes, 0),
        Tablespaces = [.. members.Tablespaces.Select(entry => new TablespaceMetadata(entry.Oid.Value, entry.Path, new ArchiveNames(_settings.Compression.Codec).OfTablespace(entry.Oid)))],
        PagesChecked = archives.CheckedPages,
        ExcusedPages = PageFindings.ExcusedOf(archives.Suspects, range.Start, range.End),
        Findings = PageFindings.DamagedOf(archives.Suspects, archives.SuspectsLeftOut, range.Start, range.End),
    };
}
