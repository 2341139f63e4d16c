using Pgkeep.Posix;
using Pgkeep.Postgres;
using Pgkeep.Streams.Codecs;
using Pgkeep.Streams.Tar;

namespace Pgkeep.Backup.Frames;

/// <summary>What one frame became. The memory is the worker's and valid until its next frame.</summary>
internal sealed class FrameResult
{
    public required long Number { get; init; }

    public required ReadOnlyMemory<byte> Compressed { get; init; }

    public required int PlainLength { get; init; }

    /// <summary>Of the plain bytes, as the codec's trailer wants it.</summary>
    public required uint Checksum { get; init; }

    public required IReadOnlyList<FilePiece> Pieces { get; init; }

    /// <summary>Pages whose checksum did not fit, however often they were read again.</summary>
    public required IReadOnlyList<SuspectPage> Suspects { get; init; }
}

/// <param name="Start">Where in the frame's plain bytes its content begins.</param>
/// <param name="Crc">CRC-32C of this piece.</param>
internal readonly record struct FilePiece(CopyItem Item, long Size, int Start, int Length, uint Crc, bool IsFirst, bool IsLast);

/// <summary>Reads, checks, hashes and compresses frames, one after another, with memory of its own.</summary>
internal sealed class FrameWorker : IDisposable
{
    private readonly IFrameJobs _queue;
    private readonly PageCheck _pages;
    private readonly Codec _codec;
    private readonly IFrameCompressor _compressor;
    private readonly List<FilePiece> _pieces = [];
    private readonly List<SuspectPage> _suspects = [];
    private byte[] _plain = GC.AllocateUninitializedArray<byte>(FrameQueue.FrameLength + 64 * 1024);
    private int _filled;

    public FrameWorker(IFrameJobs queue, PageCheck pages, Compression compression)
    {
        _queue = queue;
        _pages = pages;
        _codec = compression.Codec;
        _compressor = compression.CreateCompressor();
    }

    public BackupProgress? Progress { get; init; }

    public ReadRate? Rate { get; init; }

    public FrameResult Run(FrameJob job, CancellationToken cancellationToken)
    {
        _filled = 0;
        _pieces.Clear();
        _suspects.Clear();
        if (job is PieceJob piece)
        {
            AddPiece(piece.File, piece.Offset, piece.Length, cancellationToken);
        }
        else
        {
            AddSmallFiles((SmallFilesJob)job, cancellationToken);
        }

        var plain = _plain.AsMemory(0, _filled);
        return new FrameResult
        {
            Number = job.Number,
            Compressed = _filled == 0 ? default : _compressor.Compress(plain),
            PlainLength = _filled,
            Checksum = _codec.ChecksumOf(plain.Span),
            Pieces = _pieces,
            Suspects = _suspects,
        };
    }

    public void Dispose() => _compressor.Dispose();

    private void AddSmallFiles(SmallFilesJob job, CancellationToken cancellationToken)
    {
        using var opened = _queue.Open(job).GetEnumerator();
        foreach (var item in job.Items)
        {
            if (!IsFile(item))
            {
                Add(TarWriter.HeaderOf(OpenFile.EntryOf(_queue.TarNameOf(item), 0, item.Status)));
                continue;
            }

            opened.MoveNext();
            if (opened.Current is { } file)
            {
                AddPiece(file, 0, checked((int)file.Size), cancellationToken);
            }
        }
    }

    private void AddPiece(OpenFile file, long offset, int length, CancellationToken cancellationToken)
    {
        var isLast = offset + length == file.Size;
        if (offset == 0)
        {
            Add(file.Header);
        }

        var start = _filled;
        var content = Reserve(length);
        Rate?.Take(length, cancellationToken);
        file.Read(content, offset);
        Progress?.Add(length);
        _pages.Check(file, content, offset, _suspects);
        _pieces.Add(new FilePiece(file.Item, file.Size, start, length, Crc32C.Compute(content), offset == 0, isLast));
        if (isLast)
        {
            Reserve((int)(TarHeader.Padded(file.Size) - file.Size)).Clear();
        }

        file.EndPiece(length);
    }

    private static bool IsFile(CopyItem item) => item.Status.Type != FileType.Directory;

    private void Add(ReadOnlySpan<byte> bytes) => bytes.CopyTo(Reserve(bytes.Length));

    /// <summary>A small file may have grown since it was listed, so a frame can become longer than it was planned.</summary>
    private Span<byte> Reserve(int length)
    {
        if (_filled + length > _plain.Length)
        {
            Array.Resize(ref _plain, Math.Max(2 * _plain.Length, _filled + length));
        }

        _filled += length;
        return _plain.AsSpan(_filled - length, length);
    }
}
