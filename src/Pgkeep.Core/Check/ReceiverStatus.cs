using Pgkeep.Posix;
using Pgkeep.Postgres;
using Pgkeep.Repository;

namespace Pgkeep.Check;

/// <summary>How a receiver stands that writes into the archive, by its directory there and its slot on the server.</summary>
/// <param name="Name">Of the slot and of the directory.</param>
/// <param name="Slot">Null where the server has none of that name, or was not asked.</param>
/// <param name="IsUsed">Whether WAL of this server should come through it: not where the slot is gone and the server archives otherwise, or is a standby.</param>
/// <param name="Received">Behind the last WAL that came, to the end of its page at the latest; null where nothing tells.</param>
/// <param name="LagBytes">From there to the server's position; null where one of them is not known.</param>
/// <param name="LastReceived">When something last came, by the clock of the repository's host.</param>
/// <param name="Lag">For how long nothing came although the server has written since.</param>
internal sealed record ReceiverStatus(string Name, ReceiverSlot? Slot, bool IsUsed, Lsn? Received, long? LagBytes, DateTimeOffset LastReceived, TimeSpan Lag)
{
    /// <summary>As of an idle server, which writes a record or two now and then.</summary>
    private const long IdleBytes = 8192;

    public bool IsActive => Slot is { IsActive: true };

    /// <summary>Whether the server has given up keeping the WAL that was not received.</summary>
    public bool IsLost => Slot is { WalStatus: "lost" };

    /// <summary>A sentence; null where it receives, or is not used.</summary>
    public string? Problem =>
        !IsUsed ? null
        : IsLost ? $"the server has removed WAL that the slot \"{Name}\" had not received: nothing leads across it, and receive-wal --accept-gap goes on behind it"
        : Slot is null ? $"the server has no slot \"{Name}\", and nobody receives into its directory: start pgkeep receive-wal, or give it up with --drop-slot"
        : !IsActive ? $"nobody receives through the slot \"{Name}\", and the server keeps its WAL in pg_wal until somebody does: start pgkeep receive-wal, or give it up with --drop-slot"
        : null;

    /// <param name="inventory">Listed after the report was made.</param>
    /// <param name="report">Null where the server did not answer.</param>
    /// <param name="now">By the clock of this host.</param>
    public static IReadOnlyList<ReceiverStatus> ReadAll(RepositoryLayout layout, RepositoryIdentity identity, WalInventory inventory, ArchiverReport? report, DateTimeOffset now)
    {
        return [.. Directories(layout).Select(Read)];

        ReceiverStatus Read(string directory)
        {
            var name = Path.GetFileName(directory);
            var slot = report?.Slots.FirstOrDefault(known => known.Name == name);
            var segments = ReceivedWal.List(directory, identity);
            var received = segments.Where(segment => segment.Extent is not null).OrderBy(segment => segment.Name).LastOrDefault()?.Extent?.End
                ?? ArchivedEnd(report, inventory, identity.WalSegmentSize)
                ?? slot?.RestartLsn;
            var last = segments.Select(segment => segment.Path).Append(directory).Select(path => FileStatus.Of(path)?.Modified).Max() ?? now;
            long? behind = report?.Position is { } position && received is { } end ? position > end ? checked((long)(position - end)) : 0 : null;
            return new ReceiverStatus(
                name,
                slot,
                slot is not null || report is { IsInRecovery: false, ArchivesItself: false },
                received,
                behind,
                last,
                behind > IdleBytes && now > last ? now - last : TimeSpan.Zero);
        }
    }

    /// <summary>When each segment that is being received was last written to; of one that several receive, the later time.</summary>
    public static IReadOnlyDictionary<WalSegmentName, DateTimeOffset> ReadTimes(RepositoryLayout layout) => Directories(layout)
        .SelectMany(directory => ReceivedWal.Names(directory).Select(name => (Name: name, FileStatus.Of(Path.Combine(directory, name.ToString()))?.Modified)))
        .Where(segment => segment.Modified is not null)
        .GroupBy(segment => segment.Name)
        .ToDictionary(copies => copies.Key, copies => copies.Max(copy => copy.Modified!.Value));

    private static Lsn? ArchivedEnd(ArchiverReport? report, WalInventory inventory, WalSegmentSize size) =>
        report?.Timeline is { } timeline && inventory.SegmentsOf(timeline) is [.., var last] ? last.StartLsn(size) + size.Bytes : null;

    private static IReadOnlyList<string> Directories(RepositoryLayout layout)
    {
        if (FileStatus.OfTarget(layout.ReceivingDirectory) is null)
        {
            return [];
        }

        try
        {
            return [.. Directory.EnumerateDirectories(layout.ReceivingDirectory).Order(StringComparer.Ordinal)];
        }
        catch (Exception thrown) when (PosixError.IsInputOutput(thrown))
        {
            throw PosixError.From(thrown, "list", layout.ReceivingDirectory);
        }
    }
}
