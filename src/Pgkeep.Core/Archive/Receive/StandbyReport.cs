using Pgkeep.Postgres.Server;

namespace Pgkeep.Archive.Receive;

/// <summary>Says whether the server waits for this receiver, and what in its settings takes the point out of that. Silent where the role may not see it.</summary>
internal sealed class StandbyReport
{
    /// <summary>A standby counts as synchronous when it has caught up.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    private readonly ReceiveSession _session;
    private readonly string _slot;
    private readonly TimeProvider _time;
    private readonly Action<ReceiverEvent> _tell;

    public StandbyReport(ReceiveSession session, string slot, TimeProvider time, Action<ReceiverEvent> tell)
    {
        (_session, _slot, _time, _tell) = (session, slot, time, tell);
    }

    public async Task TellAsync(CancellationToken cancellationToken)
    {
        if (_session.View is not { } view)
        {
            return;
        }

        try
        {
            await Task.Delay(Patience, _time, cancellationToken);
            await TellSlotAsync(view, cancellationToken);
            await TellSynchronyAsync(view, cancellationToken);
        }
        catch (OperationCanceledException)
        {
            // The stream ended first.
        }
    }

    private async Task TellSlotAsync(ReceiverView view, CancellationToken cancellationToken)
    {
        if (await view.ReadSlotAsync(_slot, cancellationToken) is { WalStatus: not ("reserved" or "extended") and { } status })
        {
            Warn($"the server keeps WAL for the slot \"{_slot}\" no longer than it can (wal_status is {status}): raise max_slot_wal_keep_size, or set it to -1");
        }
        else if (await view.ReadSettingAsync("max_slot_wal_keep_size", cancellationToken) is { } size and not "-1")
        {
            Warn($"max_slot_wal_keep_size is {size} MB: when the receiver is down for more WAL than that, the server removes what was not received");
        }

        if (await view.ReadSettingAsync("idle_replication_slot_timeout", cancellationToken) is { } timeout and not "0")
        {
            Warn($"idle_replication_slot_timeout is {timeout} s: when the receiver is down for longer, the server gives the slot up");
        }
    }

    private async Task TellSynchronyAsync(ReceiverView view, CancellationToken cancellationToken)
    {
        switch (await view.ReadSyncStateAsync(_session.Replication.ProcessId, cancellationToken))
        {
            case null:
                return;
            case "async":
                _tell(new ReceiverEvent("synchronous", "The server does not wait for this receiver: it is an asynchronous standby"));
                return;
            case var state:
                _tell(new ReceiverEvent("synchronous", $"The server counts this receiver among its synchronous standbys ({state})"));
                break;
        }

        var level = await view.ReadSettingAsync("synchronous_commit", cancellationToken);
        if (level == "remote_apply")
        {
            Warn("synchronous_commit is remote_apply: a receiver applies nothing, so commits wait for another standby or for ever; set it to on");
        }
        else if (level is "remote_write" or "local" or "off")
        {
            Warn($"synchronous_commit is {level}: commits do not wait until they are durable here; set it to on");
        }
    }

    private void Warn(string text) => _tell(new ReceiverEvent("warning", text));
}
