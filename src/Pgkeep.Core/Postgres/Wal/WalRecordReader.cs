using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;

namespace Pgkeep.Postgres.Wal;

/// <summary>
/// Finds and checks the records of one stretch of WAL while its pages go by: record headers and checksums, the chain of previous records, and what page headers
/// say of the records that go on across them. Beginning anywhere, it starts with the first record that begins there. Memory does not depend on the
/// size of a segment or of a record. Not for two threads.
/// </summary>
// PostgreSQL src/backend/access/transam/xlogreader.c, XLogDecodeNextRecord, ValidXLogRecordHeader, ValidXLogRecord, XLogReaderValidatePageHeader
internal sealed class WalRecordReader
{
    private readonly WalSegmentSize _size;
    private readonly int _blockSize;
    private readonly int _heldLength;
    private readonly WalRecordAssembly _assembly;
    private WalFormat? _format;
    private TimelineId _timeline;
    private Lsn _last;
    private State _state;

    /// <param name="start">Of the first page.</param>
    /// <param name="blockSize">XLOG_BLCKSZ.</param>
    /// <param name="heldLength">How much of a record the visitor is shown that does not lie on one page: <see cref="WalRecordBody.MaxHeaderLength"/> is enough for what it changes.</param>
    public WalRecordReader(Lsn start, WalSegmentSize size, int blockSize, int heldLength)
    {
        (_size, _blockSize, _heldLength) = (size, blockSize, heldLength);
        _assembly = new WalRecordAssembly(heldLength);
        (NextPage, End) = (start, start);
    }

    private enum State
    {
        /// <summary>Nothing was read yet.</summary>
        Beginning,

        /// <summary>The next page begins with a record.</summary>
        Between,

        /// <summary>The next page begins with the rest of the record in the assembly.</summary>
        Inside,

        /// <summary>The next page begins with the rest of a record whose beginning is not known.</summary>
        InsideUnknown,

        /// <summary>Up to the end of the segment there is nothing more.</summary>
        Switched,

        Ended,
    }

    /// <summary>
    /// For who is in a hurry: then no record's checksum is looked at that lies on one page. Of one that goes on on another and is not wanted whole it is not either, and no more is held than
    /// <see cref="WalRecordBody.MaxHeaderLength"/>; where it goes on in another segment, it is wanted in any case. Null: all are checked.
    /// </summary>
    public Func<WalRecordHeader, bool>? WantsWhole { get; init; }

    /// <summary>The page that comes next.</summary>
    public Lsn NextPage { get; private set; }

    public long Records { get; private set; }

    /// <summary>The first that begins here and its xl_prev; null before one is complete.</summary>
    public (Lsn Start, Lsn Previous)? First { get; private set; }

    /// <summary>The last that is complete; null where none is.</summary>
    public Lsn? Last => Records > 0 ? _last : null;

    /// <summary>Behind the last sound record; the beginning where there is none.</summary>
    public Lsn End { get; private set; }

    /// <summary>The rest of a record that began before the first page; null where that page begins with a record.</summary>
    public WalContinuation? Head { get; private set; }

    /// <summary>Whether the first page says that the rest of a record that began before will never come: the server crashed while it was writing it.</summary>
    public bool IsHeadOverwritten { get; private set; }

    /// <summary>The record that was begun and has not ended; null where there is none. The reader's own: it changes with the next page.</summary>
    public WalRecordAssembly? Open => _state == State.Inside ? _assembly : null;

    /// <summary>Whether what was read so far is nothing but the rest of a record.</summary>
    public bool IsInsideHead => _state == State.InsideUnknown;

    /// <summary>Null as long as reading can go on, or where the visitor ended it.</summary>
    public WalStop? Stop { get; private set; }

    /// <param name="pages">Whole ones, the next.</param>
    /// <returns>False where there is nothing more to read.</returns>
    public bool Read(ReadOnlySpan<byte> pages, IWalRecordVisitor visitor)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(pages.Length % _blockSize, 0, nameof(pages));
        for (; !pages.IsEmpty && _state != State.Ended; pages = pages[_blockSize..])
        {
            ReadPage(pages[.._blockSize], visitor);
            NextPage += (ulong)_blockSize;
        }

