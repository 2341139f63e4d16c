using Pgkeep.Postgres;
using Pgkeep.Postgres.Wal;
using Pgkeep.Postgres.Wal.Targets;

namespace Pgkeep.Repository;

/// <summary>The records that a recovery along a history would replay, from wherever it would get them.</summary>
internal sealed class RecoverableRecords
{
    /// <summary>How much is looked through for a commit: a server that writes more without one is loading, and the answer is not worth a minute.</summary>
    private const int MaxTailSegments = 16;

    private const long MaxTailBytes = 1024 * 1024 * 1024;

    private readonly RecoverableWal _wal;
    private readonly Func<ulong, WalSegmentName?> _find;

    /// <param name="find">The segment that a recovery reads at a number; null where there is none.</param>
    public RecoverableRecords(RecoverableWal wal, Func<ulong, WalSegmentName?> find) => (_wal, _find) = (wal, find);

    private WalSegmentSize Size => _wal.Identity.WalSegmentSize;

    /// <summary>How many segments of a size <see cref="LastCommitsAsync"/> reads at most.</summary>
    public static int MaxTail(WalSegmentSize size) => (int)Math.Min(MaxTailSegments, MaxTailBytes / size.Bytes);

    /// <summary>Hands out the records that begin in a segment or behind it, up to the end of another, or as far as there are any.</summary>
    /// <param name="first">Numbers of segments (<see cref="WalSegmentName.Number"/>).</param>
    /// <returns>Why the records ended before the end of the last segment; null where they did not, or where the visitor ended it.</returns>
    public async ValueTask<RecordsEnd?> ReadAsync(ulong first, ulong last, IWalRecordVisitor visitor, CancellationToken cancellationToken)
    {
        var scan = new WalScan(Size, _wal.Identity.SystemIdentifier, RecoveryStopVisitor.HeldLength);
        for (var number = first; number <= last; number++)
        {
            var goesOn = false;
            if (_find(number) is not { } name || !await _wal.TryReadAsync(name, content => goesOn = scan.Read(name, content, visitor, cancellationToken), cancellationToken))
            {
                var missing = _find(number) ?? WalSegmentName.FromNumber(TimelineId.First, number, Size);
                return new RecordsEnd(missing, IsUnwritten: false, $"\"{_wal.Describe(missing)}\" is missing");
            }

            if (!goesOn)
            {
                return scan.Stop is { } stop ? new RecordsEnd(name, stop.Kind == WalStopKind.Zeros, $"\"{_wal.Describe(name)}\" {stop.Problem}") : null;
            }
        }

        return null;
    }

    /// <summary>The first segment that the server finished at a moment or later, and that can hold its commits; one behind the last where all are older.</summary>
    public async ValueTask<ulong> FindAsync(DateTimeOffset moment, ulong first, ulong last, CancellationToken cancellationToken)
    {
        var (low, high) = (first, last + 1);
        while (low < high)
        {
            var middle = low + ((high - low) / 2);
            var isOlder = _find(middle) is { } segment && await _wal.IsOlderAsync(segment, moment, cancellationToken);
            (low, high) = isOlder ? (middle + 1, high) : (low, middle);
        }

        return low;
    }

    /// <summary>
    /// The last commits before a position, oldest first, from the end backwards: usually of the last segment alone. None where the last segments
    /// (<see cref="MaxTail"/>) have none, and fewer than were asked for where that took longer.
    /// </summary>
    /// <param name="from">No record before it counts.</param>
    /// <param name="atMost">Later commits do not count; null where all do.</param>
    public async ValueTask<IReadOnlyList<WalMoment>> LastCommitsAsync(Lsn from, Lsn until, DateTimeOffset? atMost, int count, CancellationToken cancellationToken)
    {
        var commits = new List<WalMoment>();
        var (number, tried) = (until.Value == 0 ? 0 : (until.Value - 1) / Size.Bytes, 0);
        for (var end = until; tried < MaxTail(Size) && commits.Count < count && until > from; tried++, number--)
        {
            var begin = new Lsn(number * Size.Bytes);
            var visitor = new LastCommitsVisitor(begin < from ? from : begin, end, atMost, count - commits.Count);
            if (_find(number) is { } name && _wal.CanRead(name))
            {
                // A record that begins at its end goes on in the next one.
                var next = end < until && _find(number + 1) is { } behind && _wal.CanRead(behind) ? number + 1 : number;
                await ReadAsync(number, next, visitor, cancellationToken);
                commits.InsertRange(0, visitor.Commits);
            }

            end = begin;
            if (begin <= from)
            {
                break;
            }
        }

        return commits;
    }
}
