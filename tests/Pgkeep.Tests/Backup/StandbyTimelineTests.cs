using Pgkeep.Backup;
using Pgkeep.Diagnostics;
using Pgkeep.Postgres;
using Pgkeep.Tests.Support;
using Xunit;

namespace Pgkeep.Tests.Backup;

/// <summary>Timeline 2 begins at 0/5800000, in the middle of segment 5.</summary>
public sealed class StandbyTimelineTests
{
    private const string Switch = "1\t0/5800000\tno recovery target specified\n";

    [Theory]
    [InlineData("0/5800001", "000000020000000000000005")]
    [InlineData("0/6000000", "000000020000000000000005")]
    [InlineData("0/6000001", "000000020000000000000006")]
    public void WAL_behind_the_switch_is_the_new_timeline_s(string stop, string segment)
    {
        var failure = Assert.Throws<PgkeepException>(() => Require(stop, [History(2, Switch)], segment));

        Assert.Equal(ErrorKind.ServerUnsuitable, failure.Kind);
        Assert.Contains("from timeline 1 to 2", failure.Message, StringComparison.Ordinal);
        Assert.Contains($"ends at 0/5800000, and WAL is replayed up to {stop}", failure.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("0/5000000")]
    [InlineData("0/5800000")]
    public void Up_to_the_switch_it_is_common_to_both(string stop) => Require(stop, [History(2, Switch)], "000000010000000000000005", "000000020000000000000005");

    [Fact]
    public void A_switch_of_the_second_next_timeline_counts_as_well() => Assert.Throws<PgkeepException>(
        () => Require("0/6800000", [History(3, Switch + "2\t0/6400000\tx\n")], "000000030000000000000006"));

    [Fact]
    public void A_history_alone_is_of_a_restore_that_was_undone() => Require("0/6800000", [History(2, Switch)], "000000010000000000000006", "000000020000000000000005");

    [Fact]
    public void Other_pasts_do_not_concern_it() => Require("0/6800000", [History(3, "2\t0/5800000\tx\n")], "000000030000000000000006");

    private static void Require(string stop, TimelineHistory[] histories, params string[] segments) =>
        StandbyTimeline.Require(TimelineId.First, Lsn.Parse(stop), WalSegmentSize.Default, histories, segments.Select(SampleMetadata.Segment).ToHashSet());

    private static TimelineHistory History(uint timeline, string text) =>
        TimelineHistory.TryParse(new TimelineId(timeline), text, out var history, out var problem) ? history : throw new ArgumentException(problem, nameof(text));
}
