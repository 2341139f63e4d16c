using Pgkeep.Streams.Codecs;

namespace Pgkeep.Streams.Zstd;

/// <summary>Every frame is a zstd frame with its plain length and a checksum of its content.</summary>
internal sealed unsafe class ZstdCompressor : IFrameCompressor
{
    private void* _compressor;
    private byte[] _frame = [];

    /// <param name="level">1 (fast) to 19 (small).</param>
    public ZstdCompressor(int level) => _compressor = ZstdLibrary.CreateCompressor(level);

    public ReadOnlyMemory<byte> Compress(ReadOnlyMemory<byte> plain)
    {
        ObjectDisposedException.ThrowIf(_compressor is null, this);
        var bound = ZstdLibrary.BoundOf(plain.Length);
        if (_frame.Length < bound)
        {
            _frame = GC.AllocateUninitializedArray<byte>(bound);
        }

        return _frame.AsMemory(0, ZstdLibrary.Compress(_compressor, plain.Span, _frame));
    }

    public void Dispose()
    {
        if (_compressor is not null)
        {
            ZstdLibrary.FreeCompressor(_compressor);
            _compressor = null;
        }
    }
}
