using Pgkeep.Postgres;
using Xunit;

namespace Pgkeep.Tests.Postgres;

public sealed class WalSegmentNameTests
{
    private const uint Megabyte = 1024 * 1024;

    // The names are what pg_walfile_name answers on a server with that segment size.
    [Theory]
    [InlineData(1u, "1/98000028", 16u, "000000010000000100000098")]
    [InlineData(1u, "0/1AB6F00", 1u, "00000001000000000000001A")]
    [InlineData(1u, "0/C0000A8", 64u, "000000010000000000000003")]
    [InlineData(26u, "FF/FFFFFFFF", 16u, "0000001A000000FF000000FF")]
    [InlineData(1u, "2/0", 1024u, "000000010000000200000000")]
    public void A_position_lies_in_the_segment_that_the_server_names(uint timeline, string position, uint megabytes, string expected)
    {
        var name = WalSegmentName.FromLsn(new TimelineId(timeline), Lsn.Parse(position), new WalSegmentSize(megabytes * Megabyte));

        Assert.Equal(expected, name.ToString());
    }

    [Theory]
    [InlineData("0/3000000", "000000010000000000000002")]
    [InlineData("0/3000001", "000000010000000000000003")]
    [InlineData("1/0", "0000000100000000000000FF")]
    public void WAL_that_ends_on_a_boundary_needs_the_segment_before_it(string end, string expected) =>
        Assert.Equal(expected, WalSegmentName.EndingAt(TimelineId.First, Lsn.Parse(end), WalSegmentSize.Default).ToString());

    [Theory]
    [InlineData("000000010000000100000098")]
    [InlineData("FFFFFFFFFFFFFFFF000000FF")]
    public void A_name_is_read_as_it_is_written(string text)
    {
        Assert.True(WalSegmentName.TryParse(text, out var name));
        Assert.Equal(text, name.ToString());
    }

    [Theory]
    [InlineData("")]
    [InlineData("00000001000000010000009")]
    [InlineData("0000000100000001000000980")]
    [InlineData("00000001000000010000009a")]
    [InlineData("00000001000000010000009G")]
    [InlineData("000000000000000100000098")]
    [InlineData("+00000010000000100000098")]
    [InlineData("00000001000000010000009\0")]
    [InlineData("00000001 0000001 0000098")]
    public void What_PostgreSQL_would_not_write_is_refused(string text) => Assert.False(WalSegmentName.TryParse(text, out _));

    [Theory]
    [InlineData("0000000100000000000000FF", "000000010000000100000000", 16u)]
    [InlineData("000000010000000000000FFF", "000000010000000100000000", 1u)]
    [InlineData("000000010000000000000003", "000000010000000100000000", 1024u)]
    [InlineData("000000010000000000000001", "000000010000000000000002", 16u)]
    public void Neighbours_follow_each_other_across_logs(string first, string second, uint megabytes)
    {
        var size = new WalSegmentSize(megabytes * Megabyte);
        var left = Parse(first);
        var right = Parse(second);

        Assert.Equal(right, left.Next(size));
        Assert.Equal(left, right.Previous(size));
        Assert.Equal(left.Number(size) + 1, right.Number(size));
        Assert.Equal(left.StartLsn(size) + size.Bytes, right.StartLsn(size));
        Assert.Equal(left, WalSegmentName.FromNumber(left.Timeline, left.Number(size), size));
        Assert.True(left.CompareTo(right) < 0);
    }

    [Fact]
    public void Nothing_lies_before_the_first_position() =>
        Assert.Throws<OverflowException>(() => Parse("000000010000000000000000").Previous(WalSegmentSize.Default));

    [Theory]
    [InlineData("0000000100000000000000FF", true)]
    [InlineData("000000010000000000000100", false)]
    public void A_number_beyond_the_log_belongs_to_another_segment_size(string text, bool expected) =>
        Assert.Equal(expected, Parse(text).IsValidFor(WalSegmentSize.Default));

    private static WalSegmentName Parse(string text) => WalSegmentName.TryParse(text, out var name) ? name : throw new FormatException(text);
}
