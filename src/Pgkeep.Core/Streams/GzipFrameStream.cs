using System.Buffers.Binary;
using Pgkeep.Streams.Deflate;

namespace Pgkeep.Streams;

/// <summary>
/// Writes one gzip member whose content is cut into frames: each frame is raw deflate that starts without history and ends with a flush
/// on a byte boundary, so that any frame can be decompressed alone, while every gunzip reads the whole. Many concatenated members
/// would do the same, but PostgreSQL 18's <c>pg_verifybackup</c> does not end on those.
/// </summary>
/// <remarks>The member is whole only after <see cref="Complete"/>; a stream that is disposed before that leaves one that no reader accepts.</remarks>
internal sealed class GzipFrameStream : Stream
{
    /// <summary>Large enough that starting without history costs no measurable ratio, small enough for memory.</summary>
    public const int DefaultFrameLength = 1024 * 1024;

    /// <summary>An empty final block with fixed codes (RFC 1951, 3.2.3).</summary>
    public static ReadOnlySpan<byte> FinalBlock => [0x03, 0x00];

    private readonly Stream _target;
    private readonly IFrameDeflater _deflater;
    private readonly byte[] _frame;
    private int _filled;
    private uint _crc;
    private long _length;

    /// <param name="level">1 (fast) to 9 (small).</param>
    /// <param name="subfield">What goes into the header's extra field, see <see cref="GzipHeader"/>.</param>
    public GzipFrameStream(Stream target, int level, ReadOnlySpan<byte> subfield = default, int frameLength = DefaultFrameLength)
    {
        _target = target;
        _deflater = FrameDeflaters.Create(level);
        _frame = new byte[frameLength];
        _target.Write(GzipHeader.Create(subfield));
    }

    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    /// <summary>Plain bytes so far.</summary>
    public override long Length => _length;

    public override long Position
    {
        get => _length;
        set => throw new NotSupportedException();
    }

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

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

    /// <summary>Writes what is left, the end of the member, its CRC and its length.</summary>
    public void Complete()
    {
        EndFrame();
        Span<byte> trailer = stackalloc byte[8];
        BinaryPrimitives.WriteUInt32LittleEndian(trailer, _crc);
        BinaryPrimitives.WriteUInt32LittleEndian(trailer[4..], unchecked((uint)_length));
        _target.Write(FinalBlock);
        _target.Write(trailer);
    }

    /// <summary>Frames end where they are full, not where a caller flushes.</summary>
    public override void Flush()
    {
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _deflater.Dispose();
        }

        base.Dispose(disposing);
    }

    private void EndFrame()
    {
        if (_filled == 0)
        {
            return;
        }

        var plain = _frame.AsSpan(0, _filled);
        _crc = Crc32.Append(_crc, plain);
        _length += _filled;
        _filled = 0;

        _target.Write(_deflater.Compress(plain).Span);
    }
}
