using Pgkeep.Backup.Frames;
using Pgkeep.Postgres;
using Pgkeep.Postgres.Cluster;
using Pgkeep.Postgres.Server;
using Pgkeep.Repository;

namespace Pgkeep.Backup;

/// <summary>
/// The archives of one backup: a tar for each tablespace, and the main one, whose last members are <c>backup_label</c>, <c>tablespace_map</c> and
/// <c>pg_control</c>, in this order, so that a tar cut anywhere cannot start as if it were a crashed server.
/// </summary>
internal sealed class DataDirectoryCopy
{
    private readonly BackupPlan _plan;
    private readonly PendingBackup _pending;
    private readonly BackupManifestWriter _manifest;
    private readonly BackupSettings _settings;
    private readonly ArchiveNames _names;
    private readonly BackupProgress? _progress;
    private readonly ReadRate? _rate;
    private readonly DataDirectoryWalk _walk;
    private readonly PageCheck _pages;
    private readonly List<FrameSink> _sinks = [];

    public DataDirectoryCopy(BackupPlan plan, PendingBackup pending, BackupManifestWriter manifest, BackupSettings settings, BackupProgress? progress, TimeProvider time, Action<string> warn)
    {
        _plan = plan;
        _pending = pending;
        _manifest = manifest;
        _settings = settings;
        _names = new ArchiveNames(settings.Compression.Codec);
        _progress = progress;
        _rate = settings.MaxRate is { } rate ? new ReadRate(rate, time) : null;
        _walk = new DataDirectoryWalk(plan.Files, warn);
        _pages = new PageCheck(plan.Control);
    }

    public long Files => _sinks.Sum(sink => sink.Files);

    public long PlainBytes => _sinks.Sum(sink => sink.FileBytes);

    public long CheckedPages => _pages.CheckedPages;

    public IEnumerable<SuspectPage> Suspects => _sinks.SelectMany(sink => sink.Suspects);

    public long SuspectsLeftOut => _sinks.Sum(sink => sink.SuspectsLeftOut);

    /// <summary>Of a tablespace only the directory of this version belongs to the cluster; pg_upgrade leaves others beside it.</summary>
    public static string NameOf(BackupPlan plan, TablespaceLink tablespace) =>
        $"{PrefixOf(tablespace)}PG_{plan.Server.Version.Major}_{plan.Control.CatalogVersion}";

    public void CopyTablespaces(CancellationToken cancellationToken)
    {
        foreach (var tablespace in _plan.Tablespaces)
        {
            using var archive = Create(_names.OfTablespace(tablespace.Oid));
            var prefix = PrefixOf(tablespace);
            var name = NameOf(_plan, tablespace);
            if (_plan.Files.StatusOf(prefix, [name[prefix.Length..]]).Single() is { } status)
            {
                using var queue = new FrameQueue(_plan.Files, _walk.Of(name).Prepend(new CopyItem(name, status)), prefix.Length);
                archive.CopyAll(queue, cancellationToken);
            }

            archive.Complete();
        }
    }

    /// <summary>Everything but the last members; <see cref="Finish"/> writes those.</summary>
    public ParallelArchive CopyMainFiles(CancellationToken cancellationToken)
    {
        var archive = Create(_names.Main);
        try
        {
            using var queue = new FrameQueue(_plan.Files, WithWalDirectories(_walk.Of("")), 0);
            archive.CopyAll(queue, cancellationToken);
            _progress?.LeaveArchives();
            return archive;
        }
        catch
        {
            archive.Dispose();
            throw;
        }
    }

    public void Finish(ParallelArchive main, BackupEnd end, byte[] control, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var like = _plan.Files.StatusOf("", [ControlFileReader.RelativePath]).Single()!.Value;
        main.AddContent("backup_label", end.Label, like, end.Stopped);
        if (end.TablespaceMap.Length > 0)
        {
            main.AddContent("tablespace_map", end.TablespaceMap, like, end.Stopped);
        }

        main.AddContent(ControlFileReader.RelativePath, control, like, like.Modified);
        main.Complete();
    }

    private static string PrefixOf(TablespaceLink tablespace) => $"{TablespaceLinks.FolderName}/{tablespace.Oid.Value}/";

    private ParallelArchive Create(string name)
    {
        _progress?.EnterArchive(name);
        var sink = new FrameSink(_pending.CreateFile(name), _pending.CreateFile(ArchiveNames.IndexOf(name)), _manifest, _names.Codec);
        _sinks.Add(sink);
        return new ParallelArchive(sink, _pages, _settings.Jobs, _settings.Compression) { Progress = _progress, Rate = _rate };
    }

    /// <summary><c>pg_wal</c> is emptied, and the server wants the directories in it.</summary>
    private IEnumerable<CopyItem> WithWalDirectories(IEnumerable<CopyItem> items)
    {
        foreach (var item in items)
        {
            yield return item;
            if (item.Name == "pg_wal")
            {
                yield return item with { Name = "pg_wal/archive_status" };
                if (_plan.Server.Version.HasWalSummaries)
                {
                    yield return item with { Name = "pg_wal/summaries" };
                }
            }
        }
    }
}
