using System.Buffers;
using System.Buffers.Binary;
using Pgkeep.Postgres;
using Pgkeep.Streams;
using Pgkeep.Streams.Tar;

namespace Pgkeep.Backup.Frames;

/// <summary>
/// Puts frames into their order and writes them: the archive, the manifest's entries and the index. A frame that comes before its turn is kept;
/// how many can be is bounded by whoever hands out the jobs.
/// </summary>
internal sealed class FrameSink : IDisposable
{
    private readonly Lock _lock = new();
    private readonly PendingFile _file;
    private readonly BackupManifestWriter _manifest;
    private readonly FrameIndexWriter _index;
    private readonly Dictionary<long, EarlyFrame> _early = [];
    private readonly List<SuspectPage> _suspects = [];
    private long _next;
    private uint _crc;
    private long _plainLength;
    private uint _fileCrc;

    public FrameSink(PendingFile file, PendingFile indexFile, BackupManifestWriter manifest)
    {
        _file = file;
        _manifest = manifest;
        _index = new FrameIndexWriter(indexFile);
        Write(GzipHeader.Create(default));
    }

    public long Files { get; private set; }

    public long FileBytes { get; private set; }

    public IReadOnlyList<SuspectPage> Suspects => _suspects;

    /// <returns>How many frames were written: this one and those that had waited for it, or none.</returns>
    public int Add(FrameResult frame)
    {
        lock (_lock)
        {
            if (frame.Number != _next)
            {
                _early.Add(frame.Number, EarlyFrame.Keep(frame));
                return 0;
            }

            Append(frame);
            var written = 1;
            for (; _early.Remove(_next, out var early); written++)
            {
                Append(early.Frame);
                early.Release();
            }

            return written;
        }
    }

    /// <summary>A member that is not a file of the data directory, or was held back. Only after all frames.</summary>
    public void AddMember(TarEntry entry, ReadOnlySpan<byte> content, IReadOnlyList<FilePiece> pieces, Streams.Deflate.IFrameDeflater deflater)
    {
        var header = TarWriter.HeaderOf(entry);
        var plain = new byte[header.Length + TarHeader.Padded(content.Length)];
        header.CopyTo(plain, 0);
        content.CopyTo(plain.AsSpan(header.Length));
        AddPlain(plain, [.. pieces.Select(piece => piece with { Start = header.Length })], deflater);
    }

    /// <summary>Ends the tar and the gzip member, and makes both files durable.</summary>
    public void Complete(Streams.Deflate.IFrameDeflater deflater)
    {
        AddPlain(new byte[2 * TarHeader.Length], [], deflater);
        Span<byte> trailer = stackalloc byte[10];
        GzipFrameStream.FinalBlock.CopyTo(trailer);
        BinaryPrimitives.WriteUInt32LittleEndian(trailer[2..], _crc);
        BinaryPrimitives.WriteUInt32LittleEndian(trailer[6..], unchecked((uint)_plainLength));
        Write(trailer);
        _file.Complete();
        _index.Complete();
    }

    public void Dispose()
    {
        foreach (var early in _early.Values)
        {
            early.Release();
        }

        _index.Dispose();
        _file.Dispose();
    }

    private void AddPlain(byte[] plain, IReadOnlyList<FilePiece> pieces, Streams.Deflate.IFrameDeflater deflater) => Add(new FrameResult
    {
        Number = _next,
        Compressed = deflater.Compress(plain),
        PlainLength = plain.Length,
        Crc = Crc32.Append(0, plain),
        Pieces = pieces,
        Suspects = [],
    });

    private void Append(FrameResult frame)
    {
        _next++;
        if (frame.PlainLength == 0)
        {
            return;
        }

        _index.AddFrame(_file.Length, frame.Compressed.Length, frame.PlainLength);
        foreach (var piece in frame.Pieces)
        {
            Enter(piece);
        }

        Write(frame.Compressed.Span);
        _crc = Crc32.Combine(_crc, frame.Crc, frame.PlainLength);
        _plainLength += frame.PlainLength;
        _suspects.AddRange(frame.Suspects);
    }

    private void Enter(FilePiece piece)
    {
        if (piece.IsFirst)
        {
            _fileCrc = 0;
            _index.AddFile(_plainLength + piece.Start, piece.Size, piece.Item.Name);
        }

        _fileCrc = piece.IsFirst ? piece.Crc : Crc32C.Combine(_fileCrc, piece.Crc, piece.Length);
        if (piece.IsLast)
        {
            _manifest.AddFile(piece.Item.Name, piece.Size, piece.Item.Status.Modified, _fileCrc);
            Files++;
            FileBytes += piece.Size;
        }
    }

    private void Write(ReadOnlySpan<byte> bytes) => _file.Write(bytes);

    /// <summary>A frame whose turn has not come, in memory of its own.</summary>
    private sealed class EarlyFrame
    {
        private readonly byte[] _memory;

        private EarlyFrame(FrameResult frame, byte[] memory)
        {
            Frame = frame;
            _memory = memory;
        }

        public FrameResult Frame { get; }

        public static EarlyFrame Keep(FrameResult frame)
        {
            var memory = ArrayPool<byte>.Shared.Rent(Math.Max(1, frame.Compressed.Length));
            frame.Compressed.CopyTo(memory);
            var kept = new FrameResult
            {
                Number = frame.Number,
                Compressed = memory.AsMemory(0, frame.Compressed.Length),
                PlainLength = frame.PlainLength,
                Crc = frame.Crc,
                Pieces = [.. frame.Pieces],
                Suspects = [.. frame.Suspects],
            };
            return new EarlyFrame(kept, memory);
        }

        public void Release() => ArrayPool<byte>.Shared.Return(_memory);
    }
}
