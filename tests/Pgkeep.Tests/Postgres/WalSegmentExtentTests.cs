using System.Buffers.Binary;
using Pgkeep.Postgres;
using Xunit;

namespace Pgkeep.Tests.Postgres;

public sealed class WalSegmentExtentTests
{
    private const int Page = 8192;

    private static readonly WalSegmentSize Size = new(1024 * 1024);
    private static readonly SystemIdentifier Identifier = new(7_000_000_000_000_000_001);
    private static readonly WalSegmentName Name = new(new TimelineId(2), 0, 5);

    [Theory]
    [InlineData(1, 100, "0/500064")]
    [InlineData(3, 8192, "0/506000")]
    [InlineData(128, 8192, "0/600000")]
    public void It_ends_behind_the_last_byte(int pages, int bytes, string end)
    {
        Assert.True(WalSegmentExtent.TryMeasure(Segment(pages, bytes), Name, Size, Identifier, out var extent));
        Assert.Equal(new WalSegmentExtent(Lsn.Parse(end), true), extent);
    }

    [Fact]
    public void Pages_of_a_segment_that_was_used_before_end_it()
    {
        var segment = Segment(10, Page);
        BinaryPrimitives.WriteUInt64LittleEndian(segment.AsSpan((4 * Page) + 8), 0x100000);

        Assert.True(WalSegmentExtent.TryMeasure(segment, Name, Size, Identifier, out var extent));
        Assert.Equal(new WalSegmentExtent(Lsn.Parse("0/508000"), false), extent);
    }

    [Fact]
    public void A_lost_page_ends_it()
    {
        var segment = Segment(10, Page);
        segment.AsSpan(6 * Page, Page).Clear();

        Assert.True(WalSegmentExtent.TryMeasure(segment, Name, Size, Identifier, out var extent));
        Assert.Equal(new WalSegmentExtent(Lsn.Parse("0/50C000"), false), extent);
    }

    [Fact]
    public void Zeros_anothers_and_cut_ones_are_nothing()
    {
        Assert.False(WalSegmentExtent.TryMeasure(new byte[Size.Bytes], Name, Size, Identifier, out _));
        Assert.False(WalSegmentExtent.TryMeasure(Segment(3, Page), Name, Size, new SystemIdentifier(1), out _));
        Assert.False(WalSegmentExtent.TryMeasure(Segment(3, Page).AsSpan(0, 3 * Page), Name, Size, Identifier, out _));
    }

    /// <param name="bytes">On the last page.</param>
    private static byte[] Segment(int pages, int bytes)
    {
        var segment = new byte[Size.Bytes];
        for (var i = 0; i < pages; i++)
        {
            var page = segment.AsSpan(i * Page, Page);
            page[(i == 0 ? WalPageHeader.LongLength : WalPageHeader.ShortLength)..(i == pages - 1 ? bytes : Page)].Fill(7);
            BinaryPrimitives.WriteUInt16LittleEndian(page, 0xD118);
            BinaryPrimitives.WriteUInt16LittleEndian(page[2..], (ushort)(i == 0 ? WalPageFlags.LongHeader : WalPageFlags.None));
            BinaryPrimitives.WriteUInt32LittleEndian(page[4..], 2);
            BinaryPrimitives.WriteUInt64LittleEndian(page[8..], Name.StartLsn(Size).Value + (ulong)(i * Page));
            if (i == 0)
            {
                BinaryPrimitives.WriteUInt64LittleEndian(page[24..], Identifier.Value);
                BinaryPrimitives.WriteUInt32LittleEndian(page[32..], Size.Bytes);
                BinaryPrimitives.WriteUInt32LittleEndian(page[36..], Page);
            }
        }

        return segment;
    }
}