        return _state != State.Ended;
    }

    private void ReadPage(ReadOnlySpan<byte> page, IWalRecordVisitor visitor)
    {
        var isFirstOfSegment = _size.OffsetOf(NextPage) == 0;
        if (_state == State.Switched && !isFirstOfSegment)
        {
            return;
        }

        if (!TryReadHeader(page, isFirstOfSegment, out var header))
        {
            return;
        }

        var begin = header.IsLong ? WalPageHeader.LongLength : WalPageHeader.ShortLength;
        if (TryContinue(page, header, begin, visitor, out var offset))
        {
            ReadRecords(page, offset, visitor);
        }
    }

    private bool TryReadHeader(ReadOnlySpan<byte> page, bool isFirstOfSegment, [NotNullWhen(true)] out WalPageHeader? header)
    {
        if (!WalPageHeader.TryParse(page, out header, out var problem))
        {
            return Fail(WalStopKind.Page, NextPage, $"has no WAL page at {NextPage}: {problem}");
        }

        if (header.PageAddress != NextPage)
        {
            return header.Magic == 0 && !page.ContainsAnyExcept((byte)0)
                ? Fail(WalStopKind.Zeros, NextPage, $"has nothing from {NextPage} on")
                : Fail(WalStopKind.Page, NextPage, $"has the page {header.PageAddress} at {NextPage}");
        }

        if (_format is null ? !WalFormat.TryGet(header.Magic, out _format) : header.Magic != _format.Magic)
        {
            return Fail(WalStopKind.Page, NextPage, $"has a page with the magic {header.Magic:X4} at {NextPage}");
        }

        if (header.IsLong != isFirstOfSegment
            || (header.IsLong && (header.SegmentSize != _size || header.BlockSize != (uint)_blockSize))
            || header.Timeline < _timeline)
        {
            return Fail(WalStopKind.Page, NextPage, $"has a page at {NextPage} whose header does not fit there");
        }

        _timeline = header.Timeline;
        return true;
    }

    /// <summary>What a page begins with of a record from before it.</summary>
    /// <param name="offset">Behind it.</param>
    /// <returns>False where the whole page belongs to it, or is not what it should be.</returns>
    private bool TryContinue(ReadOnlySpan<byte> page, WalPageHeader header, int begin, IWalRecordVisitor visitor, out int offset)
    {
        offset = begin;
        var continues = header.Flags.HasFlag(WalPageFlags.FirstIsContinuation);
        if (header.Flags.HasFlag(WalPageFlags.FirstIsOverwriteContinuation))
        {
            IsHeadOverwritten |= _state is State.Beginning or State.InsideUnknown;
            _state = State.Between;
        }

        if (_state == State.Beginning)
        {
            Head = continues ? new WalContinuation(header.RemainingLength, _heldLength) : null;
            _state = continues ? State.InsideUnknown : State.Between;
        }

        if (_state is not (State.Inside or State.InsideUnknown))
        {
            _state = State.Between;
            return !continues || Fail(WalStopKind.Continuation, NextPage, $"has the rest of a record at {NextPage}, and none was begun before");
        }

        var remaining = _state == State.Inside ? _assembly.Remaining : Head!.Remaining;
        if (!continues || header.RemainingLength != remaining || remaining == 0)
        {
            return Fail(
                WalStopKind.Continuation,
                NextPage,
                (_state == State.Inside ? $"has a record at {_assembly.Start} of which {remaining} bytes are left at {NextPage}" : $"has {remaining} bytes of a record left at {NextPage}")
                + (continues ? $", and the page says {header.RemainingLength}" : ", and the page begins with another"));
        }

        var part = page[begin..][..(int)Math.Min(remaining, page.Length - begin)];
        offset = Align(begin + part.Length);
        return _state == State.Inside ? AppendPart(part, NextPage + (ulong)offset, visitor) : AppendToHead(part, offset);
    }

    private bool AppendToHead(ReadOnlySpan<byte> part, int offset)
    {
        Head!.Append(part);
        if (Head.Remaining > 0)
        {
            return false;
        }

        // Of what kind it was, whoever has its beginning knows: after a switch nothing more follows here.
        (_state, End) = (State.Between, NextPage + (ulong)offset);
        return true;
    }

    private bool AppendPart(ReadOnlySpan<byte> part, Lsn end, IWalRecordVisitor visitor)
    {
        var hadHeader = _assembly.HasHeader;
        _assembly.Append(part);
        if (!hadHeader && _assembly.HasHeader && !TryCheckHeader(_assembly.Header, _assembly.Start))
        {
            return false;
        }

        if (_assembly.Remaining > 0)
        {
            return false;
        }

        return _assembly.IsSkimmed || _assembly.IsSound
            ? Accept(_assembly.Header, _assembly.Held, _assembly.Start, end, visitor)
            : Fail(WalStopKind.Record, _assembly.Start, $"has a record at {_assembly.Start} whose checksum does not fit");
    }

    private void ReadRecords(ReadOnlySpan<byte> page, int offset, IWalRecordVisitor visitor)
    {
        while (offset < page.Length)
        {
            var rest = page[offset..];
            var start = NextPage + (ulong)offset;
            var length = BinaryPrimitives.ReadUInt32LittleEndian(rest);
            if (length is < WalRecordHeader.Length or > WalRecordHeader.MaxTotalLength)
            {
                FailLength(rest, start, length);
                return;
            }

            if (rest.Length < WalRecordHeader.Length)
            {
                Begin(rest, start, length);
                return;
            }

            var header = WalRecordHeader.Read(rest);
            if ((Records == 0 || header.Previous != _last || header.Manager >= WalManagers.BuiltInCount) && !TryCheckHeader(header, start))
            {
                return;
            }

            if (length > rest.Length)
            {
                Begin(rest, start, length);
                return;
            }

            var record = rest[..(int)length];
            if (WantsWhole is null && Crc32C.Final(Crc32C.Append(Crc32C.Append(Crc32C.Initial, record[WalRecordHeader.Length..]), record[..WalRecordHeader.CheckedLength])) != header.Checksum)
            {
                Fail(WalStopKind.Record, start, $"has a record at {start} whose checksum does not fit");
                return;
            }

            offset = Align(offset + (int)length);
            if (!Accept(header, record, start, NextPage + (ulong)offset, visitor))
            {
                return;
            }
        }
    }

    private void Begin(ReadOnlySpan<byte> part, Lsn start, uint length)
    {
        var isSkimmed = WantsWhole is not null && part.Length >= WalRecordHeader.Length && !WantsWhole(WalRecordHeader.Read(part)) && !MayReachNextSegment(start, length);
        _assembly.Begin(start, length, part, isSkimmed);
        _state = State.Inside;
    }

    private bool MayReachNextSegment(Lsn start, uint length) =>
        _size.OffsetOf(start) + length + (((length / (uint)_blockSize) + 2) * (ulong)WalPageHeader.LongLength) >= _size.Bytes;

    private bool TryCheckHeader(in WalRecordHeader header, Lsn start)
    {
        if (!_format!.HasManager(header.Manager))
        {
            return Fail(WalStopKind.Record, start, $"has a record at {start} of an unknown resource manager, {header.Manager}");
        }

        return Records > 0
            ? header.Previous == _last || Fail(WalStopKind.Previous, start, $"has a record at {start} that says that the one before it begins at {header.Previous}, and it begins at {_last}")
            : header.Previous < start || Fail(WalStopKind.Previous, start, $"has a record at {start} that says that the one before it begins at {header.Previous}");
    }

    /// <returns>Whether something may follow on the page.</returns>
    private bool Accept(in WalRecordHeader header, ReadOnlySpan<byte> bytes, Lsn start, Lsn end, IWalRecordVisitor visitor)
    {
        if (Records++ == 0)
        {
            First = (start, header.Previous);
        }

        (_last, End) = (start, end);
        var record = new WalRecord(_format!, header, start, end, bytes);
        _state = record.IsOf(WalManagers.Log, WalManagers.LogSwitch) ? State.Switched : State.Between;
        _state = visitor.Visit(record) ? _state : State.Ended;
        return _state == State.Between;
    }

    private void FailLength(ReadOnlySpan<byte> rest, Lsn start, uint length)
    {
        if (length == 0 && !rest.ContainsAnyExcept((byte)0))
        {
            Fail(WalStopKind.Zeros, start, $"has nothing from {start} on");
        }
        else
        {
            Fail(WalStopKind.Record, start, $"has a record at {start} that would be {length} bytes long");
        }
    }

    private bool Fail(WalStopKind kind, Lsn position, string problem)
    {
        Stop = new WalStop(kind, position, problem);
        _state = State.Ended;
        return false;
    }

    private static int Align(int offset) => (offset + WalRecordHeader.Alignment - 1) & ~(WalRecordHeader.Alignment - 1);
}
