namespace Pgkeep.Streams;

/// <summary>
/// The CRC-32 of gzip (RFC 1952, section 8). A value is always that of the bytes so far, and 0 that of none, so a running checksum
/// needs neither beginning nor end.
/// </summary>
internal static class Crc32
{
    private const int PowerCount = 64;

    // x^(8 * 2^k) modulo the polynomial: what moves a checksum over 2^k bytes.
    private static readonly uint[] Powers = ComputePowers();

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
    public static uint Combine(uint crc1, uint crc2, long length2)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length2);
        var moved = crc1;
        for (var bit = 0; length2 != 0; bit++, length2 >>= 1)
        {
            if ((length2 & 1) != 0)
            {
                moved = Multiply(moved, Powers[bit]);
            }
        }

        return moved ^ crc2;
    }

    /// <summary>The product of two polynomials modulo the CRC's, all with reflected bits: the top bit stands for 1.</summary>
    private static uint Multiply(uint left, uint right)
    {
        var product = 0u;
        for (var bit = 1u << 31; bit != 0; bit >>= 1)
        {
            if ((left & bit) != 0)
            {
                product ^= right;
            }

            right = (right >> 1) ^ ((right & 1) * Crc32Tables.Polynomial);
        }

        return product;
    }

    private static uint[] ComputePowers()
    {
        var powers = new uint[PowerCount];
        powers[0] = 1u << (31 - 8);
        for (var i = 1; i < PowerCount; i++)
        {
            powers[i] = Multiply(powers[i - 1], powers[i - 1]);
        }

        return powers;
    }
}
