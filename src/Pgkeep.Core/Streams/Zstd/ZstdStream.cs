namespace Pgkeep.Streams.Zstd;

/// <summary>
/// Decompresses zstd frames, one after another, forward only. An end inside a frame, a file without any, and anything that is not a frame
/// throw <see cref="InvalidDataException"/>; each frame's own checksum is compared. Owns its source.
/// </summary>
internal sealed unsafe class ZstdStream : ReadOnlyStream
{
    /// <summary>A little more than the largest block of a frame (zstd.h, ZSTD_DStreamInSize).</summary>
    private const int BufferLength = 160 * 1024;

    private readonly Stream _source;
    private readonly byte[] _stored = new byte[BufferLength];
    private void* _decompressor;
    private int _taken;
    private int _filled;
    private bool _isBetweenFrames;
    private bool _isHoldingContent;

    public ZstdStream(Stream source)
    {
        _source = source;
        _decompressor = ZstdLibrary.CreateDecompressor();
    }

    public override int Read(Span<byte> buffer)
    {
        ObjectDisposedException.ThrowIf(_decompressor is null, this);
        while (!buffer.IsEmpty)
        {
            if (_taken == _filled && !_isHoldingContent && !Fill())
            {
                return _isBetweenFrames ? 0 : throw new InvalidDataException("zstd: ends inside a frame");
            }

            _isBetweenFrames = ZstdLibrary.Decompress(_decompressor, _stored.AsSpan(_taken, _filled - _taken), buffer, out var taken, out var produced);
            _taken += taken;
            // Where the caller's memory was too short, the library keeps the rest, and there may be no more input to come.
            _isHoldingContent = produced == buffer.Length && !_isBetweenFrames;
            if (produced > 0)
            {
                return produced;
            }
        }

        return 0;
    }

    protected override void Dispose(bool disposing)
    {
        if (_decompressor is not null)
        {
            ZstdLibrary.FreeDecompressor(_decompressor);
            _decompressor = null;
        }

        if (disposing)
        {
            _source.Dispose();
        }

        base.Dispose(disposing);
    }

    private bool Fill()
    {
        _taken = 0;
        _filled = _source.Read(_stored);
        return _filled > 0;
    }
}
