using System.Collections.Frozen;
using Pgkeep.Postgres;
using Pgkeep.Postgres.Cluster;

namespace Pgkeep.Backup;

/// <summary>
/// What of a data directory belongs into a backup: PostgreSQL's own decisions (src/backend/backup/basebackup.c, excludeDirContents,
/// excludeFiles, sendDir), taken by path, so that a user's file that happens to have one of the names elsewhere is kept.
/// </summary>
internal static class DataDirectoryRules
{
    /// <summary>Kept as empty directories: the server writes their content anew, or, as with replication slots, it must not come back.</summary>
    private static readonly FrozenSet<string> EmptiedDirectories = FrozenSet.Create(
        "pg_dynshmem", "pg_notify", "pg_replslot", "pg_serial", "pg_snapshots", "pg_stat_tmp", "pg_subtrans", "pg_wal");

    private static readonly FrozenSet<string> EssentialDirectories = FrozenSet.Create(
        "base", "global", "pg_commit_ts", "pg_logical", "pg_multixact", "pg_tblspc", "pg_twophase", "pg_xact", "PG_VERSION");

    /// <summary>In the data directory itself.</summary>
    private static readonly FrozenSet<string> LeftOutFiles = FrozenSet.Create(
        "backup_label", "backup_label.old", "tablespace_map", "tablespace_map.old", "backup_manifest", "current_logfiles.tmp", "postgresql.auto.conf.tmp",
        "postmaster.opts", "postmaster.pid", "recovery.conf", "recovery.done", "recovery.signal", "standby.signal");

    /// <param name="path">Relative to the data directory, with slashes.</param>
    public static bool IsEmptied(string path) => EmptiedDirectories.Contains(path);

    /// <param name="path">Relative to the data directory, with slashes.</param>
    public static bool IsLeftOut(string path) =>
        LeftOutFiles.Contains(path) || IsAside(path) || IsRelationCache(path) || IsTemporary(path) || path.EndsWith("/.DS_Store", StringComparison.Ordinal);

    /// <summary>
    /// What a restore has left in a mount point, and all that is in it: at the top of the data directory, of a directory of it on a disk of its own, or of a tablespace's version
    /// directory.
    /// </summary>
    public static bool IsAside(string path) => path.Split('/', 5) switch
    {
        [TablespaceLinks.FolderName, _, _, var name, ..] when AsideNames.IsAside(name) => true,
        [var name] => AsideNames.IsAside(name),
        [var first, var second, ..] => AsideNames.IsAside(first) || AsideNames.IsAside(second),
        _ => false,
    };

    /// <summary>
    /// Directories whose content is the cluster itself. A link or a special file in place of one, or in one, is left out by PostgreSQL's own base
    /// backup with a warning, and the restored cluster then lacks a database: that is no backup.
    /// </summary>
    public static bool IsEssential(string path) => EssentialDirectories.Contains(path.Split('/')[0]);

    /// <summary>Names are <c>pg_internal.init</c>, or with a process number while it is written (relcache.c, write_relcache_init_file).</summary>
    private static bool IsRelationCache(string path)
    {
        var slash = path.LastIndexOf('/');
        return slash > 0 && path.AsSpan(slash + 1).StartsWith("pg_internal.init") && RelationFilePath.HoldsRelations(path[..slash]);
    }

    /// <summary>Sort files and their directories: <c>base/pgsql_tmp</c>, and the same in a tablespace's version directory.</summary>
    private static bool IsTemporary(string path)
    {
        var slash = path.LastIndexOf('/');
        return slash > 0
            && path.AsSpan(slash + 1).StartsWith("pgsql_tmp")
            && (path[..slash] == "base" || path[..slash].Split('/') is ["pg_tblspc", _, _]);
    }
}
