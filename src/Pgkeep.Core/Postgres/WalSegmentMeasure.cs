namespace Pgkeep.Postgres;

/// <summary>Finds a segment's <see cref="WalSegmentExtent"/> while the segment goes by in pieces.</summary>
internal sealed class WalSegmentMeasure
{
    /// <summary>Of the pieces: whole pages of whatever size, and a whole number of them in any segment.</summary>
    public const int PieceLength = 256 * 1024;

    private readonly WalSegmentSize _size;
    private readonly WalSegmentCheck _check;
    private readonly Lsn _start;
    private Lsn _end;
    private int _blockSize;
    private long _length;

    public WalSegmentMeasure(WalSegmentName name, WalSegmentSize size, SystemIdentifier identifier)
    {
        _size = size;
        _check = new WalSegmentCheck(name, size, identifier);
        _start = _end = name.StartLsn(size);
    }

    /// <summary>Whether all pages so far follow from the first, or are zero behind the last that does. Once it is false, no further piece counts.</summary>
    public bool IsSound { get; private set; } = true;

    /// <summary>Null where the segment does not begin with the first page of the segment of that name.</summary>
    public WalSegmentExtent? Extent => _end > _start ? new WalSegmentExtent(_end, IsSound) : null;

    /// <param name="piece">The next one.</param>
    public void Add(ReadOnlySpan<byte> piece)
    {
        if (_length == 0)
        {
            IsSound = TryBegin(piece);
        }

        for (var offset = 0; IsSound && offset < piece.Length; offset += _blockSize)
        {
            var page = piece.Slice(offset, _blockSize);
            IsSound = _check.TryAdd(page, _blockSize, out _);
            if (IsSound && page.LastIndexOfAnyExcept((byte)0) is >= 0 and var last)
            {
                _end = _start + (ulong)(_length + offset + last + 1);
            }
        }

        _length += piece.Length;
    }

    private bool TryBegin(ReadOnlySpan<byte> piece)
    {
        if (!WalPageHeader.TryParse(piece, out var first, out _)
            || first.BlockSize is not ({ } blockSize and >= WalSegmentEnding.SmallestBlock and <= WalSegmentEnding.LargestBlock)
            || _size.Bytes % blockSize != 0)
        {
            return false;
        }

        _blockSize = (int)blockSize;
        return true;
    }
}
