using System.IO.Compression;
using Pgkeep.Streams.Codecs;

namespace Pgkeep.Streams.Deflate;

/// <summary>
/// By .NET's own zlib: everywhere. Its stream takes input that ends anywhere for the end, and does not tell how much it has used, so the frame is
/// given a last block with content of its own: that comes out only where the frame ended on its last byte, and not before.
/// </summary>
internal sealed class ZlibInflater : IFrameDecompressor
{
    private const int MarkLength = 4;

    private byte[] _stored = [];

    /// <summary>A final stored block (RFC 1951, 3.2.4) of four bytes.</summary>
    private static ReadOnlySpan<byte> Mark => [0x01, MarkLength, 0x00, 0xFF - MarkLength, 0xFF, (byte)'m', (byte)'a', (byte)'r', (byte)'k'];

    public bool TryDecompress(Span<byte> stored, Span<byte> plain)
    {
        var frame = stored[..^GzipCodec.FinalBlock.Length];
        var length = frame.Length + Mark.Length;
        if (_stored.Length < length)
        {
            _stored = GC.AllocateUninitializedArray<byte>(length);
        }

        frame.CopyTo(_stored);
        Mark.CopyTo(_stored.AsSpan(frame.Length));
        using var inflate = new DeflateStream(new MemoryStream(_stored, 0, length, writable: false), CompressionMode.Decompress);
        try
        {
            Span<byte> end = stackalloc byte[MarkLength + 1];
            return inflate.ReadAtLeast(plain, plain.Length, throwOnEndOfStream: false) == plain.Length
                && inflate.ReadAtLeast(end, end.Length, throwOnEndOfStream: false) == MarkLength
                && end.StartsWith(Mark[^MarkLength..]);
        }
        catch (InvalidDataException)
        {
            return false;
        }
    }

    public void Dispose()
    {
    }
}
