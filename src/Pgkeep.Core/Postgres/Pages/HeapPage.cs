using System.Buffers.Binary;

namespace Pgkeep.Postgres.Pages;

/// <summary>The rows of one page of a table.</summary>
// PostgreSQL src/include/storage/bufpage.h, PageHeaderData; src/include/storage/itemid.h, ItemIdData; the same in 13 to 18
internal readonly ref struct HeapPage
{
    private const int LowerOffset = 12;
    private const int HeaderLength = 24;
    private const int LinePointerLength = 4;
    private const int OffsetMask = 0x7FFF;
    private const int FlagsShift = 15;
    private const int FlagsMask = 3;
    private const int LengthShift = 17;
    private const int Normal = 1;

    private readonly ReadOnlySpan<byte> _page;

    public HeapPage(ReadOnlySpan<byte> page)
    {
        _page = page;
        var lower = page.Length >= HeaderLength ? BinaryPrimitives.ReadUInt16LittleEndian(page[LowerOffset..]) : 0;
        Count = Math.Max(0, (Math.Min(lower, page.Length) - HeaderLength) / LinePointerLength);
    }

    /// <summary>Of line pointers; the first has number 1.</summary>
    public int Count { get; }

    /// <summary>False where there is no row under the number: it is free, dead or leads to another.</summary>
    public bool TryGet(int number, out HeapTuple tuple)
    {
        tuple = default;
        if (number < 1 || number > Count)
        {
            return false;
        }

        var pointer = BinaryPrimitives.ReadUInt32LittleEndian(_page[(HeaderLength + ((number - 1) * LinePointerLength))..]);
        var (offset, length) = ((int)(pointer & OffsetMask), (int)(pointer >> LengthShift));
        return ((pointer >> FlagsShift) & FlagsMask) == Normal && offset + length <= _page.Length && HeapTuple.TryRead(_page.Slice(offset, length), out tuple);
    }
}
