using System.IO.Compression;
using Pgkeep.Streams.Codecs;

namespace Pgkeep.Streams.Deflate;

/// <summary>By .NET's own zlib: everywhere, and for every level.</summary>
internal sealed class ZlibDeflater : IFrameCompressor
{
    private readonly ZLibCompressionOptions _options;
    private readonly MemoryStream _compressed = new();

    public ZlibDeflater(int level) => _options = new ZLibCompressionOptions { CompressionLevel = level };

    public ReadOnlyMemory<byte> Compress(ReadOnlyMemory<byte> plain)
    {
        _compressed.SetLength(0);
        using var deflate = new DeflateStream(_compressed, _options, leaveOpen: true);
        deflate.Write(plain.Span);
        // A sync flush; as the stream began without history, nothing after it looks back either.
        deflate.Flush();
        // Disposing writes a final block behind what is returned, where nobody looks.
        return _compressed.GetBuffer().AsMemory(0, (int)_compressed.Length);
    }

    public void Dispose() => _compressed.Dispose();
}
