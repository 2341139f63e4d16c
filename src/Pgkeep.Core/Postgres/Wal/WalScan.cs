namespace Pgkeep.Postgres.Wal;

/// <summary>
/// Reads segment after segment, each from a stream of its plain content, as one stretch of WAL. The first page of the first one tells the block size.
/// Not for two threads.
/// </summary>
internal sealed class WalScan
{
    /// <summary>A multiple of every block size, and smaller than every segment.</summary>
    private const int PieceLength = 256 * 1024;

    private readonly byte[] _piece = GC.AllocateUninitializedArray<byte>(PieceLength);
    private readonly WalSegmentSize _size;
    private readonly SystemIdentifier? _cluster;
    private readonly int _heldLength;

    /// <param name="cluster">That the segments must be of; null where any will do.</param>
    /// <param name="heldLength">See <see cref="WalRecordReader"/>.</param>
    public WalScan(WalSegmentSize size, SystemIdentifier? cluster, int heldLength) => (_size, _cluster, _heldLength) = (size, cluster, heldLength);

    /// <summary>Null before the first segment.</summary>
    public WalRecordReader? Reader { get; private set; }

    /// <summary>What is wrong with a segment as a whole, and what the reader found; null as long as reading can go on, or where the visitor ended it.</summary>
    public WalStop? Stop { get; private set; }

    /// <param name="name">The first, or the one that follows the one before.</param>
    /// <param name="content">From its beginning. What it throws passes through; it is not read behind the segment's end, or where reading ends early.</param>
    /// <returns>False where there is nothing more to read.</returns>
    public bool Read(WalSegmentName name, Stream content, IWalRecordVisitor visitor, CancellationToken cancellationToken)
    {
        long total = 0;
        while (total < _size.Bytes)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var piece = _piece.AsSpan(0, content.ReadAtLeast(_piece, _piece.Length, throwOnEndOfStream: false));
            if (total == 0 && !TryBegin(name, piece))
            {
                return false;
            }

            if (piece.Length < _piece.Length)
            {
                Stop = new WalStop(WalStopKind.Page, Reader!.NextPage, $"has {total + piece.Length} bytes, and a segment of this cluster {_size.Bytes}");
                return false;
            }

            total += piece.Length;
            if (!Reader!.Read(piece, visitor))
            {
                Stop = Reader.Stop;
                return false;
            }
        }

        return true;
    }

    private bool TryBegin(WalSegmentName name, ReadOnlySpan<byte> piece)
    {
        var start = name.StartLsn(_size);
        if (!WalPageHeader.TryParse(piece, out var header, out var problem))
        {
            return Fail(start, $"does not begin with a WAL page: {problem}");
        }

        if (header is not { IsLong: true, SegmentSize: { } size, BlockSize: { } block })
        {
            return Fail(start, "does not begin with a segment's first page");
        }

        if (size != _size || block is < WalSegmentEnding.SmallestBlock or > WalSegmentEnding.LargestBlock || !uint.IsPow2(block))
        {
            return Fail(start, $"is of a cluster with segments of {size} and pages of {block} bytes");
        }

        if (_cluster is { } cluster && header.SystemIdentifier != cluster)
        {
            return Fail(start, $"is of the cluster {header.SystemIdentifier}, and not of {cluster}");
        }

        Reader ??= new WalRecordReader(start, _size, (int)block, _heldLength);
        return Reader.NextPage == start || Fail(start, $"does not follow what ends at {Reader.NextPage}");
    }

    private bool Fail(Lsn position, string problem)
    {
        Stop = new WalStop(WalStopKind.Page, position, problem);
        return false;
    }
}
