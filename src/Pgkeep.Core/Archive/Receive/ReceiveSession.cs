using Pgkeep.Diagnostics;
using Pgkeep.Postgres;
using Pgkeep.Postgres.Server;
using Pgkeep.Repository;

namespace Pgkeep.Archive.Receive;

/// <summary>
/// A session on the server up to the point where its WAL can flow: it is the repository's cluster, the slot is there, and the archive has the histories that lead
/// to the server's timeline.
/// </summary>
internal sealed class ReceiveSession : IAsyncDisposable
{
    private ReceiveSession(ReplicationSession replication, ReceiverView? view)
    {
        Replication = replication;
        View = view;
    }

    public ReplicationSession Replication { get; }

    /// <summary>Null where only replication sessions can be had.</summary>
    public ReceiverView? View { get; }

    public required RepositoryIdentity Identity { get; init; }

    /// <summary>Of the server's timeline.</summary>
    public required TimelineHistory History { get; init; }

    /// <summary>The end of what the server can send.</summary>
    public required Lsn ServerPosition { get; init; }

    /// <summary>Null where the slot is there and nobody could tell about it.</summary>
    public required SlotState? Slot { get; init; }

    public static async Task<ReceiveSession> OpenAsync(
        ReceiveSettings settings, ArchiveStores stores, TimeProvider time, Action<ReceiverEvent> tell, CancellationToken cancellationToken)
    {
        var replication = await ReplicationSession.OpenAsync(settings.Connection, cancellationToken);
        ReceiverView? view = null;
        try
        {
            var facts = await replication.ReadFactsAsync(time, cancellationToken);
            var size = new WalSegmentSize(checked((uint)await replication.ReadSizeAsync("wal_segment_size", cancellationToken)));
            var identity = new RepositoryIdentity(facts.SystemIdentifier, facts.Version.Major, size);
            foreach (var store in stores.Marked)
            {
                await RepositoryMarker.EnsureAsync(store, identity, time, cancellationToken);
            }

            view = await ReceiverView.TryOpenAsync(settings.Connection, cancellationToken);
            var histories = new HistoryStore(stores.Archive, replication, view, settings.Level, time, tell);
            return new ReceiveSession(replication, view)
            {
                Identity = identity,
                Slot = await RequireSlotAsync(settings, replication, view, facts.Version, tell, cancellationToken),
                History = await histories.StoreAsync(facts.Timeline, identity.SystemIdentifier, cancellationToken),
                ServerPosition = await replication.ReadPositionAsync(cancellationToken),
            };
        }
        catch
        {
            await CloseAsync(replication, view);
            throw;
        }
    }

    public async ValueTask DisposeAsync() => await CloseAsync(Replication, View);

    private static async ValueTask CloseAsync(ReplicationSession replication, ReceiverView? view)
    {
        await replication.DisposeAsync();
        if (view is not null)
        {
            await view.DisposeAsync();
        }
    }

    private static async Task<SlotState?> RequireSlotAsync(
        ReceiveSettings settings, ReplicationSession replication, ReceiverView? view, PostgresVersion version, Action<ReceiverEvent> tell, CancellationToken cancellationToken)
    {
        var state = await ReadAsync();
        if (state is null)
        {
            // In a session of its own, for Npgsql closes one in which that fails; and before 15 nothing but that tells whether the slot is there.
            await using var other = await ReplicationSession.OpenAsync(settings.Connection, cancellationToken);
            if (await other.CreateSlotAsync(settings.Slot, cancellationToken))
            {
                tell(new ReceiverEvent("slot", $"Created the replication slot \"{settings.Slot}\": from now on the server keeps its WAL until it is received; pgkeep receive-wal --drop-slot ends that"));
                state = await ReadAsync();
            }
        }

        return state is not { WalStatus: "lost" } ? state : throw Lost(settings.Slot, null);

        async Task<SlotState?> ReadAsync() =>
            (view is null ? null : await view.ReadSlotAsync(settings.Slot, cancellationToken)) ?? await replication.ReadSlotAsync(settings.Slot, version, cancellationToken);
    }

    public static PgkeepException Lost(string slot, string? said) => new(
        ErrorKind.WalMissing,
        $"the server has given up keeping WAL for the replication slot \"{slot}\"{(said is null ? "" : $": {said}")}",
        "drop it and start again: pgkeep receive-wal --drop-slot; if WAL is missing by then, the new start says which segment",
        "raise max_slot_wal_keep_size, or set it to -1, so that it does not happen again");
}
