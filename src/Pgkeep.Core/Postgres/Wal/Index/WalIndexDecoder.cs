using System.Diagnostics.CodeAnalysis;
using System.IO.Hashing;
using System.Text;
using Pgkeep.Postgres.Wal.Changes;

namespace Pgkeep.Postgres.Wal.Index;

/// <summary>Reads what <see cref="WalIndexEncoding"/> writes. Whatever the bytes are, it ends with an index or with the reason why they are none.</summary>
internal ref struct WalIndexDecoder
{
    private readonly ReadOnlyMemory<byte> _bytes;
    private IndexReader _reader;
    private Lsn _start;
    private uint _segmentLength;

    private WalIndexDecoder(ReadOnlyMemory<byte> body)
    {
        _bytes = body;
        _reader = new IndexReader(body.Span);
    }

    private delegate T Item<T>(ref WalIndexDecoder decoder);

    /// <param name="bytes">Kept: the sets of the index lie in them.</param>
    /// <param name="problem">A lower-case fact about the file.</param>
    public static bool TryDecode(ReadOnlyMemory<byte> bytes, [NotNullWhen(true)] out WalSegmentIndex? index, out string problem)
    {
        index = null;
        var header = new IndexReader(bytes.Span);
        if (!header.Bytes(WalIndexEncoding.Magic.Length).SequenceEqual(WalIndexEncoding.Magic))
        {
            problem = "is no index";
            return false;
        }

        if (header.Bytes(1) is not [WalIndexEncoding.Version])
        {
            problem = "has another version";
            return false;
        }

        var checksum = header.UInt128();
        if (header.IsBad || checksum != XxHash128.HashToUInt128(bytes.Span[WalIndexEncoding.HeaderLength..]))
        {
            problem = "does not have its checksum";
            return false;
        }

        var decoder = new WalIndexDecoder(bytes[WalIndexEncoding.HeaderLength..]);
        index = decoder.ReadIndex();
        problem = index is null ? "contradicts itself" : "";
        return index is not null;
    }

    private WalSegmentIndex? ReadIndex()
    {
        var isNamed = WalSegmentName.TryParse(Encoding.ASCII.GetString(_reader.Bytes(WalSegmentName.Length)), out var name);
        var cluster = new SystemIdentifier(_reader.UInt64());
        _segmentLength = _reader.UInt32();
        var block = _reader.UInt32();
        var content = _reader.UInt128();
        if (!isNamed
            || !WalSegmentSize.IsValid(_segmentLength)
            || !name.IsValidFor(new WalSegmentSize(_segmentLength))
            || !WalFormat.TryGet((ushort)_reader.UInt32(), out var format))
        {
            return null;
        }

        var size = new WalSegmentSize(_segmentLength);
        _start = name.StartLsn(size);
        var timeline = new TimelineId(_reader.Small());
        var file = _reader.Number() != 0 ? ReadFile() : null;
        var ends = ReadEnds();
        var (records, commits, aborts) = (Count(), Count(), Count());
        WalMoment? first = commits > 0 ? ReadMoment() : null;
        WalMoment? last = commits > 0 ? ReadMoment() : null;
        (DateTimeOffset, DateTimeOffset)? times = commits > 0 ? (ReadTime(), ReadTime()) : null;
        var index = new WalSegmentIndex
        {
            Name = name,
            Cluster = cluster,
            SegmentSize = size,
            BlockSize = (int)block,
            Content = content,
            File = file,
            Format = format,
            FirstTimeline = timeline,
            Ends = ends,
            Records = records,
            Commits = commits,
            Aborts = aborts,
            FirstCommit = first,
            LastCommit = last,
            CommitTimes = times,
            Committed = ReadSet(),
            Aborted = ReadSet(),
            Unfinished = ReadSet(),
            LateEndings = ReadList((ref WalIndexDecoder decoder) => new LateEnding(decoder.ReadMoment(), decoder.ReadSet())),
            RestorePoints = ReadList((ref WalIndexDecoder decoder) =>
                new IndexedRestorePoint(Encoding.UTF8.GetString(decoder._reader.Counted()), decoder.ReadPosition(), decoder.ReadPosition(), decoder.ReadTime())),
            Checkpoints = ReadList((ref WalIndexDecoder decoder) => new IndexedCheckpoint(
                (CheckpointKind)decoder.ReadBelow((uint)CheckpointKind.EndOfRecovery), decoder.ReadPosition(), new Lsn(decoder._reader.Number()), decoder.ReadTimeline(), decoder.ReadTimeline())),
            CreatedFiles = ReadList((ref WalIndexDecoder decoder) => new CreatedFile(decoder.ReadLocator(), decoder.ReadFork(), decoder._reader.Small(), decoder.ReadPosition())),
            UnlinkedFiles = ReadList((ref WalIndexDecoder decoder) => new UnlinkedFile(decoder.ReadLocator(), decoder.ReadBelow(1) != 0, decoder._reader.Small(), decoder.ReadPosition())),
            TruncatedFiles = ReadList((ref WalIndexDecoder decoder) =>
                new TruncatedFile(decoder.ReadLocator(), decoder._reader.Small(), (TruncatedForks)decoder._reader.Small(), decoder._reader.Small(), decoder.ReadPosition())),
            TruncatedTables = ReadList((ref WalIndexDecoder decoder) => new TruncatedTable(decoder.ReadOid(), decoder.ReadOid(), decoder._reader.Small(), decoder.ReadPosition())),
            Databases = ReadList((ref WalIndexDecoder decoder) => decoder.ReadDatabase()),
            RelationMaps = ReadList((ref WalIndexDecoder decoder) => new ChangedRelationMap(decoder.ReadOid(), decoder.ReadOid(), decoder._reader.Small(), decoder.ReadPosition())),
            CutRecords = ReadList((ref WalIndexDecoder decoder) => decoder.ReadPosition()),
            Relations = ReadList((ref WalIndexDecoder decoder) => decoder.ReadRelation()),
        };
        return _reader.IsBad || !_reader.IsAtEnd ? null : index;
    }

    private IndexedFile ReadFile()
    {
        var (size, ticks) = (Count(), _reader.Signed());
        _reader.Fail(when: ticks < DateTimeOffset.MinValue.UtcTicks || ticks > DateTimeOffset.MaxValue.UtcTicks);
        return new IndexedFile(size, _reader.IsBad ? default : new DateTimeOffset(ticks, TimeSpan.Zero));
    }

    private WalSegmentEnds ReadEnds()
    {
        var flags = (byte)_reader.Number();
        var end = ReadPosition();
        return new WalSegmentEnds
        {
            IsHeadOverwritten = (flags & WalIndexEncoding.IsHeadOverwritten) != 0,
            IsInsideHead = (flags & WalIndexEncoding.IsInsideHead) != 0,
            End = end,
            Head = (flags & WalIndexEncoding.HasHead) != 0 ? ReadHead() : null,
            First = (flags & WalIndexEncoding.HasFirst) != 0 ? (ReadPosition(), new Lsn(_reader.Number())) : null,
            Last = (flags & WalIndexEncoding.HasLast) != 0 ? ReadPosition() : null,
            Open = (flags & WalIndexEncoding.HasOpen) != 0 ? ReadOpen() : null,
        };
    }

    private WalContinuation? ReadHead()
    {
        var (total, length, checksum) = (_reader.Small(), Count(), _reader.UInt32());
        var held = _reader.Counted();
        _reader.Fail(when: length > total || held.Length > length);
        return _reader.IsBad ? null : new WalContinuation(total, held, length, checksum);
    }

    private WalRecordAssembly? ReadOpen()
    {
        var (start, total, length, checksum) = (ReadPosition(), _reader.Small(), Count(), _reader.UInt32());
        var held = _reader.Counted();
        _reader.Fail(when: total is < WalRecordHeader.Length or > WalRecordHeader.MaxTotalLength || length >= total || held.Length > length || held.Length < Math.Min(length, WalRecordHeader.Length));
        return _reader.IsBad ? null : new WalRecordAssembly(WalSegmentIndex.HeldLength, start, total, held, length, checksum);
    }

    private IndexedDatabaseChange ReadDatabase() => new(
        (DatabaseOperation)ReadBelow((uint)DatabaseOperation.Drop),
        ReadOid(),
        ReadList((ref WalIndexDecoder decoder) => decoder._reader.Small()),
        ReadOid(),
        ReadOid(),
        _reader.Small(),
        ReadPosition());

    private RelationChanges ReadRelation() => new()
    {
        Relation = ReadLocator(),
        Inserts = Count(),
        Updates = Count(),
        Deletes = Count(),
        Moves = Count(),
        InPlace = Count(),
        Others = Count(),
        Forks = ReadList((ref WalIndexDecoder decoder) => new ChangedFork(decoder.ReadFork(), decoder.ReadSet())),
    };

    private WalMoment ReadMoment()
    {
        var (kind, xid, at, end) = ((WalMomentKind)ReadBelow((uint)WalMomentKind.AbortPrepared), _reader.Small(), ReadPosition(), ReadPosition());
        return new WalMoment(kind, at, end, xid, ReadTime());
    }

    private DateTimeOffset ReadTime()
    {
        var microseconds = _reader.Signed();
        _reader.Fail(when: !WalMoment.TryGetTime(microseconds, out var time));
        return time;
    }

    private Lsn ReadPosition()
    {
        var offset = _reader.Number();
        _reader.Fail(when: offset > _segmentLength);
        return _start + (_reader.IsBad ? 0 : offset);
    }

    private NumberSet ReadSet()
    {
        var count = Count();
        var length = _reader.Counted().Length;
        return _reader.IsBad ? default : new NumberSet(count, _bytes.Slice(_reader.Position - length, length));
    }

    private long Count()
    {
        var count = _reader.Number();
        _reader.Fail(when: count > long.MaxValue);
        return _reader.IsBad ? 0 : (long)count;
    }

    private uint ReadBelow(uint last)
    {
        var value = _reader.Small();
        _reader.Fail(when: value > last);
        return value;
    }

    private RelationFork ReadFork() => (RelationFork)ReadBelow((uint)RelationFork.Init);

    private Oid ReadOid() => new(_reader.Small());

    private TimelineId ReadTimeline() => new(_reader.Small());

    private RelationFileLocator ReadLocator() => new(ReadOid(), ReadOid(), ReadOid());

    private List<T> ReadList<T>(Item<T> read)
    {
        var items = new List<T>();
        for (var count = _reader.Count(); count > 0 && !_reader.IsBad; count--)
        {
            items.Add(read(ref this));
        }

        return items;
    }
}
