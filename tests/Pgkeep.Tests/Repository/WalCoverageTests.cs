using Pgkeep.Postgres;
using Pgkeep.Repository;
using Pgkeep.Storage;
using Xunit;

namespace Pgkeep.Tests.Repository;

/// <summary>Segments of 16 MiB, which their last digits name.</summary>
public sealed class WalCoverageTests
{
    private static readonly TimelineHistory First = TimelineHistory.Initial(TimelineId.First);

    /// <summary>Leaves timeline 1 in the middle of segment 5.</summary>
    private static readonly TimelineHistory Second = History(2, "1\t0/5800000\tno recovery target specified\n");

    [Fact]
    public void Consecutive_segments_are_one_run_and_no_gap()
    {
        var coverage = Coverage([First], "1.1-4");

        Assert.Equal([new WalRun(1, 4)], coverage.RunsOf(TimelineId.First));
        Assert.Empty(coverage.Gaps());
    }

    [Fact]
    public void Every_gap_is_named_with_its_ends_and_its_length()
    {
        var coverage = Coverage([First], "1.1-3", "1.6-6", "1.8-9");

        Assert.Equal(
            ["000000010000000000000004 to 000000010000000000000005 (2 segments)", "000000010000000000000007"],
            coverage.Gaps().Select(gap => gap.ToString()));
    }

    [Fact]
    public void What_lies_before_everything_that_is_stored_is_no_gap()
    {
        Assert.Empty(Coverage([First, Second], "1.3-4", "2.5-7").Gaps());
        Assert.Empty(Coverage([First, Second], "2.6-7").Gaps());
    }

    [Fact]
    public void The_segment_of_a_switch_is_needed_of_the_new_timeline_only()
    {
        Assert.Empty(Coverage([First, Second], "1.1-4", "2.5-6").Gaps());
        Assert.Equal(["000000020000000000000005"], Coverage([First, Second], "1.1-5", "2.6-7").Gaps().Select(gap => gap.ToString()));
    }

    [Fact]
    public void A_timeline_must_reach_the_next_one()
    {
        Assert.Equal(
            ["000000010000000000000003 to 000000010000000000000004 (2 segments)"], Coverage([First, Second], "1.1-2", "2.5-6").Gaps().Select(gap => gap.ToString()));
    }

    [Fact]
    public void A_timeline_of_which_nothing_is_stored_is_a_gap_between_its_neighbours()
    {
        var third = History(3, "1\t0/5800000\tno reason\n2\t0/8000000\tno reason\n");

        Assert.Equal(
            ["000000020000000000000005 to 000000020000000000000007 (3 segments)"], Coverage([First, Second, third], "1.1-4", "3.8-9").Gaps().Select(gap => gap.ToString()));
    }

    [Fact]
    public void A_timeline_that_went_on_after_it_was_left_has_no_gap_for_it()
    {
        Assert.Empty(Coverage([First, Second], "1.1-9", "2.5-6").Gaps());
    }

    [Fact]
    public void A_history_leads_from_timeline_to_timeline_until_something_is_missing()
    {
        var coverage = Coverage([First, Second], "1.1-4", "2.5-6", "2.8-9");

        Assert.Equal("000000020000000000000006", coverage.LastReached(Second, 2)?.ToString());
        Assert.Equal("000000010000000000000004", coverage.LastReached(First, 2)?.ToString());
        Assert.Null(coverage.LastReached(Second, 7));
        Assert.True(coverage.HasFrom(Second, 7));
        Assert.False(coverage.HasFrom(First, 5));
    }

    [Fact]
    public void A_gap_matters_unless_it_lies_before_the_wal_of_every_backup()
    {
        var gap = Coverage([First], "1.1-3", "1.6-9").Gaps()[0];

        Assert.True(gap.LiesBefore(6, WalSegmentSize.Default));
        Assert.False(gap.LiesBefore(5, WalSegmentSize.Default));
        Assert.False(gap.LiesBefore(null, WalSegmentSize.Default));
    }

    [Fact]
    public void A_hundred_thousand_segments_take_a_few_hundred_bytes_each()
    {
        // Of this thread: other tests run beside it.
        var before = GC.GetAllocatedBytesForCurrentThread();

        var inventory = WalInventory.Of(Listing(100_000));
        var coverage = new WalCoverage(inventory, new Dictionary<TimelineId, TimelineHistory> { [TimelineId.First] = First }, WalSegmentSize.Default);

        Assert.Equal(10, coverage.Gaps().Count);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 150_000_000);
        Assert.Equal(99_990, inventory.SegmentsOf(TimelineId.First).Count);
    }

    [Fact]
    public void Names_that_are_no_wal_are_counted_and_nothing_else()
    {
        var inventory = Inventory("000000010000000000000001.gz", "000000010000000000000001.gz.bak", "README", "archive.log", "repository.json", "0000000100000000000000XX.gz", "00000002.history.gz");

        Assert.Equal(3, inventory.ForeignFiles);
        Assert.Equal(2, inventory.Files.Count());
    }

    private static IEnumerable<StoredObject> Listing(int count) => Enumerable.Range(1, count)
        .Where(number => number % 10_000 != 5000)
        .Select(number => new StoredObject($"{WalSegmentName.FromNumber(TimelineId.First, (ulong)number, WalSegmentSize.Default)}.gz", 1000, DateTimeOffset.UnixEpoch));

    private static WalInventory Inventory(params string[] names) => WalInventory.Of(names.Select(name => new StoredObject(name, 1000, DateTimeOffset.UnixEpoch)));

    /// <param name="ranges">Such as <c>1.3-4</c>: timeline, first and last number.</param>
    private static WalCoverage Coverage(TimelineHistory[] histories, params string[] ranges)
    {
        var names = ranges.SelectMany(range =>
        {
            var parts = range.Split('.', '-').Select(uint.Parse).ToArray();
            return Enumerable.Range((int)parts[1], (int)(parts[2] - parts[1] + 1)).Select(number => $"{parts[0]:X8}{0:X8}{number:X8}.gz");
        });
        return new WalCoverage(Inventory([.. names]), histories.ToDictionary(history => history.Timeline), WalSegmentSize.Default);
    }

    private static TimelineHistory History(uint timeline, string text) =>
        TimelineHistory.TryParse(new TimelineId(timeline), text, out var history, out var problem) ? history : throw new ArgumentException(problem, nameof(text));
}
