namespace Pgkeep.Streams.Codecs;

/// <summary>Writes one stored file by one thread: cuts what is written into frames, each of which can be decompressed alone.</summary>
/// <remarks>The file is whole only after <see cref="Complete"/>; with gzip a stream that is disposed before that leaves one that no reader accepts.</remarks>
internal sealed class FrameStream : WriteOnlyStream
{
    /// <summary>Large enough that starting without history costs no measurable ratio, small enough for memory.</summary>
    public const int DefaultFrameLength = 1024 * 1024;

    private readonly Stream _target;
    private readonly Codec _codec;
    private readonly IFrameCompressor _compressor;
    private readonly byte[] _frame;
    private int _filled;
    private uint _checksum;
    private long _length;

    /// <param name="target">Not owned.</param>
    public FrameStream(Stream target, Compression compression, int frameLength = DefaultFrameLength)
        : this(target, compression, compression.Codec.Header, frameLength)
    {
    }

    private FrameStream(Stream target, Compression compression, ReadOnlySpan<byte> header, int frameLength)
    {
        _target = target;
        _codec = compression.Codec;
        _compressor = compression.CreateCompressor();
        _frame = new byte[frameLength];
        _target.Write(header);
    }

    /// <summary>Plain bytes so far.</summary>
    public override long Length => _length;

    /// <param name="level">1 (fast) to 9 (small).</param>
    /// <param name="subfield">What goes into the header's extra field, see <see cref="GzipHeader"/>.</param>
    public static FrameStream Gzip(Stream target, int level, ReadOnlySpan<byte> subfield = default, int frameLength = DefaultFrameLength) =>
        new(target, Compression.Gzip(level), GzipHeader.Create(subfield), frameLength);

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        while (!buffer.IsEmpty)
        {
            var taken = Math.Min(buffer.Length, _frame.Length - _filled);
            buffer[..taken].CopyTo(_frame.AsSpan(_filled));
            _filled += taken;
            buffer = buffer[taken..];
            if (_filled == _frame.Length)
            {
                EndFrame();
            }
        }
    }

    /// <summary>Writes what is left, and the trailer.</summary>
    public void Complete()
    {
        EndFrame();
        _target.Write(_codec.TrailerOf(_checksum, _length));
    }

    /// <summary>Frames end where they are full, not where a caller flushes.</summary>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _compressor.Dispose();
        }

        base.Dispose(disposing);
    }

    private void EndFrame()
    {
        if (_filled == 0)
        {
            return;
        }

        var plain = _frame.AsMemory(0, _filled);
        _checksum = _codec.CombineChecksums(_checksum, _codec.ChecksumOf(plain.Span), _filled);
        _length += _filled;
        _filled = 0;

        _target.Write(_compressor.Compress(plain).Span);
    }
}
