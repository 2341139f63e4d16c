using System.Numerics;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Pgkeep.Postgres;

/// <summary>
/// CRC-32C (Castagnoli), PostgreSQL's checksum of control file, WAL records and the files in a backup_manifest. A running checksum goes
/// from <see cref="Initial"/> through <see cref="Append"/> to <see cref="Final"/>, as with INIT_, COMP_ and FIN_CRC32C.
/// </summary>
/// <remarks>
/// The processor's instruction takes 8 bytes but answers only three cycles later. Three lanes of the input in turn keep it busy; their
/// checksums are joined by carry-less multiplication, which moves a checksum over the bytes behind it.
/// </remarks>
// PostgreSQL src/include/port/pg_crc32c.h
internal static class Crc32C
{
    public const uint Initial = 0xFFFFFFFF;

    // Small enough that a page of 8 kB is mostly done in three lanes, large enough that joining them costs little.
    private const int LaneLength = 512;
    private const int BlockLength = 3 * LaneLength;

    // x^(8n - 33) modulo the polynomial, bits reflected, for n of one and two lanes. 33 is what the multiplication of reflected
    // operands and the reduction by the CRC instruction add.
    private const ulong OverOneLane = 0xDD7E3B0C;
    private const ulong OverTwoLanes = 0x170076FA;

    /// <summary>The Castagnoli polynomial, bits reflected.</summary>
    private const uint Polynomial = 0x82F63B78;

    private static readonly CrcShift Shift = new(Polynomial);

    public static uint Compute(ReadOnlySpan<byte> bytes) => Final(Append(Initial, bytes));

    public static uint Append(uint state, ReadOnlySpan<byte> bytes)
    {
        if (HasLanes)
        {
            while (bytes.Length >= BlockLength)
            {
                state = AppendBlock(state, bytes[..BlockLength]);
                bytes = bytes[BlockLength..];
            }
        }

        return AppendInOneLane(state, bytes);
    }

    public static uint Final(uint state) => ~state;

    /// <summary>The checksum of two parts in a row, from the finished checksum of each and the length of the second in bytes.</summary>
    public static uint Combine(uint first, uint second, long secondLength) => Shift.Combine(first, second, secondLength);

    private static bool HasLanes => Sse42.X64.IsSupported && Pclmulqdq.IsSupported;

    internal static uint AppendInOneLane(uint state, ReadOnlySpan<byte> bytes)
    {
        var words = MemoryMarshal.Cast<byte, ulong>(bytes);
        foreach (var word in words)
        {
            state = BitOperations.Crc32C(state, word);
        }

        foreach (var single in bytes[(words.Length * sizeof(ulong))..])
        {
            state = BitOperations.Crc32C(state, single);
        }

        return state;
    }

    private static uint AppendBlock(uint state, ReadOnlySpan<byte> block)
    {
        var words = MemoryMarshal.Cast<byte, ulong>(block);
        var first = words[..(LaneLength / sizeof(ulong))];
        var second = words.Slice(first.Length, first.Length);
        var third = words.Slice(2 * first.Length, first.Length);
        ulong firstState = state;
        ulong secondState = 0;
        ulong thirdState = 0;
        for (var i = 0; i < first.Length; i++)
        {
            firstState = Sse42.X64.Crc32(firstState, first[i]);
            secondState = Sse42.X64.Crc32(secondState, second[i]);
            thirdState = Sse42.X64.Crc32(thirdState, third[i]);
        }

        var moved = Pclmulqdq.CarrylessMultiply(Vector128.CreateScalar(firstState), Vector128.CreateScalar(OverTwoLanes), 0)
            ^ Pclmulqdq.CarrylessMultiply(Vector128.CreateScalar(secondState), Vector128.CreateScalar(OverOneLane), 0);
        return (uint)(Sse42.X64.Crc32(0, moved.ToScalar()) ^ thirdState);
    }
}
