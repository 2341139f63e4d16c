using System.Buffers.Binary;
using System.IO.Compression;
using Pgkeep.Streams.Deflate;

namespace Pgkeep.Streams.Codecs;

/// <summary>
/// One gzip member. Each frame is raw deflate that begins without history and ends with a flush on a byte boundary. Many concatenated members would
/// do the same, but PostgreSQL 18's <c>pg_verifybackup</c> does not end on those.
/// </summary>
internal sealed class GzipCodec : Codec
{
    public override string Name => "gzip";

    public override string Suffix => ".gz";

    public override int HighestLevel => 9;

    public override int DefaultLevel => 1;

    public override byte[] Header => GzipHeader.Create(default);

    /// <summary>An empty final block with fixed codes (RFC 1951, 3.2.3).</summary>
    public static ReadOnlySpan<byte> FinalBlock => [0x03, 0x00];

    public override string? Slowness(int level) => FrameDeflaters.IsFastLibraryMissingFor(level)
        ? "libisal.so.2 is missing or cannot be used, and .NET's zlib takes several times as long: install Debian's package libisal2"
        : null;

    public override IFrameCompressor CreateCompressor(int level) => FrameDeflaters.Create(level);

    public override int FrameRoom => FinalBlock.Length;

    public override IFrameDecompressor CreateDecompressor() => FrameInflaters.Create();

    public override uint ChecksumOf(ReadOnlySpan<byte> plain) => IsalLibrary.IsUsable ? IsalLibrary.ChecksumOf(plain) : Crc32.Append(0, plain);

    public override uint CombineChecksums(uint first, uint second, long secondLength) => Crc32.Combine(first, second, secondLength);

    /// <summary>The final block, the CRC-32 and the length modulo 2^32 (RFC 1952, 2.3.1).</summary>
    public override byte[] TrailerOf(uint checksum, long plainLength)
    {
        var trailer = new byte[FinalBlock.Length + 8];
        FinalBlock.CopyTo(trailer);
        BinaryPrimitives.WriteUInt32LittleEndian(trailer.AsSpan(FinalBlock.Length), checksum);
        BinaryPrimitives.WriteUInt32LittleEndian(trailer.AsSpan(FinalBlock.Length + 4), unchecked((uint)plainLength));
        return trailer;
    }

    public override Stream Decompress(Stream stored) => new GZipStream(stored, CompressionMode.Decompress);

    public override Stream DecompressWhole(Stream stored) => new GzipMemberStream(stored);
}
