using Pgkeep.Restore;
using Xunit;

namespace Pgkeep.Tests.Restore;

public sealed class ReplayWatchTests
{
    [Theory]
    [InlineData("postgres: startup recovering 000000010000000000000003", "000000010000000000000003")]
    [InlineData("postgres: startup   recovering 000000010000000000000003", "000000010000000000000003")]
    [InlineData("postgres: shop: startup waiting for 0000000200000001000000FF", "0000000200000001000000FF")]
    [InlineData("postgres: startup", null)]
    [InlineData("postgres: recovering startup walwriter", null)]
    [InlineData("postgres: archiver last was 000000010000000000000003", null)]
    [InlineData("", null)]
    public void The_title_of_the_startup_process_has_the_segment_it_is_at(string title, string? segment) =>
        Assert.Equal(segment, ReplayWatch.SegmentOf(title)?.ToString());
}
