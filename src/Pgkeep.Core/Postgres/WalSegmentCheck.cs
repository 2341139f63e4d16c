namespace Pgkeep.Postgres;

/// <summary>
/// Checks a segment while it goes by in pieces: the header of every page, so that what the server has recycled, or never wrote, is not taken for
/// WAL. Behind the end of the WAL in a segment, after a switch for example, everything must be zero (src/backend/access/transam/xlog.c,
/// CopyXLogRecordToWAL, zeroes even the headers there).
/// </summary>
internal sealed class WalSegmentCheck
{
    private readonly WalSegmentName _name;
    private readonly WalSegmentSize _size;
    private readonly SystemIdentifier _identifier;
    private WalPageHeader? _first;
    private TimelineId _timeline;
    private long _length;
    private bool _hasEnded;

    public WalSegmentCheck(WalSegmentName name, WalSegmentSize size, SystemIdentifier identifier)
    {
        _name = name;
        _size = size;
        _identifier = identifier;
    }

    /// <summary>Called with the header of every page that is sound by itself; returns a lower-case fact where something else is wrong with it, or nothing.</summary>
    public Func<WalPageHeader, string>? Further { get; init; }

    /// <summary>The page that was looked at last: the one that the problem is about.</summary>
    public Lsn Examined { get; private set; }

    /// <summary>Behind the last page that is not all zero.</summary>
    public Lsn End { get; private set; }

    /// <param name="piece">The next one; whole pages. The caller sees to it that all of them are as long as a segment.</param>
    /// <param name="blockSize">XLOG_BLCKSZ of the cluster.</param>
    /// <param name="problem">A lower-case fact, where false is returned.</param>
    public bool TryAdd(ReadOnlySpan<byte> piece, int blockSize, out string problem)
    {
        problem = piece.Length % blockSize == 0 ? "" : $"ends within a page, {_length + piece.Length} bytes in";
        for (var offset = 0; offset < piece.Length && problem.Length == 0; offset += blockSize)
        {
            problem = Examine(piece.Slice(offset, blockSize));
            _length += blockSize;
        }

        return problem.Length == 0;
    }

    private string Examine(ReadOnlySpan<byte> page)
    {
        var address = _name.StartLsn(_size) + (ulong)_length;
        Examined = address;
        if (_first is not null && !page.ContainsAnyExcept((byte)0))
        {
            _hasEnded = true;
            return "";
        }

        End = address + (ulong)page.Length;
        if (_hasEnded)
        {
            return $"has something at {address}, behind the end of its WAL";
        }

        if (!WalPageHeader.TryParse(page, out var header, out var problem))
        {
            return $"has no WAL page at {address}: {problem}";
        }

        if (header.PageAddress != address)
        {
            return $"has the page {header.PageAddress} at {address}: the server wrote over it, or never wrote it";
        }

        problem = _first is null ? ExamineFirst(header) : ExamineNext(header, address);
        return problem.Length > 0 || Further is null ? problem : Further(header);
    }

    private string ExamineFirst(WalPageHeader header)
    {
        (_first, _timeline) = (header, header.Timeline);
        return header switch
        {
            { IsLong: false } => "does not begin with a segment's first page",
            _ when header.SystemIdentifier != _identifier => $"is of the cluster {header.SystemIdentifier}, and not of {_identifier}",
            _ when header.SegmentSize != _size => $"is of a cluster with segments of {header.SegmentSize}",
            // The segment of a timeline switch is named for the new timeline and begins with pages of the old one.
            _ when header.Timeline > _name.Timeline => $"is of timeline {header.Timeline}, and its name says {_name.Timeline}",
            _ when !PostgresVersion.TryGetByWalMagic(header.Magic, out _) => $"has the page magic {header.Magic:X4}, which no supported PostgreSQL writes",
            _ => "",
        };
    }

    private string ExamineNext(WalPageHeader header, Lsn address)
    {
        var fits = header.Magic == _first!.Magic && header.Timeline >= _timeline && header.Timeline <= _name.Timeline;
        _timeline = header.Timeline;
        return fits ? "" : $"has a page of another server or timeline at {address}";
    }
}
