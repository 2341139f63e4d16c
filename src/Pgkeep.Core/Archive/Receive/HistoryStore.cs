using System.Diagnostics;
using System.Text;
using Pgkeep.Diagnostics;
using Pgkeep.Postgres;
using Pgkeep.Postgres.Server;
using Pgkeep.Repository;

namespace Pgkeep.Archive.Receive;

/// <summary>Brings the histories of a server's timeline and of its ancestors into the archive, before any WAL of that timeline gets there.</summary>
internal sealed class HistoryStore
{
    private readonly WalArchive _archive;
    private readonly ReplicationSession _replication;
    private readonly ReceiverView? _view;
    private readonly int _level;
    private readonly TimeProvider _time;
    private readonly Action<ReceiverEvent> _tell;

    public HistoryStore(WalArchive archive, ReplicationSession replication, ReceiverView? view, int level, TimeProvider time, Action<ReceiverEvent> tell)
    {
        _archive = archive;
        _replication = replication;
        _view = view;
        _level = level;
        _time = time;
        _tell = tell;
    }

    /// <returns>The history of the server's timeline.</returns>
    public async Task<TimelineHistory> StoreAsync(TimelineId timeline, SystemIdentifier identifier, CancellationToken cancellationToken)
    {
        if (timeline == TimelineId.First)
        {
            return TimelineHistory.Initial(timeline);
        }

        var content = await _replication.ReadHistoryAsync(timeline, cancellationToken)
            ?? throw new PgkeepException(ErrorKind.ServerUnsuitable, $"the server is on timeline {timeline} and does not have its history");
        if (!TimelineHistory.TryParse(timeline, Encoding.UTF8.GetString(content), out var history, out var problem))
        {
            throw new PgkeepException(ErrorKind.ServerUnsuitable, $"the server sends a history that cannot be read: {problem}");
        }

        foreach (var past in history.Switches.Select(past => past.Timeline).Where(past => past > TimelineId.First))
        {
            // A server need not have those of long ago; what the archive has stays as it is.
            if (await _archive.FindAsync(FileOf(past).Name, cancellationToken) is null && await _replication.ReadHistoryAsync(past, cancellationToken) is { } older)
            {
                await StoreAsync(FileOf(past), older, identifier, cancellationToken);
            }
        }

        await StoreAsync(FileOf(timeline), content, identifier, cancellationToken);
        return history;
    }

    private static WalFileName FileOf(TimelineId timeline) =>
        WalFileName.TryParse($"{timeline.ToHex()}.history", out var file) ? file : throw new UnreachableException();

    /// <summary>A history's time tells when its timeline began, and a restore to an earlier moment passes over that timeline: the server's own time where it tells.</summary>
    private async Task StoreAsync(WalFileName file, byte[] content, SystemIdentifier identifier, CancellationToken cancellationToken)
    {
        var time = (_view is null ? null : await _view.ReadWalFileTimeAsync(file.Name, cancellationToken)) ?? _time.GetUtcNow();
        if (await _archive.StoreAsync(file, content, identifier, _level, time, cancellationToken) == StoreResult.Stored)
        {
            _tell(new ReceiverEvent("history", $"Archived {file.Name}") { IsRoutine = true });
        }
    }
}
