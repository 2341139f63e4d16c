using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
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
    // On both sides of a piece's end.
    [InlineData(32, 8192, "0/540000")]
    [InlineData(33, 40, "0/540028")]
    [InlineData(128, 8192, "0/600000")]
    public void It_ends_behind_the_last_byte(int pages, int bytes, string end)
    {
        Assert.True(TryMeasure(Segment(pages, bytes), Identifier, out var extent));
        Assert.Equal(new WalSegmentExtent(Lsn.Parse(end), true), extent);
    }

    [Fact]
    public void Pages_of_a_segment_that_was_used_before_end_it()
    {
        var segment = Segment(10, Page);
        BinaryPrimitives.WriteUInt64LittleEndian(segment.AsSpan((4 * Page) + 8), 0x100000);

        Assert.True(TryMeasure(segment, Identifier, out var extent));
        Assert.Equal(new WalSegmentExtent(Lsn.Parse("0/508000"), false), extent);
    }

    [Fact]
    public void A_lost_page_ends_it()
    {
        var segment = Segment(10, Page);
        segment.AsSpan(6 * Page, Page).Clear();

        Assert.True(TryMeasure(segment, Identifier, out var extent));
        Assert.Equal(new WalSegmentExtent(Lsn.Parse("0/50C000"), false), extent);
    }

    [Fact]
    public void Zeros_anothers_and_cut_ones_are_nothing()
    {
        Assert.False(TryMeasure(new byte[Size.Bytes], Identifier, out _));
        Assert.False(TryMeasure(Segment(3, Page), new SystemIdentifier(1), out _));
        Assert.False(TryMeasure(Segment(3, Page)[..(3 * Page)], Identifier, out _));
    }

    [Fact]
    public void No_more_is_held_than_a_piece()
    {
        var segment = Segment(100, Page);
        var longest = 0;

        Assert.True(WalSegmentExtent.TryMeasure(segment.Length, Read, Name, Size, Identifier, out var extent));
        Assert.Equal(new WalSegmentExtent(Name.StartLsn(Size) + (100 * Page), true), extent);
        Assert.Equal(WalSegmentMeasure.PieceLength, longest);

        void Read(Span<byte> target, long offset)
        {
            longest = Math.Max(longest, target.Length);
            segment.AsSpan((int)offset, target.Length).CopyTo(target);
        }
    }

    private static bool TryMeasure(byte[] segment, SystemIdentifier identifier, [NotNullWhen(true)] out WalSegmentExtent? extent) =>
        WalSegmentExtent.TryMeasure(segment.Length, (target, offset) => segment.AsSpan((int)offset, target.Length).CopyTo(target), Name, Size, identifier, out extent);

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
