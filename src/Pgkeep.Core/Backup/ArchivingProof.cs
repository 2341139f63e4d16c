using Pgkeep.Postgres;
using Pgkeep.Postgres.Server;
using Pgkeep.Repository;

namespace Pgkeep.Backup;

/// <summary>
/// Shows, before hours of copying, that the server archives into this repository: a segment that ended after the backup began must arrive. An
/// older one that is there proves nothing, and one that is not there may have been archived before the repository existed.
/// </summary>
internal sealed class ArchivingProof
{
    private readonly ArchiveStores _stores;
    private readonly ArchiveWatch _watch;
    private readonly ServerConnection _connection;
    private readonly BackupPlan _plan;
    private readonly Action<string> _tell;

    public ArchivingProof(ArchiveStores stores, ArchiveWatch watch, ServerConnection connection, BackupPlan plan, Action<string> tell)
    {
        _stores = stores;
        _watch = watch;
        _connection = connection;
        _plan = plan;
        _tell = tell;
    }

    /// <param name="before">The server's position before the backup began.</param>
    /// <param name="start">Where it began.</param>
    public async Task RequireAsync(Lsn before, Lsn start, int level, CancellationToken cancellationToken)
    {
        var (timeline, size) = (_plan.Server.Timeline, _plan.Control.WalSegmentSize);
        await StoreMissingHistoriesAsync(timeline, level, cancellationToken);
        if (timeline > TimelineId.First)
        {
            await _watch.WaitAsync(HistoryOf(timeline), cancellationToken);
        }

        var first = WalSegmentName.FromLsn(timeline, start, size);
        if (first.CompareTo(WalSegmentName.FromLsn(timeline, before, size)) > 0)
        {
            await _watch.WaitAsync(first.Previous(size).ToString(), cancellationToken);
            return;
        }

        // The server stood at a segment's beginning, so the start ended none. By now its checkpoint lies there, and a switch does.
        if (!await ServerWal.MayEndSegmentAsync(_connection, cancellationToken))
        {
            _tell("Archiving is not tried before the copy: no segment ended, and the role may not call pg_switch_wal()");
            return;
        }

        await ServerWal.EndSegmentAsync(_connection, cancellationToken);
        await _watch.WaitAsync(first.ToString(), cancellationToken);
    }

    public static string HistoryOf(TimelineId timeline) => timeline.ToHex() + ".history";

    public async Task StoreMissingHistoriesAsync(TimelineId newest, int level, CancellationToken cancellationToken)
    {
        var missing = new MissingHistory(_stores.Archive, _plan.Control.SystemIdentifier, level, _tell);
        for (var timeline = new TimelineId(2); timeline <= newest; timeline = new TimelineId(timeline.Value + 1))
        {
            var name = HistoryOf(timeline);
            await missing.StoreAsync(
                timeline,
                () => _plan.Files.StatusOf("pg_wal", [name]).Single() is { } status && _plan.Files.TryRead($"pg_wal/{name}") is { } content ? (content, status.Modified) : null,
                cancellationToken);
        }
    }
}
