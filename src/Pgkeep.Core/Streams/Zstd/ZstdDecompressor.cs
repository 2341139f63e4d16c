using Pgkeep.Streams.Codecs;

namespace Pgkeep.Streams.Zstd;

/// <summary>One frame at a time; its own checksum is compared.</summary>
internal sealed unsafe class ZstdDecompressor : IFrameDecompressor
{
    private void* _decompressor = ZstdLibrary.CreateDecompressor();

    public bool TryDecompress(Span<byte> stored, Span<byte> plain)
    {
        ObjectDisposedException.ThrowIf(_decompressor is null, this);
        try
        {
            if (ZstdLibrary.Decompress(_decompressor, stored, plain, out var taken, out var produced) && taken == stored.Length && produced == plain.Length)
            {
                return true;
            }
        }
        catch (InvalidDataException)
        {
            // The answer below.
        }

        // It stands in the middle of something; the next frame begins anew.
        Dispose();
        _decompressor = ZstdLibrary.CreateDecompressor();
        return false;
    }

    public void Dispose()
    {
        if (_decompressor is not null)
        {
            ZstdLibrary.FreeDecompressor(_decompressor);
            _decompressor = null;
        }
    }
}
