using Pgkeep.Diagnostics;
using Pgkeep.Postgres;
using Pgkeep.Postgres.Wal;

namespace Pgkeep.Repository;

/// <summary>The records of an archive in the order in which a recovery along a history would replay them.</summary>
internal sealed class ArchivedRecords
{
    private readonly WalArchive _archive;
    private readonly WalInventory _inventory;
    private readonly WalCoverage _coverage;
    private readonly TimelineHistory _history;
    private readonly RepositoryIdentity _identity;

    public ArchivedRecords(WalArchive archive, WalInventory inventory, WalCoverage coverage, TimelineHistory history, RepositoryIdentity identity) =>
        (_archive, _inventory, _coverage, _history, _identity) = (archive, inventory, coverage, history, identity);

    /// <summary>Hands out the records that begin in a segment or behind it. A damaged file is thrown as RepositoryCorrupt.</summary>
    /// <param name="first">The number of the first segment (<see cref="WalSegmentName.Number"/>).</param>
    /// <param name="last">Of the last one that is read.</param>
    /// <param name="heldLength">See <see cref="WalRecordReader"/>.</param>
    /// <returns>Why the records ended before the end of the last segment; null where they did not, or where the visitor ended it.</returns>
    public Task<RecordsEnd?> ReadAsync(ulong first, ulong last, int heldLength, IWalRecordVisitor visitor, CancellationToken cancellationToken) =>
        ReadAsync(first, last, heldLength, visitor, _ => ValueTask.FromResult(true), cancellationToken);

    /// <summary>The same, as far as somebody wants to read on.</summary>
    /// <param name="goesOn">Asked before each segment but the first, with its number, when those before it have been read.</param>
    public async Task<RecordsEnd?> ReadAsync(ulong first, ulong last, int heldLength, IWalRecordVisitor visitor, Func<ulong, ValueTask<bool>> goesOn, CancellationToken cancellationToken)
    {
        var scan = new WalScan(_identity.WalSegmentSize, _identity.SystemIdentifier, heldLength);
        for (var number = first; number <= last && (number == first || await goesOn(number)); number++)
        {
            var name = _coverage.Needed(_history, number);
            var path = _archive.Describe(name.ToString());
            await using var file = _inventory.Find(name.ToString()) is { } stored ? await _archive.OpenStoredAsync(stored, cancellationToken) : null;
            if (file is null)
            {
                return new RecordsEnd(name, IsUnwritten: false, $"\"{path}\" is missing");
            }

            await using var content = StoredWalStream.Open(file, _inventory.Find(name.ToString())!.Stored.Name, path);
            if (content.Identity is { } identity && identity.Name != name.ToString())
            {
                throw new PgkeepException(ErrorKind.RepositoryCorrupt, $"\"{path}\" was stored as \"{identity.Name}\"", "pgkeep verify --wal reads the whole archive and names everything that is wrong with it");
            }

            if (!scan.Read(name, content, visitor, cancellationToken))
            {
                return scan.Stop is { } stop ? new RecordsEnd(name, stop.Kind == WalStopKind.Zeros, $"\"{path}\" {stop.Problem}") : null;
            }
        }

        return null;
    }

    /// <summary>
    /// The number of the first stored segment that the server finished at a moment or later, and that can hold its commits; null where the whole archive is older. It goes by the
    /// server's clock, as the segments' times do.
    /// </summary>
    public async Task<ulong?> FindAsync(DateTimeOffset moment, CancellationToken cancellationToken)
    {
        var numbers = Numbers().ToList();
        var (low, high) = (0, numbers.Count);
        while (low < high)
        {
            var middle = (low + high) / 2;
            var stored = _inventory.Find(_coverage.Needed(_history, numbers[middle]).ToString());
            var isBefore = stored is not null && await _archive.ReadWrittenAtAsync(stored, cancellationToken) < moment;
            (low, high) = isBefore ? (middle + 1, high) : (low, middle);
        }

        return low < numbers.Count ? numbers[low] : null;
    }

    /// <summary>Of the stored segments of the history, in WAL order.</summary>
    public IEnumerable<ulong> Numbers()
    {
        var timelines = _history.Switches.Select(past => past.Timeline).Append(_history.Timeline);
        return timelines.SelectMany(timeline => _coverage.RunsOf(timeline).SelectMany(run => Range(run).Where(number => _coverage.Needed(_history, number).Timeline == timeline))).Order();
    }

    private static IEnumerable<ulong> Range(WalRun run)
    {
        for (var number = run.First; number <= run.Last; number++)
        {
            yield return number;
        }
    }
}

/// <summary>Where records end before they should, or where nothing more was written yet.</summary>
/// <param name="IsUnwritten">The segment has zeros there: if it is the last, that is all.</param>
/// <param name="Problem">A sentence.</param>
internal sealed record RecordsEnd(WalSegmentName Segment, bool IsUnwritten, string Problem);
