using Pgkeep.Postgres;
using Pgkeep.Repository;

namespace Pgkeep.Verify.Wal;

/// <summary>Reads the plain content of one segment and checks every page of it. Not for two threads.</summary>
internal sealed class SegmentReading
{
    /// <summary>XLOG_BLCKSZ is a power of 2 from 1 to 64 kB (src/include/pg_config_manual.h and configure's --with-wal-blocksize).</summary>
    private const uint SmallestBlock = 1024;

    private const uint LargestBlock = 64 * 1024;

    /// <summary>A multiple of every block size, and smaller than every segment.</summary>
    public const int PieceLength = 256 * 1024;

    private readonly WalSegmentName _name;
    private readonly WalSegmentSize _size;
    private readonly SystemIdentifier _identifier;
    private readonly TimelineHistory? _history;
    private WalPageHeader? _first;
    private WalPageHeader? _last;
    private int _blockSize;

    /// <summary>The last page that is not all zero, and before it the one before.</summary>
    private byte[] _lastPages = [];

    /// <summary>Offset in the segment of the last page that is not all zero.</summary>
    private long _lastOffset;

    /// <param name="history">Of the segment's timeline; null where there is none to compare with.</param>
    public SegmentReading(WalSegmentName name, RepositoryIdentity identity, TimelineHistory? history)
    {
        _name = name;
        (_size, _identifier) = (identity.WalSegmentSize, identity.SystemIdentifier);
        _history = history;
    }

    /// <summary>Null until a whole sound segment was read.</summary>
    public SegmentEnds? Ends { get; private set; }

    /// <summary>Behind the last byte of a sound segment that its server had not finished; null for one that it had.</summary>
    public Lsn? UnfinishedAt { get; private set; }

    /// <summary>Null until then, and for a partial one.</summary>
    public SegmentRecords? Records { get; private set; }

    /// <summary>Where the problem is.</summary>
    public Lsn Position { get; private set; }

    /// <summary>Which kind it is.</summary>
    public WalDamage Damage { get; private set; }

    /// <summary>
    /// The last segment of a timeline that was left: its records are checked as far as they go. Behind its end it may hold what the file was before.
    /// </summary>
    /// <param name="leftAt">Where the timeline was left within the segment; null where no history says so.</param>
    /// <returns>A lower-case fact; empty for a sound one.</returns>
    public string CheckPartial(Stream content, Span<byte> piece, Lsn? leftAt)
    {
        Position = _name.StartLsn(_size);
        var length = content.ReadAtLeast(piece, piece.Length, throwOnEndOfStream: false);
        var total = (long)length;
        var problem = CheckFirstPage(piece[..length]);
        if (problem.Length > 0)
        {
            return problem;
        }

        var records = new RecordReading(Position, _size, _blockSize);
        var written = Position;
        for (; length > 0; total += length = content.ReadAtLeast(piece, piece.Length, throwOnEndOfStream: false))
        {
            if (total <= _size.Bytes && length % _blockSize == 0)
            {
                records.Add(piece[..length]);
                written = LastOwnPage(piece[..length], _name.StartLsn(_size) + (ulong)(total - length)) ?? written;
            }
        }

        if (total != _size.Bytes)
        {
            Damage = WalDamage.Damaged;
            return LengthProblem(total);
        }

        if (records.FinishPartial(leftAt, written) is { } stop)
        {
            (Position, Damage) = (stop.Position, RecordReading.DamageOf(stop.Kind));
            return stop.Problem;
        }

        return "";
    }

    /// <returns>A lower-case fact; empty for a sound one.</returns>
    public string Check(Stream content, Span<byte> piece)
    {
        Position = _name.StartLsn(_size);
        var length = content.ReadAtLeast(piece, piece.Length, throwOnEndOfStream: false);
        var total = (long)length;
        var problem = CheckFirstPage(piece[..length]);
        if (problem.Length > 0)
        {
            return problem;
        }

        var check = new WalSegmentCheck(_name, _size, _identifier) { Further = CheckPage };
        var records = new RecordReading(Position, _size, _blockSize);
        for (; length > 0; total += length = content.ReadAtLeast(piece, piece.Length, throwOnEndOfStream: false))
        {
            if (total <= _size.Bytes && !check.TryAdd(piece[..length], _blockSize, out problem))
            {
                Position = check.Examined;
                Damage = Damage == default ? WalDamage.Page : Damage;
                return problem;
            }

            Remember(piece[..length], total - length);
            if (total <= _size.Bytes)
            {
                records.Add(piece[..length]);
            }
        }

        if (total != _size.Bytes)
        {
            Damage = WalDamage.Damaged;
            return LengthProblem(total);
        }

        var endsEarly = check.End < _name.StartLsn(_size) + _size.Bytes;
        UnfinishedAt = endsEarly ? FindUnfinished() : null;
        if (records.Finish(check.End, UnfinishedAt is not null, out var found) is { } stop)
        {
            (Position, Damage, UnfinishedAt) = (stop.Position, RecordReading.DamageOf(stop.Kind), null);
            return stop.Problem;
        }

        Records = found;
        Ends = new SegmentEnds(_first!, _last!, _blockSize, endsEarly);
        return "";
    }

