using Pgkeep.Posix;
using Pgkeep.Postgres;
using Pgkeep.Repository;

namespace Pgkeep.Archive.Receive;

/// <summary>
/// What a receiver that will not come back has left in <c>.receiving/SLOT/</c>. Its last records may be nowhere else, so it goes only where the archive has all of them
/// in segments of its own.
/// </summary>
/// <param name="Directory">Where it is, or was.</param>
/// <param name="Kept">Each file that keeps it, and what it holds; none where the directory was removed.</param>
internal sealed record ReceiverRemains(string Directory, IReadOnlyList<string> Kept)
{
    /// <returns>Null where there is no such directory.</returns>
    public static async Task<ReceiverRemains?> RemoveAsync(RepositoryLayout layout, string slot, CancellationToken cancellationToken)
    {
        var path = Path.Combine(layout.ReceivingDirectory, slot);
        if (FileStatus.OfTarget(path) is null)
        {
            return null;
        }

        using var storing = ArchiveLock.Share(layout);
        var stores = ArchiveStores.Of(layout);
        var identity = await RepositoryMarker.RequireAsync(stores.Marked[0], cancellationToken);
        using var directory = ReceivingDirectory.Take(layout, slot);
        var inventory = await stores.Archive.ListAsync(cancellationToken);
        var histories = await WalHistories.ReadAsync(stores.Archive, inventory, cancellationToken);
        var kept = directory.OtherNames().Select(name => $"{name}, which was set aside").ToList();
        foreach (var received in directory.List(identity))
        {
            if (await FindReasonAsync(received, stores.Archive, inventory, histories, identity, cancellationToken) is { } reason)
            {
                kept.Add($"{received.Name}, {reason}");
            }
        }

        if (kept.Count == 0)
        {
            directory.RemoveAll();
        }

        return new ReceiverRemains(path, kept);
    }

    /// <summary>Why a segment must stay; null where the archive has everything of it.</summary>
    private static async ValueTask<string?> FindReasonAsync(
        ReceivedSegment received, WalArchive archive, WalInventory inventory, WalHistories histories, RepositoryIdentity identity, CancellationToken cancellationToken)
    {
        if (received.Extent is not { } extent)
        {
            using var content = WalContent.Open(received.Path);
            return content.HasOnlyZeros() ? null : "which does not begin as a segment of the repository's cluster";
        }

        if (!extent.IsSound)
        {
            return $"which has something else behind {extent.End}";
        }

        var size = identity.WalSegmentSize;
        foreach (var stored in Stored())
        {
            if (WalFileName.TryParse(stored.ToString(), out var file)
                && await SegmentArchiver.HasAsReceivedAsync(archive, file, received, size, cancellationToken))
            {
                return null;
            }
        }

        return $"received up to {extent.End}: no segment of the archive holds that";

        // Where a timeline was left in the segment, the new one's begins with a copy of it.
        IEnumerable<WalSegmentName> Stored() => histories.ByTimeline.Values
            .Where(history => history.EndOf(received.Name.Timeline) is { } end && end >= extent.End && end <= received.Name.StartLsn(size) + size.Bytes)
            .Select(history => WalSegmentName.FromNumber(history.Timeline, received.Name.Number(size), size))
            .Prepend(received.Name)
            .Where(inventory.Contains);
    }
}
