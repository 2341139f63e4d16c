using Pgkeep.Postgres;
using Xunit;

namespace Pgkeep.Tests.Postgres;

public sealed class WalSegmentSizeTests
{
    [Theory]
    [InlineData(0u, false)]
    [InlineData(524_288u, false)]
    [InlineData(1_048_576u, true)]
    [InlineData(1_048_577u, false)]
    [InlineData(16_777_216u, true)]
    [InlineData(50_331_648u, false)]
    [InlineData(1_073_741_824u, true)]
    [InlineData(2_147_483_648u, false)]
    public void Powers_of_two_from_1_MB_to_1_GB_are_valid(uint bytes, bool expected) => Assert.Equal(expected, WalSegmentSize.IsValid(bytes));

    [Theory]
    [InlineData(1_048_576u, 4096u)]
    [InlineData(16_777_216u, 256u)]
    [InlineData(1_073_741_824u, 4u)]
    public void The_segments_of_one_log_cover_4_GB(uint bytes, uint expected) =>
        Assert.Equal(expected, new WalSegmentSize(bytes).SegmentsPerLog);

    [Fact]
    public void The_default_is_that_of_initdb() => Assert.Equal("16 MB", WalSegmentSize.Default.ToString());

    [Fact]
    public void The_offset_of_a_position_counts_from_its_segments_start() =>
        Assert.Equal(0x28u, WalSegmentSize.Default.OffsetOf(Lsn.Parse("1/98000028")));
}
