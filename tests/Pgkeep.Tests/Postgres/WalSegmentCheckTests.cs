using System.Buffers.Binary;
using Pgkeep.Postgres;
using Xunit;

namespace Pgkeep.Tests.Postgres;

public sealed class WalSegmentCheckTests
{
    private const int Page = 8192;

    private static readonly WalSegmentSize Size = new(1024 * 1024);
    private static readonly SystemIdentifier Identifier = new(7_000_000_000_000_000_001);
    private static readonly WalSegmentName Name = new(new TimelineId(2), 0, 5);

    [Fact]
    public void A_whole_segment_passes_in_any_pieces()
    {
        Assert.Equal("", Check(Segment(), Size.Bytes));
        Assert.Equal("", Check(Segment(), Page));
    }

    [Fact]
    public void Zeros_behind_the_last_page_pass_and_the_end_is_known()
    {
        var segment = Segment();
        segment.AsSpan(3 * Page).Clear();
        var check = new WalSegmentCheck(Name, Size, Identifier);

        Assert.True(check.TryAdd(segment, Page, out _));
        Assert.Equal(Name.StartLsn(Size) + (3 * Page), check.End);
    }

    [Fact]
    public void A_page_of_what_the_segment_was_before_is_found()
    {
        var segment = Segment();
        BinaryPrimitives.WriteUInt64LittleEndian(segment.AsSpan((7 * Page) + 8), 0x1000000);

        Assert.Contains("0/50E000", Check(segment, Page), StringComparison.Ordinal);
    }

    [Fact]
    public void A_page_behind_zeros_is_found()
    {
        var segment = Segment();
        segment.AsSpan(7 * Page, Page).Clear();

        Assert.Contains("behind the end", Check(segment, Page), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(24, 1, "is of the cluster")]
    [InlineData(2, 2, "does not begin with a segment's first page")]
    [InlineData(4, 1, "is of timeline")]
    [InlineData(8, 1, "the server wrote over it")]
    public void A_first_page_of_something_else_is_found(int offset, byte bits, string problem)
    {
        var segment = Segment();
        segment[offset] ^= bits;

        Assert.Contains(problem, Check(segment, Page), StringComparison.Ordinal);
    }

    [Fact]
    public void Pages_may_go_over_to_the_segments_own_timeline_and_not_back()
    {
        var segment = Segment();
        segment[4] = 1;
        Assert.Equal("", Check(segment, Page));

        segment[Page + 4 + (100 * Page)] = 1;
        Assert.Contains("another server or timeline", Check(segment, Page), StringComparison.Ordinal);
    }

    private static string Check(byte[] segment, long piece)
    {
        var check = new WalSegmentCheck(Name, Size, Identifier);
        for (var offset = 0L; offset < segment.Length; offset += piece)
        {
            if (!check.TryAdd(segment.AsSpan((int)offset, (int)piece), Page, out var problem))
            {
                return problem;
            }
        }

        return "";
    }

    private static byte[] Segment()
    {
        var segment = new byte[Size.Bytes];
        for (var offset = 0; offset < segment.Length; offset += Page)
        {
            var page = segment.AsSpan(offset, Page);
            page.Fill(0xAB);
            BinaryPrimitives.WriteUInt16LittleEndian(page, 0xD110);
            BinaryPrimitives.WriteUInt16LittleEndian(page[2..], (ushort)(offset == 0 ? WalPageFlags.LongHeader : WalPageFlags.None));
            BinaryPrimitives.WriteUInt32LittleEndian(page[4..], 2);
            BinaryPrimitives.WriteUInt64LittleEndian(page[8..], Name.StartLsn(Size).Value + (ulong)offset);
            if (offset == 0)
            {
                BinaryPrimitives.WriteUInt64LittleEndian(page[24..], Identifier.Value);
                BinaryPrimitives.WriteUInt32LittleEndian(page[32..], Size.Bytes);
                BinaryPrimitives.WriteUInt32LittleEndian(page[36..], Page);
            }
        }

        return segment;
    }
}
