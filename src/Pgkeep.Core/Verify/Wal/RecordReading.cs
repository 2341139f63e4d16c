using Pgkeep.Postgres;
using Pgkeep.Postgres.Wal;
using Pgkeep.Repository;

namespace Pgkeep.Verify.Wal;

/// <summary>Checks the records of one segment while its pages go by, and keeps what its neighbours are compared with. Not for two threads.</summary>
internal sealed class RecordReading : IWalRecordVisitor
{
    /// <summary>Of a record that goes on on another page: enough for its header and the time of a commit.</summary>
    private const int HeldLength = 64;

    private readonly WalRecordBody _body = new();
    private readonly WalRecordReader _reader;
    private WalFormat? _format;
    private WalMoment? _lastCommit;

    public RecordReading(Lsn start, WalSegmentSize size, int blockSize) => _reader = new WalRecordReader(start, size, blockSize, HeldLength);

    public static WalDamage DamageOf(WalStopKind kind) => kind switch
    {
        WalStopKind.Page => WalDamage.Page,
        WalStopKind.Continuation => WalDamage.Continuity,
        WalStopKind.Previous => WalDamage.Chain,
        _ => WalDamage.Record,
    };

    public bool Visit(in WalRecord record)
    {
        _format ??= record.Format;
        if (WalMoment.TryGetKind(record.Header, out var kind)
            && kind is WalMomentKind.Commit or WalMomentKind.CommitPrepared
            && WalMoment.TryRead(record, _body, out var moment))
        {
            _lastCommit = moment;
        }

        return true;
    }

    /// <param name="pages">The next ones, whose headers are sound by themselves.</param>
    public void Add(ReadOnlySpan<byte> pages) => _reader.Read(pages, this);

    /// <param name="end">Behind the last page that is not all zero.</param>
    /// <param name="isUnfinished">Whether zeros follow there, and no switch ends the segment.</param>
    /// <param name="records">Null where something is wrong.</param>
    /// <returns>What is wrong; null where nothing is, as with what ends the records on the last page of a segment that was being written.</returns>
    public WalStop? Finish(Lsn end, bool isUnfinished, out SegmentRecords? records)
    {
        var stop = _reader.Stop;
        var isEnd = stop is not null && _reader.NextPage >= end && (isUnfinished || stop.Kind == WalStopKind.Zeros);
        records = stop is null || isEnd
            ? new SegmentRecords
            {
                Format = _format,
                Head = _reader.Head,
                IsHeadOverwritten = _reader.IsHeadOverwritten,
                IsInsideHead = _reader.IsInsideHead,
                First = _reader.First,
                Last = _reader.Last,
                Open = _reader.Open,
                End = _reader.End,
                Count = _reader.Records,
                LastCommit = _lastCommit,
                EndsInZeros = isEnd,
                IsUnfinished = isUnfinished,
            }
            : null;
        return isEnd ? null
            : stop is { Kind: WalStopKind.Zeros } ? stop with { Problem = $"{stop.Problem}, and WAL again behind it" }
            : stop;
    }

    /// <summary>
    /// What is wrong in a segment whose end is not known. Where a history says how far its timeline was followed, no record before that may be missing; where none does,
    /// records that end before pages which are in their place are damaged, not over.
    /// </summary>
    /// <param name="written">The last page that is in its place.</param>
    public WalStop? FinishPartial(Lsn? leftAt, Lsn written) =>
        _reader.Stop is { } stop && (leftAt is { } end ? stop.Position < end : _reader.NextPage <= written) ? stop : null;
}
