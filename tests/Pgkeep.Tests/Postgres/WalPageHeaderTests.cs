using Pgkeep.Postgres;
using Xunit;

namespace Pgkeep.Tests.Postgres;

public sealed class WalPageHeaderTests
{
    // The first page of a segment of 1 MB that a server of major 15 wrote.
    private const string LongHeader = "10d10700010000000000a001000000002300000000000000ba57f8d22d43036b0000100000200000";

    // Each is the beginning of a segment's first page and of its second page, from a server of that major.
    [Theory]
    [InlineData(13, "06d10600010000000000000400000000000000000000000080b7a4662943036b0000000100200000")]
    [InlineData(14, "0dd10200010000000000000100000000000000000000000034a9b78f3443036b0000000100200000")]
    [InlineData(15, LongHeader)]
    [InlineData(16, "13d10200010000000000000100000000000000000000000095c94b703543036b0000000100200000")]
    [InlineData(17, "16d10600010000000000000c000000000000000000000000d8d7e2e22e43036b0000000400200000")]
    [InlineData(18, "18d1020001000000000000010000000000000000000000009c68e5853343036b0000000100200000")]
    public void The_first_page_of_a_segment_tells_major_timeline_and_sizes(int major, string hex)
    {
        var header = Parse(hex);

        Assert.True(header.IsLong);
        Assert.True(PostgresVersion.TryGetByWalMagic(header.Magic, out var version));
        Assert.Equal(major, version!.Major);
        Assert.Equal(TimelineId.First, header.Timeline);
        Assert.Equal(8192u, header.BlockSize);
    }

    [Theory]
    [InlineData("06d105000100000000200004000000003300000000000000", "0/4002000")]
    [InlineData("10d10500010000000020a001000000000b00000000000000", "0/1A02000")]
    [InlineData("18d10500010000000020000100000000d100000000000000", "0/1002000")]
    public void Other_pages_have_the_short_form(string hex, string address)
    {
        var header = Parse(hex);

        Assert.False(header.IsLong);
        Assert.Equal(Lsn.Parse(address), header.PageAddress);
        Assert.Null(header.SystemIdentifier);
        Assert.Null(header.SegmentSize);
        Assert.Null(header.BlockSize);
    }

    [Fact]
    public void Every_field_is_found()
    {
        var header = Parse(LongHeader);

        Assert.Equal(0xD110, header.Magic);
        Assert.Equal(WalPageFlags.FirstIsContinuation | WalPageFlags.LongHeader | WalPageFlags.BackupBlocksRemovable, header.Flags);
        Assert.Equal(Lsn.Parse("0/1A00000"), header.PageAddress);
        Assert.Equal(0x23u, header.RemainingLength);
        Assert.Equal(new SystemIdentifier(7711080851080501178), header.SystemIdentifier);
        Assert.Equal(new WalSegmentSize(1024 * 1024), header.SegmentSize);
    }

    [Fact]
    public void A_header_cut_anywhere_is_a_problem_and_not_a_crash()
    {
        var bytes = Convert.FromHexString(LongHeader);

        Assert.All(Enumerable.Range(0, bytes.Length), length =>
        {
            Assert.False(WalPageHeader.TryParse(bytes.AsSpan(0, length), out var header, out var problem));
            Assert.Null(header);
            Assert.Contains($"{length} bytes are too few", problem, StringComparison.Ordinal);
        });
    }

    [Theory]
    [InlineData("10d11700010000000000a0010000000023000000000000", "flags \"0017\"")]
    [InlineData("10d10700010000000000a001000000002300000000000000ba57f8d22d43036b0000110000200000", "segment size \"1114112\"")]
    public void Values_that_no_server_writes_are_a_problem(string hex, string expected)
    {
        Assert.False(WalPageHeader.TryParse(Convert.FromHexString(hex.PadRight(48, '0')), out _, out var problem));
        Assert.Contains(expected, problem, StringComparison.Ordinal);
    }

    [Fact]
    public void Damage_never_throws()
    {
        Assert.All(Mutation.Of(Convert.FromHexString(LongHeader), 5_000), bytes =>
        {
            var parsed = WalPageHeader.TryParse(bytes, out var header, out var problem);

            Assert.Equal(parsed, header is not null);
            Assert.Equal(parsed, problem.Length == 0);
        });
    }

    private static WalPageHeader Parse(string hex)
    {
        Assert.True(WalPageHeader.TryParse(Convert.FromHexString(hex), out var header, out var problem), problem);
        return header!;
    }
}
