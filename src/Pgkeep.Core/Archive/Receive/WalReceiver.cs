using Pgkeep.Diagnostics;
using Pgkeep.Postgres;
using Pgkeep.Postgres.Server;
using Pgkeep.Repository;

namespace Pgkeep.Archive.Receive;

/// <summary>
/// Receives a server's WAL as a standby does, until it is told to stop. What it has acknowledged is durable in <c>.receiving/SLOT/</c> or in the archive, at
/// any moment and however it ends; a server that waits for that (<c>synchronous_standby_names</c>) loses no commit with its disk.
/// </summary>
/// <remarks>
/// Each session begins from what is durable, as the first one does: so a broken connection, a server that was restarted, the end of a timeline and our own
/// <c>kill -9</c> are one and the same. What would leave a gap in the archive ends the receiver with a failure; so does a disk that takes no more.
/// </remarks>
internal sealed class WalReceiver
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(5);

    /// <summary>How often a slot is found in use before it is another receiver's: a server needs a moment to notice that ours was killed.</summary>
    private const int BusyAttempts = 8;

    private readonly ReceiveSettings _settings;
    private readonly TimeProvider _time;
    private readonly Action<ReceiverEvent> _tell;
    private TimelineId? _timeline;
    private Lsn? _durable;
    private Lsn? _durableAtPause;
    private string? _outage;
    private bool _isOutageTold;
    private bool _hasStreamed;
    private bool _skipsGap;
    private TimeSpan _pause = TimeSpan.Zero;

    public WalReceiver(ReceiveSettings settings, TimeProvider time, Action<ReceiverEvent> tell)
    {
        _settings = settings;
        _time = time;
        _tell = tell;
    }

    public async Task RunAsync(CancellationToken stop)
    {
        using var storing = ArchiveLock.Share(_settings.Layout);
        var stores = ArchiveStores.OfWritable(_settings.Layout);
        using var directory = ReceivingDirectory.Take(_settings.Layout, _settings.Slot);
        var indexes = WalIndexStore.Of(_settings.Layout, stores.Archive);
        await stores.Archive.RemoveLeftoversAsync(stop);
        await indexes.RemoveLeftoversAsync(stop);
        var archiver = new SegmentArchiver(stores, directory, _settings.Level, _time, _tell) { Indexes = _settings.MakesIndexes ? indexes : null };
        try
        {
            var busy = 0;
            while (await TryReceiveAsync(stores, directory, archiver, stop) is { } end)
            {
                busy = end.Kind == WalStreamEndKind.SlotBusy && !_hasStreamed ? busy + 1 : 0;
                if (busy == BusyAttempts)
                {
                    throw new PgkeepException(
                        ErrorKind.ServerUnsuitable, end.Reason, "another receiver has this slot: stop it, or take a slot of your own: --slot NAME");
                }

                await PauseAsync(end.Reason, stop);
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // Asked to stop between two sessions.
        }
        finally
        {
            await archiver.DrainAsync();
        }

        _tell(new ReceiverEvent("stopped", _durable is { } durable ? $"Stopped; WAL is received up to {durable}" : "Stopped"));
    }

    /// <returns>Null when asked to stop.</returns>
    private async Task<WalStreamEnd?> TryReceiveAsync(ArchiveStores stores, ReceivingDirectory directory, SegmentArchiver archiver, CancellationToken stop)
    {
        try
        {
            await archiver.DrainAsync();
            await using var session = await ReceiveSession.OpenAsync(_settings, stores, _time, _tell, stop);
            var start = await PrepareAsync(session, stores, directory, archiver, stop);
            var end = await ReceiveAsync(session, start, directory, archiver, stop);
            return end?.Kind switch
            {
                WalStreamEndKind.WalRemoved => Skip(session, end) ?? throw Gap(session, start, end.Reason),
                WalStreamEndKind.SlotLost => throw ReceiveSession.Lost(_settings.Slot, end.Reason),
                _ => end,
            };
        }
        catch (PgkeepException failure) when (_hasStreamed && failure.Kind is ErrorKind.ServerUnreachable or ErrorKind.LoginRefused or ErrorKind.ServerUnsuitable)
        {
            TellOutage(failure.Message);
            return new WalStreamEnd(WalStreamEndKind.Broken, failure.Message);
        }
    }

    /// <summary>What the session before left: complete segments into the archive first, then where to go on.</summary>
    private async Task<ReceiveStart> PrepareAsync(
        ReceiveSession session, ArchiveStores stores, ReceivingDirectory directory, SegmentArchiver archiver, CancellationToken stop)
    {
        var (size, identity) = (session.Identity.WalSegmentSize, session.Identity);
        foreach (var (other, kept) in directory.SetAsideOthers(identity.SystemIdentifier))
        {
            _tell(new ReceiverEvent("warning", $"what was received of {other} is of another cluster than {identity.SystemIdentifier}, the server's and the repository's: it is kept as \"{kept}\", and nothing reads it there"));
        }

        var segments = directory.List(identity);
        // A segment's file is made when the one before is complete and durable.
        foreach (var complete in segments.Where(segment => ReceivedWal.IsWhole(segment.Name, segments.Select(other => other.Name), size)))
        {
            await archiver.StoreAsync(complete.Name, identity, stop);
        }

        var inventory = await stores.Archive.ListAsync(stop);
        foreach (var received in directory.List(identity))
        {
            if (StoredFor(received, session.History, inventory, size) is { } stored)
            {
                await archiver.RetireAsync(received, stored, identity, stop);
            }
        }

        var durable = session.Slot?.RestartLsn is { } restart && (_durable is not { } own || restart > own) ? restart : _durable;
        var origin = session.Slot?.RestartLsn ?? session.ServerPosition;
        var start = _skipsGap
            ? ReceiveStart.Begin(session.History, size, origin)
            : ReceiveStart.Plan(session.History, size, directory.List(identity), inventory, durable, origin);
        if (_skipsGap)
        {
            SetAsideUnfinished(directory, identity, WalSegmentName.FromLsn(start.Timeline, start.From, size));
        }

        if (session.ServerPosition < start.From)
        {
            throw new PgkeepException(
                ErrorKind.ServerUnsuitable,
                $"the server's WAL ends at {session.ServerPosition}, and WAL up to {start.From} is received already",
                "it has lost WAL, or it is a standby that has not caught up, or another server than the one before");
        }

        return start;
    }

    /// <summary>Before the first segment behind an accepted gap is begun: nobody may take for whole what lies before it.</summary>
    private void SetAsideUnfinished(ReceivingDirectory directory, RepositoryIdentity identity, WalSegmentName first)
    {
        foreach (var received in directory.List(identity).Where(received => received.Name != first))
        {
            var kept = directory.SetAside(received.Name, "partial");
            _tell(new ReceiverEvent("warning", $"{received.Name} was received up to {received.Extent?.End}, and the gap begins there: it is kept as \"{kept}\", and is no part of the archive"));
        }
    }

    /// <summary>The segment of the archive that makes a received one superfluous; null where there is none.</summary>
    private static WalSegmentName? StoredFor(ReceivedSegment received, TimelineHistory history, WalInventory inventory, WalSegmentSize size)
    {
        if (inventory.Contains(received.Name))
        {
            return received.Name;
        }

        if (!ReceiveStart.IsOn(history, received.Name, size) || history.EndOf(received.Name.Timeline) is not { } end || received.Extent is not { } extent || extent.End > end)
        {
            return null;
        }

        var successor = WalSegmentName.FromNumber(history.TimelineAt(end), received.Name.Number(size), size);
        return inventory.Contains(successor) ? successor : null;
    }

    private async Task<WalStreamEnd?> ReceiveAsync(
        ReceiveSession session, ReceiveStart start, ReceivingDirectory directory, SegmentArchiver archiver, CancellationToken stop)
    {
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(stop);
        var telling = Task.CompletedTask;
        await using var stream = session.Replication.StartWal(_settings.Slot, start.Timeline, start.From);
        var loop = new ReceiveLoop(stream, start, directory, archiver, session.Identity, _time)
        {
            Streaming = () =>
            {
                TellStart(session, start);
                telling = new StandbyReport(session, _settings.Slot, _time, _tell).TellAsync(ended.Token);
            },
        };
        try
        {
            return await loop.RunAsync(stop);
        }
        finally
        {
            _durable = loop.Durable ?? _durable;
            await ended.CancelAsync();
            await telling;
        }
    }

    private void TellStart(ReceiveSession session, ReceiveStart start)
    {
        var segment = WalSegmentName.FromLsn(start.Timeline, start.KeptUntil, session.Identity.WalSegmentSize);
        if (!_hasStreamed)
        {
            var place = start.IsFirst || _skipsGap ? "there is no WAL before this segment" : "going on behind what is stored";
            _tell(new ReceiverEvent("started", $"Receiving WAL from {start.KeptUntil} on, timeline {start.Timeline}, {segment}, through slot \"{_settings.Slot}\": {place}"));
        }
        else if (_timeline != start.Timeline)
        {
            _tell(new ReceiverEvent("timeline", $"The server is on timeline {session.History.Timeline}: receiving timeline {start.Timeline} from {segment} on"));
        }
        else
        {
            _tell(new ReceiverEvent("connected", $"Receiving WAL again from {start.KeptUntil} on{(_isOutageTold ? "" : $"; the stream had ended: {_outage}")}"));
        }

        if (start.Diverged is { } diverged)
        {
            _tell(new ReceiverEvent("warning", $"timeline {diverged.Name.Timeline} ended at {session.History.EndOf(diverged.Name.Timeline)} for this server; what was received behind that, up to {diverged.Extent?.End}, stays in \"{diverged.Path}\" and is no part of the new timeline"));
        }

        _timeline = start.Timeline;
        (_hasStreamed, _isOutageTold, _skipsGap, _outage) = (true, false, false, null);
        _pause = TimeSpan.Zero;
    }

    /// <summary>The first attempt comes at once: where a timeline has ended, there is no outage to tell about.</summary>
    private async Task PauseAsync(string reason, CancellationToken stop)
    {
        if (_outage is not null && _hasStreamed)
        {
            TellOutage(_outage);
        }

        _outage ??= reason;
        if (_pause == TimeSpan.Zero && _durable == _durableAtPause)
        {
            // Nothing came of the last attempt.
            _pause = FirstPause;
        }

        _durableAtPause = _durable;
        await Task.Delay(_pause, _time, stop);
        _pause = _pause == TimeSpan.Zero ? FirstPause : _pause * 2 < LongestPause ? _pause * 2 : LongestPause;
    }

    private void TellOutage(string reason)
    {
        _outage ??= reason;
        if (!_isOutageTold)
        {
            _isOutageTold = true;
            _tell(new ReceiverEvent("outage", $"No WAL comes: {_outage}; trying again until the server is back"));
        }
    }

    private WalStreamEnd? Skip(ReceiveSession session, WalStreamEnd end)
    {
        if (!_settings.AcceptGap || _skipsGap || session.Slot?.RestartLsn is null)
        {
            return null;
        }

        _skipsGap = true;
        _tell(new ReceiverEvent("warning", $"{end.Reason}: the gap is accepted, and the archive goes on at the slot's position; take a new backup, for no earlier one leads over the gap"));
        return end;
    }

    private static PgkeepException Gap(ReceiveSession session, ReceiveStart start, string said) => new(
        ErrorKind.WalMissing,
        $"the server does not have {WalSegmentName.FromLsn(start.Timeline, start.From, session.Identity.WalSegmentSize)} any more, which comes next in the archive: {said}",
        "if it is stored elsewhere, bring it into the archive by hand, and start again: pgkeep archive-wal PATH NAME",
        "else begin behind the gap with --accept-gap, and take a new backup at once: no earlier one leads over it");
}
