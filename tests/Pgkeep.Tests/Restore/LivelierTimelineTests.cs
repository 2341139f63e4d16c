using Pgkeep.Postgres;
using Pgkeep.Restore;
using Pgkeep.Tests.Support;
using Xunit;

namespace Pgkeep.Tests.Restore;

/// <summary>Timeline 2 leaves timeline 1 in the segment 3, and was written on until minute 20, in the segment 4.</summary>
public sealed class LivelierTimelineTests : IDisposable
{
    private static readonly DateTimeOffset Noon = new(2025, 1, 8, 12, 0, 0, TimeSpan.Zero);

    private readonly MadeUpArchive _archive = new();

    public void Dispose() => _archive.Dispose();

    [Theory]
    [InlineData(3ul, 30, false)]
    [InlineData(4ul, 19, false)]
    [InlineData(4ul, 30, true)]
    [InlineData(5ul, 30, true)]
    public async Task What_was_written_later_on_another_timeline_is_told(ulong last, int minute, bool isTold)
    {
        await StoreAsync(1, last, minute);

        var told = await FindAsync([]);

        Assert.Equal(isTold, told is not null);
        Assert.Equal(isTold, told?.Contains("--target-timeline 1", StringComparison.Ordinal) ?? false);
    }

    [Fact]
    public async Task A_timeline_that_is_not_meant_is_not_told()
    {
        await StoreAsync(3, 5, 30);

        Assert.NotNull(await FindAsync([]));
        Assert.Null(await FindAsync([new TimelineId(3)]));
    }

    private Task StoreAsync(uint timeline, ulong number, int minute)
    {
        var name = MadeUpArchive.Name(timeline, number);
        return _archive.StoreAsync(name.ToString(), MadeUpArchive.Segment(name), writtenAt: Noon.AddMinutes(minute));
    }

    private async Task<string?> FindAsync(HashSet<TimelineId> passedOver)
    {
        await StoreAsync(2, 4, 20);
        Assert.True(TimelineHistory.TryParse(new TimelineId(2), "1\t0/300100\tno recovery target specified\n", out var history, out _));
        var cancellation = TestContext.Current.CancellationToken;
        return await LivelierTimeline.FindAsync(
            history, await _archive.Archive.ListAsync(cancellation), passedOver, MadeUpArchive.Identity.WalSegmentSize, file => _archive.Archive.ReadWrittenAtAsync(file, cancellation));
    }
}
