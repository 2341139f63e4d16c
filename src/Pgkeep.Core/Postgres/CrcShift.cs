namespace Pgkeep.Postgres;

/// <summary>
/// Joins checksums of parts that were made apart: the first part's checksum is moved over the length of the second, by multiplication with
/// x^(8 length) modulo the polynomial, and the two are added.
/// </summary>
internal sealed class CrcShift
{
    private const int PowerCount = 64;

    private readonly uint _polynomial;

    // x^(8 * 2^k) modulo the polynomial: what moves a checksum over 2^k bytes.
    private readonly uint[] _powers = new uint[PowerCount];

    /// <param name="polynomial">Bits reflected, as the table-driven algorithms have it.</param>
    public CrcShift(uint polynomial)
    {
        _polynomial = polynomial;
        _powers[0] = 1u << (31 - 8);
        for (var i = 1; i < PowerCount; i++)
        {
            _powers[i] = Multiply(_powers[i - 1], _powers[i - 1]);
        }
    }

    /// <summary>The checksum of two parts in a row, from the finished checksum of each and the length of the second in bytes.</summary>
    public uint Combine(uint first, uint second, long secondLength)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(secondLength);
        var moved = first;
        for (var bit = 0; secondLength != 0; bit++, secondLength >>= 1)
        {
            if ((secondLength & 1) != 0)
            {
                moved = Multiply(moved, _powers[bit]);
            }
        }

        return moved ^ second;
    }

    /// <summary>The product of two polynomials modulo the CRC's, all with reflected bits: the top bit stands for 1.</summary>
    private uint Multiply(uint left, uint right)
    {
        var product = 0u;
        for (var bit = 1u << 31; bit != 0; bit >>= 1)
        {
            if ((left & bit) != 0)
            {
                product ^= right;
            }

            right = (right >> 1) ^ ((right & 1) * _polynomial);
        }

        return product;
    }
}