    private string LengthProblem(long total) => $"has {total} bytes, and a segment of this cluster {_size.Bytes}";

    /// <summary>The last page that has the address of its place, which what the file was before has not; null where none has.</summary>
    private Lsn? LastOwnPage(ReadOnlySpan<byte> piece, Lsn start)
    {
        for (var offset = piece.Length - _blockSize; offset >= 0; offset -= _blockSize)
        {
            if (WalPageHeader.TryParse(piece[offset..], out var header, out _) && header.PageAddress == start + (ulong)offset)
            {
                return header.PageAddress;
            }
        }

        return null;
    }

    /// <param name="piece">Whole pages, but in a file that is too long or too short.</param>
    /// <param name="offset">Of the piece in the segment.</param>
    private void Remember(ReadOnlySpan<byte> piece, long offset)
    {
        if (piece.Length % _blockSize != 0 || piece.LastIndexOfAnyExcept((byte)0) is not (>= 0 and var last))
        {
            return;
        }

        _lastPages = _lastPages.Length == 0 ? new byte[2 * _blockSize] : _lastPages;
        var page = last / _blockSize * _blockSize;
        (page > 0 ? piece.Slice(page - _blockSize, _blockSize) : _lastPages.AsSpan(_blockSize)).CopyTo(_lastPages);
        piece.Slice(page, _blockSize).CopyTo(_lastPages.AsSpan(_blockSize));
        _lastOffset = offset + page;
    }

    private Lsn? FindUnfinished()
    {
        var page = _lastPages.AsSpan(_blockSize);
        return WalSegmentEnding.EndsWithSwitch(_lastOffset > 0 ? _lastPages.AsSpan(0, _blockSize) : [], page)
            ? null
            : _name.StartLsn(_size) + (ulong)(_lastOffset + page.LastIndexOfAnyExcept((byte)0) + 1);
    }

    /// <summary>Says what the file is instead, where it is another one.</summary>
    private string CheckFirstPage(ReadOnlySpan<byte> start)
    {
        Damage = WalDamage.Page;
        if (!WalPageHeader.TryParse(start, out var header, out var problem))
        {
            return $"does not begin with a WAL page: {problem}";
        }

        if (header is not { IsLong: true, SystemIdentifier: { } identifier, SegmentSize: { } size, BlockSize: { } blockSize })
        {
            return "does not begin with a segment's first page";
        }

        if (identifier != _identifier)
        {
            Damage = WalDamage.OtherCluster;
            return $"is of the cluster {identifier}, and the archive of {_identifier}";
        }

        if (header.PageAddress != _name.StartLsn(_size) || size != _size || header.Timeline > _name.Timeline)
        {
            Damage = WalDamage.WrongFile;
            return size != _size ? $"is of a cluster with segments of {size}, and the archive has segments of {_size}"
                : header.Timeline > _name.Timeline ? $"is of timeline {header.Timeline}, and its name says {_name.Timeline}"
                : $"begins at {header.PageAddress}, and its name says {_name.StartLsn(_size)}";
        }

        if (blockSize is < SmallestBlock or > LargestBlock || !uint.IsPow2(blockSize))
        {
            return $"says that its pages have {blockSize} bytes";
        }

        _blockSize = (int)blockSize;
        Damage = default;
        return "";
    }

    private string CheckPage(WalPageHeader header)
    {
        // The page in which a timeline begins carries the number of the old one; that of a page which begins there is the new one's.
        if (_history is not null
            && header.Timeline != _history.TimelineAt(header.PageAddress)
            && header.Timeline != _history.TimelineAt(header.PageAddress + (ulong)(_blockSize - 1)))
        {
            Damage = WalDamage.Timeline;
            return $"has a page of timeline {header.Timeline} at {header.PageAddress}, where the history of timeline {_history.Timeline} has {_history.TimelineAt(header.PageAddress)}";
        }

        var problem = _last is null ? "" : WalPageChain.Compare(_last, header, _blockSize);
        Damage = problem.Length > 0 ? WalDamage.Continuity : Damage;
        _first ??= header;
        _last = header;
        return problem;
    }
}
