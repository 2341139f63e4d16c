using Pgkeep.Postgres;
using Xunit;

namespace Pgkeep.Tests.Postgres;

public sealed class WalPageChainTests
{
    private const int Block = 8192;
    private const uint OnShortPage = Block - 24;

    [Theory]
    [InlineData(0, 0, 0)]
    [InlineData(0, 1, 500)]
    [InlineData(100, 0, 0)]
    [InlineData(OnShortPage, 0, 0)]
    [InlineData(OnShortPage + 1, 1, 1)]
    [InlineData(100_000, 1, 100_000 - OnShortPage)]
    [InlineData(100_000, 8, 0)]
    public void A_page_goes_on_where_the_one_before_ends(uint left, int flags, uint remaining)
    {
        Assert.Equal("", WalPageChain.Compare(Page(left), Page(remaining, (WalPageFlags)flags), Block));
    }

    [Theory]
    [InlineData(100_000, 0, 0)]
    [InlineData(100_000, 1, 1000)]
    [InlineData(OnShortPage + 1, 1, 2)]
    [InlineData(0, 0, 10)]
    public void A_page_that_does_not_is_found(uint left, int flags, uint remaining)
    {
        Assert.NotEqual("", WalPageChain.Compare(Page(left), Page(remaining, (WalPageFlags)flags), Block));
    }

    [Fact]
    public void After_a_switch_a_segment_begins_with_a_record()
    {
        Assert.Equal("", WalPageChain.CompareAfterSwitch(Page(100), Page(0), Block));
        Assert.NotEqual("", WalPageChain.CompareAfterSwitch(Page(100), Page(10, WalPageFlags.FirstIsContinuation), Block));
        Assert.NotEqual("", WalPageChain.CompareAfterSwitch(Page(100_000), Page(0), Block));
    }

    private static WalPageHeader Page(uint remaining, WalPageFlags flags = WalPageFlags.None) => new(0xD110, flags, TimelineId.First, new Lsn(0x2000000), remaining);
}
