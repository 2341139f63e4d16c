using System.Text;
using Pgkeep.Diagnostics;
using Pgkeep.Postgres;
using Pgkeep.Postgres.Cluster;
using Pgkeep.Postgres.Server;
using Pgkeep.Repository;

namespace Pgkeep.Backup;

/// <summary>
/// A base backup through the server's low-level API: the session that began it is held while the files are copied, whatever way they are reached
/// (manual, "Making a Base Backup Using the Low Level API").
/// </summary>
internal sealed class LowLevelBackup
{
    private readonly BackupSettings _settings;
    private readonly ServerConnection _connection;
    private readonly IBackupWal _wal;
    private readonly Action<string> _warn;
    private readonly TimeProvider _time;

    public LowLevelBackup(BackupSettings settings, ServerConnection connection, IBackupWal wal, Action<string> warn, TimeProvider time)
    {
        _settings = settings;
        _connection = connection;
        _wal = wal;
        _warn = warn;
        _time = time;
    }

    public BackupProgress? Progress { get; init; }

    public async Task<BackupMetadata> CopyAsync(BackupPlan plan, BackupName name, PendingBackup pending, CancellationToken cancellationToken)
    {
        var slot = await _wal.BeginAsync(cancellationToken);
        var mode = await BackupMode.BeginAsync(_connection, plan.Server, $"pgkeep {name}", _settings.FastCheckpoint, cancellationToken);
        plan.Files.RequireServersOwn(plan.Server, mode.Start, slot);
        await _wal.RequireAsync(mode.Start, cancellationToken);
        // Only now: the server notes the tablespaces of the backup when its checkpoint is over, which can be minutes after the plan.
        plan = plan with { Tablespaces = BackupPlan.TablespacesOf(_settings.Layout, plan.DataDirectory, plan.Files) };
        await TablespaceProof.RequireAsync(_connection, plan, cancellationToken);

        using var manifestFile = pending.CreateFile(RepositoryLayout.ManifestName);
        var manifest = new BackupManifestWriter(manifestFile.Content, plan.Server.Version.ManifestVersion, plan.Control.SystemIdentifier);
        var copy = new DataDirectoryCopy(plan, pending, manifest, _settings, Progress, _time, _warn);
        copy.CopyTablespaces(cancellationToken);
        using var main = copy.CopyMainFiles(cancellationToken);
        var (_, control) = BackupPlan.ReadControl(plan.Files);

        var end = await EndAsync(mode, slot, cancellationToken);
        if (!BackupLabel.TryParse(Encoding.UTF8.GetString(end.Label), out var label, out var problem))
        {
            throw new PgkeepException(ErrorKind.ServerUnsuitable, $"the server's backup_label cannot be understood: {problem}");
        }

        CheckStandby(plan, label, end);
        CheckTablespaces(plan, end.TablespaceMap);
        copy.Finish(main, end, control, cancellationToken);
        manifest.Finish([new WalRange(label.StartTimeline, mode.Start, end.Stop)]);
        manifestFile.Complete();
        return Describe(plan, name, mode, end, label, copy);
    }

    private static async Task<BackupEnd> EndAsync(BackupMode mode, string? slot, CancellationToken cancellationToken)
    {
        try
        {
            return await mode.EndAsync(cancellationToken);
        }
        catch (PgkeepException failure) when (slot is not null)
        {
            throw WalSlot.Explain(failure);
        }
    }

    /// <summary>What a standby was when the backup began it must still be, on the same timeline: the WAL of the backup has one.</summary>
    private static void CheckStandby(BackupPlan plan, BackupLabel label, BackupEnd end)
    {
        if (label.IsFromStandby != plan.Server.IsInRecovery)
        {
            throw StandbyState.Promoted(null);
        }

        if (end.Timeline is not { } timeline)
        {
            return;
        }

        if (timeline != label.StartTimeline)
        {
            throw StandbyTimeline.Switched(label.StartTimeline, timeline);
        }

        var names = plan.Files.NamesIn("pg_wal").Select(name => WalFileName.TryParse(name, out var file) ? file : null).OfType<WalFileName>().ToList();
        var histories = names.Where(file => file.Kind == WalFileKind.History && file.Timeline > timeline)
            .Select(file => plan.Files.TryRead($"pg_wal/{file.Name}") is { } content ? StandbyTimeline.Parse(file.Timeline, content) : null)
            .OfType<TimelineHistory>();
        var segments = names.Where(file => file.Kind == WalFileKind.Segment).Select(file => file.Segment).OfType<WalSegmentName>().ToHashSet();
        StandbyTimeline.Require(timeline, end.Stop, plan.Control.WalSegmentSize, histories, segments);
    }

    /// <summary>Each tablespace that the server will want at a restore must be in the backup.</summary>
    private static void CheckTablespaces(BackupPlan plan, byte[] tablespaceMap)
    {
        if (!TablespaceMap.TryParse(Encoding.UTF8.GetString(tablespaceMap), plan.Server.Version, out var map, out var problem))
        {
            throw new PgkeepException(ErrorKind.ServerUnsuitable, $"the server's tablespace_map cannot be understood: {problem}");
        }

        if (map.Entries.FirstOrDefault(entry => Path.IsPathRooted(entry.Path) && !plan.Tablespaces.Any(tablespace => IsSame(tablespace, entry))) is { } missing)
        {
            throw new PgkeepException(
                ErrorKind.ServerUnsuitable, $"the tablespace {missing.Oid} in \"{missing.Path}\" was dropped or moved while the backup began", "take the backup again");
        }
    }

    /// <summary>A restore unpacks to the one path, and the server makes its link from the other.</summary>
    private static bool IsSame(TablespaceLink tablespace, TablespaceMapEntry entry) =>
        tablespace.Oid == entry.Oid && Path.TrimEndingDirectorySeparator(tablespace.Location) == Path.TrimEndingDirectorySeparator(Path.GetFullPath(entry.Path));

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
            BackupFrom = label.IsFromStandby ? BackupMetadata.FromStandby : BackupMetadata.FromPrimary,
            Source = plan.Files.Name,
            Checkpoint = _settings.FastCheckpoint ? "fast" : "spread",
            Compression = _settings.Compression.Codec.Name,
            CompressionLevel = _settings.Compression.Level,
            Cluster = ClusterDescription.Of(plan),
            Sizes = new BackupSizes(copy.Files, copy.PlainBytes, 0),
            Tablespaces = [.. plan.Tablespaces.Select(tablespace => new TablespaceMetadata(tablespace.Oid.Value, tablespace.Location, new ArchiveNames(_settings.Compression.Codec).OfTablespace(tablespace.Oid)))],
            PagesChecked = copy.CheckedPages,
            ExcusedPages = PageFindings.ExcusedOf(copy.Suspects, mode.Start, end.Stop),
            Findings = PageFindings.DamagedOf(copy.Suspects, copy.SuspectsLeftOut, mode.Start, end.Stop),
        };
    }
}
