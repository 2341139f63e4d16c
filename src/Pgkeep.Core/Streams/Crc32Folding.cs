using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Pgkeep.Streams;

/// <summary>
/// CRC-32 by carry-less multiplication, 64 bytes a step: four vectors are each moved over 64 bytes and take up the 16 bytes found
/// there, so that in the end 16 bytes have the same checksum as all before them, and the tables do those.
/// </summary>
/// <remarks>
/// The method and its constants are from V. Gopal and others, "Fast CRC Computation for Generic Polynomials Using PCLMULQDQ
/// Instruction", Intel, 2009, for the reflected polynomial of gzip.
/// </remarks>
internal static class Crc32Folding
{
    /// <summary>Below this the tables are as fast.</summary>
    public const int MinimumLength = 2 * StepLength;

    private const int VectorLength = 16;
    private const int StepLength = 4 * VectorLength;

    // x^(4*128+32), x^(4*128-32), x^(128+32) and x^(128-32), each modulo the polynomial and reflected.
    private static readonly Vector128<ulong> OverFourVectors = Vector128.Create(0x1_5444_2BD4UL, 0x1_C6E4_1596UL);
    private static readonly Vector128<ulong> OverOneVector = Vector128.Create(0x1_7519_97D0UL, 0x0_CCAA_009EUL);

    public static bool IsSupported => Pclmulqdq.IsSupported;

    /// <summary>Continues from a state over all whole steps; what is left of the bytes is less than one.</summary>
    public static uint Append(uint state, ref ReadOnlySpan<byte> bytes)
    {
        var vectors = MemoryMarshal.Cast<byte, Vector128<ulong>>(bytes[..(bytes.Length / StepLength * StepLength)]);
        bytes = bytes[(vectors.Length * VectorLength)..];
        var first = vectors[0] ^ Vector128.CreateScalar((ulong)state);
        var second = vectors[1];
        var third = vectors[2];
        var fourth = vectors[3];
        for (vectors = vectors[4..]; vectors.Length >= 4; vectors = vectors[4..])
        {
            first = Fold(first, OverFourVectors) ^ vectors[0];
            second = Fold(second, OverFourVectors) ^ vectors[1];
            third = Fold(third, OverFourVectors) ^ vectors[2];
            fourth = Fold(fourth, OverFourVectors) ^ vectors[3];
        }

        var rest = Fold(Fold(Fold(first, OverOneVector) ^ second, OverOneVector) ^ third, OverOneVector) ^ fourth;
        return Crc32Tables.Append(0, MemoryMarshal.AsBytes(new ReadOnlySpan<Vector128<ulong>>(in rest)));
    }

    private static Vector128<ulong> Fold(Vector128<ulong> vector, Vector128<ulong> distance) =>
        Pclmulqdq.CarrylessMultiply(vector, distance, 0x00) ^ Pclmulqdq.CarrylessMultiply(vector, distance, 0x11);
}
