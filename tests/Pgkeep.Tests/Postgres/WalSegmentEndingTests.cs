using System.Buffers.Binary;
using Pgkeep.Postgres;
using Xunit;

namespace Pgkeep.Tests.Postgres;

public sealed class WalSegmentEndingTests
{
    private const int Page = 8192;
    private const int Segment = 1024 * 1024;

    [Theory]
    [InlineData(0, 40)]
    [InlineData(0, 8168)]
    [InlineData(5, 24)]
    [InlineData(5, 4096)]
    [InlineData(5, 8168)]
    [InlineData(5, 8176)]
    [InlineData(5, 8184)]
    [InlineData(126, 8000)]
    [InlineData(126, 8176)]
    public void A_switch_and_zeros_behind_it_finish_a_segment(int page, int offset)
    {
        var segment = Unfinished(page, offset);
        Put(segment, page, offset, Switch());

        Assert.Null(Find(segment));
    }

    [Theory]
    [InlineData(8)]
    [InlineData(16)]
    public void A_switch_that_began_in_the_segment_before_finishes_it(int here)
    {
        var segment = Unfinished(0, WalPageHeader.LongLength);
        Header(segment, 0, (uint)here);
        Switch().AsSpan(24 - here).CopyTo(segment.AsSpan(WalPageHeader.LongLength));

        Assert.Null(Find(segment));
    }

    [Fact]
    public void WAL_on_the_last_page_finishes_a_segment() => Assert.Null(Find(Unfinished(127, 100)));

    [Theory]
    [InlineData(0, 100)]
    [InlineData(5, 100)]
    [InlineData(5, 8192)]
    [InlineData(126, 8192)]
    public void Zeros_behind_anything_else_are_the_end_of_an_unfinished_one(int page, int offset) =>
        Assert.Equal((page * Page) + offset, Find(Unfinished(page, offset)));

    [Theory]
    [InlineData(0)]
    [InlineData(8)]
    [InlineData(16)]
    [InlineData(17)]
    [InlineData(20)]
    public void A_record_that_is_no_switch_or_is_damaged_does_not_finish_it(int damaged)
    {
        var segment = Unfinished(5, 4096);
        var record = Switch();
        record[damaged] ^= 0x10;
        Put(segment, 5, 4096, record);

        Assert.Equal((5 * Page) + 4096 + 24, Find(segment));
    }

    [Fact]
    public void A_segment_of_zeros_is_unfinished() => Assert.Equal(0, Find(new byte[Segment]));

    private static long? Find(byte[] segment) =>
        WalSegmentEnding.FindUnfinished(segment.Length, Page, (target, offset) => segment.AsSpan((int)offset, target.Length).CopyTo(target));

    /// <summary>With the last byte of its checksum not zero, so that the end of a damaged one is known.</summary>
    private static byte[] Switch()
    {
        for (var previous = 0UL; ; previous += 8)
        {
            var record = new byte[24];
            BinaryPrimitives.WriteUInt32LittleEndian(record, 24);
            BinaryPrimitives.WriteUInt64LittleEndian(record.AsSpan(8), previous);
            record[16] = 0x41;
            BinaryPrimitives.WriteUInt32LittleEndian(record.AsSpan(20), Crc32C.Compute(record.AsSpan(0, 20)));
            if (record[23] != 0)
            {
                return record;
            }
        }
    }

    /// <summary>WAL up to an offset of a page, and zeros behind it.</summary>
    private static byte[] Unfinished(int page, int offset)
    {
        var segment = new byte[Segment];
        segment.AsSpan(0, (page * Page) + offset).Fill(7);
        for (var i = 0; i <= page; i++)
        {
            Header(segment, i, 0);
        }

        return segment;
    }

    private static void Put(byte[] segment, int page, int offset, ReadOnlySpan<byte> record)
    {
        var here = Math.Min(record.Length, Page - offset);
        record[..here].CopyTo(segment.AsSpan((page * Page) + offset));
        if (here < record.Length)
        {
            Header(segment, page + 1, (uint)(record.Length - here));
            record[here..].CopyTo(segment.AsSpan(((page + 1) * Page) + WalPageHeader.ShortLength));
        }
    }

    private static void Header(byte[] segment, int page, uint remaining)
    {
        var header = segment.AsSpan(page * Page, page == 0 ? WalPageHeader.LongLength : WalPageHeader.ShortLength);
        header.Clear();
        BinaryPrimitives.WriteUInt16LittleEndian(header, 0xD118);
        BinaryPrimitives.WriteUInt16LittleEndian(header[2..], (ushort)((page == 0 ? WalPageFlags.LongHeader : WalPageFlags.None) | (remaining > 0 ? WalPageFlags.FirstIsContinuation : WalPageFlags.None)));
        BinaryPrimitives.WriteUInt32LittleEndian(header[4..], 1);
        BinaryPrimitives.WriteUInt64LittleEndian(header[8..], 0x500000 + (ulong)(page * Page));
        BinaryPrimitives.WriteUInt32LittleEndian(header[16..], remaining);
        if (page == 0)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(header[32..], Segment);
            BinaryPrimitives.WriteUInt32LittleEndian(header[36..], Page);
        }
    }
}
