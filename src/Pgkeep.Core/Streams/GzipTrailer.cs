using System.Buffers.Binary;

namespace Pgkeep.Streams;

/// <summary>The end of a gzip member (RFC 1952, 2.3.1).</summary>
/// <param name="Checksum">CRC-32 of the plain content.</param>
/// <param name="Length">Of the plain content, modulo 2^32.</param>
internal readonly record struct GzipTrailer(uint Checksum, uint Length)
{
    private const int Size = 8;

    /// <summary>False where the file is too short to have one.</summary>
    /// <param name="file">Can seek.</param>
    public static bool TryReadAtEnd(Stream file, out GzipTrailer trailer)
    {
        trailer = default;
        if (file.Length < Size)
        {
            return false;
        }

        Span<byte> bytes = stackalloc byte[Size];
        file.Position = file.Length - Size;
        file.ReadExactly(bytes);
        trailer = new GzipTrailer(BinaryPrimitives.ReadUInt32LittleEndian(bytes), BinaryPrimitives.ReadUInt32LittleEndian(bytes[4..]));
        return true;
    }
}
