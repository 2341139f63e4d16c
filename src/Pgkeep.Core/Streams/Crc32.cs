using Pgkeep.Postgres;

namespace Pgkeep.Streams;

/// <summary>
/// The CRC-32 of gzip (RFC 1952, section 8). A value is always that of the bytes so far, and 0 that of none, so a running checksum
/// needs neither beginning nor end.
/// </summary>
internal static class Crc32
{
    private static readonly CrcShift Shift = new(Crc32Tables.Polynomial);

    public static uint Append(uint crc, ReadOnlySpan<byte> bytes)
    {
        var state = ~crc;
        if (Crc32Folding.IsSupported && bytes.Length >= Crc32Folding.MinimumLength)
        {
            state = Crc32Folding.Append(state, ref bytes);
        }

        return ~Crc32Tables.Append(state, bytes);
    }

    /// <summary>The checksum of two parts in a row, from the checksum of each and the length of the second.</summary>
    public static uint Combine(uint crc1, uint crc2, long length2) => Shift.Combine(crc1, crc2, length2);
}
