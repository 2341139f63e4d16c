using Pgkeep.Posix;
using Pgkeep.Postgres;
using Pgkeep.Repository;
using Pgkeep.Restore.Places;
using Pgkeep.Restore.Unpacking.Selected;

namespace Pgkeep.Restore.InPlace;

/// <summary>
/// Makes a stopped cluster's own files into those of a backup. The order is what keeps it safe: a journal, then <c>pg_control</c> goes so that nothing can start, then the WAL that only the old server
/// has is saved, and all files are looked at; up to here everything can be put back. From <see cref="IsWriting"/> on only going on leads to a cluster, and the same call goes on, whatever was
/// done before: what is right stays, by its content.
/// </summary>
internal sealed class InPlaceCopy
{
    private readonly RestorePlan _plan;
    private readonly ClusterCopy _copy;
    private readonly OperationLog _log;
    private InPlaceJournal _journal;

    /// <param name="copy">Of the plan; it is the caller's to run when <see cref="Begin"/> has returned.</param>
    /// <param name="tablespaces">The version directories of the backup's tablespaces and of the old cluster's, there or not.</param>
    public InPlaceCopy(RestorePlan plan, ClusterCopy copy, IEnumerable<string> tablespaces, OperationLog log, DateTimeOffset now)
    {
        _plan = plan;
        _copy = copy;
        _log = log;
        var backup = plan.Backup.Name.ToString();
        _journal = plan.Begun is { IsWriting: true } begun
            ? begun with { Backup = backup, Tablespaces = [.. tablespaces.Union(begun.Tablespaces)], Owner = plan.Account }
            : InPlaceJournal.Plan(plan.DataDirectory, backup, tablespaces, now, plan.Account);
    }

    /// <summary>Whether there is no way back.</summary>
    public bool IsWriting => _journal.IsWriting;

    /// <summary>Where the WAL that only the old server had is kept; null where there was none.</summary>
    public string? SavedWalDirectory => SavedWal.IsAny(_journal.SavedWal) ? _journal.SavedWal : null;

    /// <summary>Up to where there is no way back; the copy is to be run then.</summary>
    /// <param name="unarchived">All WAL of the old server that no archive has.</param>
    public void Begin(IReadOnlyList<UnarchivedFile> unarchived, CancellationToken cancellationToken)
    {
        var files = Prepare(unarchived, cancellationToken);
        _journal = _journal with { IsWriting = true };
        _journal.Write();
        _log.Write("Changing the old cluster's files: from here on there is no way back, and no server starts before the end");
        RemoveOld(files, cancellationToken);
    }

    /// <summary>Where a file of the old server's WAL is now.</summary>
    public string NowAt(UnarchivedFile file) => Path.Combine(_journal.SavedWal, "pg_wal", file.Name.Name);

    /// <summary>When the restored cluster has recovered: nothing is left to go on with.</summary>
    public void End() => _journal.Remove();

    /// <summary>What can be put back.</summary>
    private ManifestFiles Prepare(IReadOnlyList<UnarchivedFile> unarchived, CancellationToken cancellationToken)
    {
        // An earlier restore that was not marked as over, though it is, would look like one that was broken off.
        if (RestoreJournal.Find(_plan.DataDirectory) is { IsOver: false, IsBrokenOff: false } earlier)
        {
            (earlier with { IsOver = true, Owner = _plan.Account }).Write();
        }

        RestorePlanner.RequireStopped(_plan.DataDirectory);
        _journal.Write();
        try
        {
            _journal.TakeControl();
            RestorePlanner.RequireStopped(_plan.DataDirectory);
            SavedWal.Save([.. unarchived.Where(file => !file.Path.StartsWith(_journal.SavedWal + '/', StringComparison.Ordinal))], _journal.SavedWal, _plan.Account, cancellationToken);
            return _copy.Survey(cancellationToken)!;
        }
        catch when (!_journal.IsWriting)
        {
            _journal.PutBack();
            throw;
        }
    }

    private void RemoveOld(ManifestFiles files, CancellationToken cancellationToken)
    {
        var removal = new OldFileRemoval(files, cancellationToken);
        var version = $"PG_{_plan.Metadata.Cluster.PostgresqlMajor}_{_plan.Metadata.Cluster.CatalogVersion}";
        var own = _plan.Tablespaces.ToDictionary(tablespace => Path.Combine(FileSystem.Resolve(tablespace.Location), version), tablespace => $"pg_tblspc/{new Oid(tablespace.Oid)}/{version}");
        foreach (var directory in _journal.Tablespaces)
        {
            if (own.TryGetValue(directory, out var name))
            {
                removal.ClearTablespace(directory, name);
            }
            else
            {
                removal.Remove(directory);
            }
        }

        removal.ClearDataDirectory(_plan.DataDirectory);
    }
}
