using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Pgkeep.Postgres.Pages;

/// <summary>
/// The checksum of a data page: 32 lanes of an FNV-1a variant over its 32-bit words, so that a processor works on many at a time.
/// </summary>
// PostgreSQL src/include/storage/checksum_impl.h, pg_checksum_block and pg_checksum_page
internal static class PageChecksum
{
    private const uint Prime = 16777619;
    private const int Lanes = 32;
    private const int ChecksumOffset = 8;

    /// <summary>checksumBaseOffsets.</summary>
    private static readonly uint[] BaseOffsets =
    [
        0x5B1F36E9, 0xB8525960, 0x02AB50AA, 0x1DE66D2A, 0x79FF467A, 0x9BB9F8A3, 0x217E7CD2, 0x83E13D2C,
        0xF8D4474F, 0xE39EB970, 0x42C6AE16, 0x993216FA, 0x7B093B5D, 0x98DAFF3C, 0xF718902A, 0x0B1C9CDB,
        0xE58F764B, 0x187636BC, 0x5D7B3BB1, 0xE73DE7DE, 0x92BEC979, 0xCCA6C0B2, 0x304A0979, 0x85AA43D4,
        0x783125BB, 0x6CA8EAA2, 0xE407EAC6, 0x4B5CFC3E, 0x9FBF8C76, 0x15CA20BE, 0xF2CA9FD3, 0x959BD756,
    ];

    /// <param name="page">A whole page; the stored checksum counts as zero.</param>
    /// <param name="block">Counted from the start of the relation, over all its segment files.</param>
    public static ushort Compute(ReadOnlySpan<byte> page, uint block)
    {
        var words = MemoryMarshal.Cast<byte, uint>(page);
        var first = Vector256.Create<uint>(BaseOffsets);
        var second = Vector256.Create<uint>(BaseOffsets.AsSpan(8));
        var third = Vector256.Create<uint>(BaseOffsets.AsSpan(16));
        var fourth = Vector256.Create<uint>(BaseOffsets.AsSpan(24));

        // The checksum's own two bytes are the low half of its word.
        Span<uint> head = stackalloc uint[Lanes];
        words[..Lanes].CopyTo(head);
        head[ChecksumOffset / sizeof(uint)] &= 0xFFFF0000;
        Mix(ref first, ref second, ref third, ref fourth, head);
        for (words = words[Lanes..]; !words.IsEmpty; words = words[Lanes..])
        {
            Mix(ref first, ref second, ref third, ref fourth, words);
        }

        // Two rounds of zeros, for the last bits to spread.
        head.Clear();
        Mix(ref first, ref second, ref third, ref fourth, head);
        Mix(ref first, ref second, ref third, ref fourth, head);

        var folded = first ^ second ^ third ^ fourth;
        var sum = block;
        for (var lane = 0; lane < Vector256<uint>.Count; lane++)
        {
            sum ^= folded[lane];
        }

        return (ushort)((sum % 65535) + 1);
    }

    /// <summary>Whether a page may be as it is: with the checksum that it carries, or never initialised.</summary>
    /// <param name="page">A whole page.</param>
    /// <param name="block">Counted from the start of the relation, over all its segment files.</param>
    public static bool Fits(ReadOnlySpan<byte> page, uint block)
    {
        var header = PageHeader.Read(page);
        return header.IsNew || header.Checksum == Compute(page, block);
    }

    private static void Mix(ref Vector256<uint> first, ref Vector256<uint> second, ref Vector256<uint> third, ref Vector256<uint> fourth, ReadOnlySpan<uint> words)
    {
        first = Mix(first, Vector256.Create(words));
        second = Mix(second, Vector256.Create(words[8..]));
        third = Mix(third, Vector256.Create(words[16..]));
        fourth = Mix(fourth, Vector256.Create(words[24..]));
    }

    /// <summary>CHECKSUM_COMP.</summary>
    private static Vector256<uint> Mix(Vector256<uint> lanes, Vector256<uint> values)
    {
        var mixed = lanes ^ values;
        return (mixed * Prime) ^ Vector256.ShiftRightLogical(mixed, 17);
    }
}
