using System.Buffers;
using Pgkeep.Postgres;
using Pgkeep.Streams.Codecs;
using Pgkeep.Streams.Tar;

namespace Pgkeep.Backup.Frames;

/// <summary>
/// Puts frames into their order and writes them: the archive, the manifest's entries and the index. A frame that comes before its turn is kept;
/// how many can be is bounded by whoever hands out the jobs.
/// </summary>
internal sealed class FrameSink : IDisposable
{
    private const int MostSuspects = 1000;

    private readonly Lock _lock = new();
    private readonly PendingFile _file;
    private readonly Codec _codec;
    private readonly BackupManifestWriter _manifest;
    private readonly FrameIndexWriter _index;
    private readonly Dictionary<long, EarlyFrame> _early = [];
    private readonly List<SuspectPage> _suspects = [];
    private long _next;
    private uint _checksum;
    private long _plainLength;
    private uint _fileCrc;

    public FrameSink(PendingFile file, PendingFile indexFile, BackupManifestWriter manifest, Codec codec)
    {
        _file = file;
        _codec = codec;
        _manifest = manifest;
        _index = new FrameIndexWriter(indexFile);
        Write(codec.Header);
    }

    public long Files { get; private set; }

    public long FileBytes { get; private set; }

    /// <summary>The first ones: of a disk that is failing there could be millions, and each is a line in the metadata.</summary>
    public IReadOnlyList<SuspectPage> Suspects => _suspects;

    public long SuspectsLeftOut { get; private set; }

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
    public void AddMember(TarEntry entry, ReadOnlySpan<byte> content, IReadOnlyList<FilePiece> pieces, IFrameCompressor compressor)
    {
        var header = TarWriter.HeaderOf(entry);
        var plain = new byte[header.Length + TarHeader.Padded(content.Length)];
        header.CopyTo(plain, 0);
        content.CopyTo(plain.AsSpan(header.Length));
        AddPlain(plain, [.. pieces.Select(piece => piece with { Start = header.Length })], compressor);
    }

    /// <summary>Ends the tar and the file it is stored in, and makes archive and index durable.</summary>
    public void Complete(IFrameCompressor compressor)
    {
        AddPlain(new byte[2 * TarHeader.Length], [], compressor);
        Write(_codec.TrailerOf(_checksum, _plainLength));
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

    private void AddPlain(byte[] plain, IReadOnlyList<FilePiece> pieces, IFrameCompressor compressor) => Add(new FrameResult
    {
        Number = _next,
        Compressed = compressor.Compress(plain),
        PlainLength = plain.Length,
        Checksum = _codec.ChecksumOf(plain),
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
        _checksum = _codec.CombineChecksums(_checksum, frame.Checksum, frame.PlainLength);
        _plainLength += frame.PlainLength;
        var room = Math.Max(0, MostSuspects - _suspects.Count);
        _suspects.AddRange(frame.Suspects.Take(room));
        SuspectsLeftOut += Math.Max(0, frame.Suspects.Count - room);
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
                Checksum = frame.Checksum,
                Pieces = [.. frame.Pieces],
                Suspects = [.. frame.Suspects],
            };
            return new EarlyFrame(kept, memory);
        }

        public void Release() => ArrayPool<byte>.Shared.Return(_memory);
    }
}
