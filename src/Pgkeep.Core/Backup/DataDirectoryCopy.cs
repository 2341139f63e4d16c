using System.Text;
using Pgkeep.Posix;
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
    private readonly int _level;
    private readonly DataDirectoryWalk _walk;
    private readonly FileCopy _copy;

    public DataDirectoryCopy(BackupPlan plan, PendingBackup pending, BackupManifestWriter manifest, int level, Action<string> warn)
    {
        _plan = plan;
        _pending = pending;
        _level = level;
        _walk = new DataDirectoryWalk(warn);
        _copy = new FileCopy(manifest);
    }

    public long Files => _copy.Files;

    public long PlainBytes => _copy.PlainBytes;

    public static string ArchiveOf(TablespaceLink tablespace) => $"{tablespace.Oid.Value}.tar.gz";

    /// <summary>Of a tablespace only the directory of this version belongs to the cluster; pg_upgrade leaves others beside it.</summary>
    public void CopyTablespaces(CancellationToken cancellationToken)
    {
        foreach (var tablespace in _plan.Tablespaces)
        {
            using var tar = new TarGzFile(_pending.CreateFile(ArchiveOf(tablespace)), _level);
            var version = $"PG_{_plan.Server.Version.Major}_{_plan.Control.CatalogVersion}";
            var prefix = $"{TablespaceLinks.FolderName}/{tablespace.Oid.Value}/";
            var path = Path.Combine(tablespace.Location, version);
            if (FileStatus.Of(path) is { } status)
            {
                tar.Begin(FileCopy.EntryOf(version, 0, status));
                CopyAll(path, prefix + version, tar, prefix.Length, cancellationToken);
            }

            tar.Complete();
        }
    }

    /// <summary>Everything but the last members; <see cref="Finish"/> writes those.</summary>
    public TarGzFile CopyMainFiles(CancellationToken cancellationToken)
    {
        var tar = new TarGzFile(_pending.CreateFile(RepositoryLayout.MainArchiveName), _level);
        try
        {
            CopyAll(_plan.DataDirectory, "", tar, 0, cancellationToken);
            return tar;
        }
        catch
        {
            tar.Dispose();
            throw;
        }
    }

    public void Finish(TarGzFile main, BackupEnd end, byte[] control, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var like = FileStatus.Of(Path.Combine(_plan.DataDirectory, ControlFileReader.RelativePath))!.Value;
        _copy.AddContent(main, "backup_label", Encoding.UTF8.GetBytes(end.Label), like, end.Stopped);
        if (end.TablespaceMap.Length > 0)
        {
            _copy.AddContent(main, "tablespace_map", Encoding.UTF8.GetBytes(end.TablespaceMap), like, end.Stopped);
        }

        _copy.AddContent(main, ControlFileReader.RelativePath, control, like, like.Modified);
        main.Complete();
    }

    private void CopyAll(string path, string name, TarGzFile tar, int skip, CancellationToken cancellationToken)
    {
        foreach (var item in _walk.Of(path, name))
        {
            var tarName = item.Name[skip..];
            if (item.Status.Type == FileType.Regular)
            {
                _ = _copy.TryCopy(item, tar, tarName, cancellationToken);
                continue;
            }

            tar.Begin(FileCopy.EntryOf(tarName, 0, item.Status));
            if (item.Name == "pg_wal")
            {
                BeginEmpty(tar, "pg_wal/archive_status", item.Status);
                if (_plan.Server.Version.HasWalSummaries)
                {
                    BeginEmpty(tar, "pg_wal/summaries", item.Status);
                }
            }
        }
    }

    private static void BeginEmpty(TarGzFile tar, string name, FileStatus like) => tar.Begin(FileCopy.EntryOf(name, 0, like));
}
