using Pgkeep.Diagnostics;
using Pgkeep.Postgres;
using Pgkeep.Repository;
using Pgkeep.Restore;
using Pgkeep.Storage;
using Pgkeep.Tests.Support;
using Xunit;

namespace Pgkeep.Tests.Restore;

public sealed class WalChainTests
{
    private static readonly TimelineHistory First = TimelineHistory.Initial(TimelineId.First);

    /// <summary>Timeline 2 leaves 1 in the middle of segment 5.</summary>
    private static readonly TimelineHistory Second = History(2, "1\t0/5800000\tno recovery target specified\n");

    [Fact]
    public void The_chain_goes_from_the_backup_s_start_to_the_last_stored_segment()
    {
        var chain = Prove(First, "000000010000000000000001", "000000010000000000000002", "000000010000000000000003", "000000010000000000000004");

        Assert.Equal(("000000010000000000000002", "000000010000000000000004", 3), (chain.First.ToString(), chain.Last.ToString(), chain.Count));
    }

    [Theory]
    [InlineData("000000010000000000000002")]
    [InlineData("000000010000000000000003")]
    [InlineData("000000010000000000000004")]
    public void A_missing_segment_is_named(string missing)
    {
        string[] all = ["000000010000000000000002", "000000010000000000000003", "000000010000000000000004", "000000010000000000000005"];

        var failure = Assert.Throws<PgkeepException>(() => Prove(First, [.. all.Except([missing])]));

        Assert.Equal(ErrorKind.WalMissing, failure.Kind);
        Assert.Contains(missing, failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void What_lies_outside_the_archive_closes_a_hole()
    {
        var others = new HashSet<WalSegmentName> { SampleMetadata.Segment("000000010000000000000003") };

        var chain = WalChain.Prove(SampleMetadata.Create(), First, Inventory("000000010000000000000002", "000000010000000000000004"), others, name => name);

        Assert.Equal("000000010000000000000004", chain.Last.ToString());
    }

    [Fact]
    public void A_last_segment_that_the_backup_has_in_part_may_end_the_chain()
    {
        var chain = ProveInPart("000000010000000000000002");

        Assert.Equal("000000010000000000000003", chain.Last.ToString());
    }

    [Fact]
    public void What_the_backup_has_in_part_leads_no_further()
    {
        var failure = Assert.Throws<PgkeepException>(() => ProveInPart("000000010000000000000002", "000000010000000000000004"));

        Assert.Equal(ErrorKind.WalMissing, failure.Kind);
        Assert.Contains("000000010000000000000003\" is missing, and later segments are stored", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_archives_own_copy_of_that_segment_leads_further()
    {
        var chain = ProveInPart("000000010000000000000002", "000000010000000000000003", "000000010000000000000004");

        Assert.Equal("000000010000000000000004", chain.Last.ToString());
    }

    [Fact]
    public void At_a_switch_the_newer_timeline_s_segment_takes_over()
    {
        var chain = Prove(
            Second,
            "000000010000000000000002",
            "000000010000000000000003",
            "000000010000000000000004",
            "000000020000000000000005",
            "000000020000000000000006");

        Assert.Equal(("000000020000000000000006", 5), (chain.Last.ToString(), chain.Count));
    }

    [Fact]
    public void What_the_old_timeline_wrote_after_the_switch_does_not_count()
    {
        var chain = Prove(
            Second,
            "000000010000000000000002",
            "000000010000000000000003",
            "000000010000000000000004",
            "000000010000000000000005",
            "000000010000000000000007",
            "000000020000000000000005");

        Assert.Equal("000000020000000000000005", chain.Last.ToString());
    }

    [Fact]
    public void A_hole_right_after_a_switch_is_one_of_the_newer_timeline()
    {
        var failure = Assert.Throws<PgkeepException>(() => Prove(
            Second, "000000010000000000000002", "000000010000000000000003", "000000010000000000000004", "000000020000000000000005", "000000020000000000000007"));

        Assert.Contains("000000020000000000000006", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_newest_timeline_through_the_backup_is_chosen()
    {
        var chosen = await ChooseAsync([Second, History(3, "1\t0/1000000\tbefore the backup\n")], []);

        Assert.Equal(2u, chosen.Value);
    }

    [Fact]
    public async Task A_timeline_of_an_undone_restore_and_its_children_are_passed_over()
    {
        var chosen = await ChooseAsync([Second, History(3, "1\t0/5800000\tx\n2\t0/6000000\tx\n"), History(4, "1\t0/7000000\tx\n")], [2]);
        var none = await ChooseAsync([Second, History(3, "1\t0/5800000\tx\n2\t0/6000000\tx\n")], [2]);

        Assert.Equal((4u, 1u), (chosen.Value, none.Value));
    }

    [Theory]
    [InlineData("0/2000028", 0)]
    [InlineData("0/2800000", 1)]
    [InlineData("0/3000100", 0)]
    public async Task A_timeline_that_left_inside_the_backup_is_told(string end, int told)
    {
        var left = new List<TimelineHistory>();

        var chosen = await ChooseAsync([History(2, $"1\t{end}\tx\n")], [], left);

        Assert.Equal((end == "0/3000100" ? 2u : 1u, told), (chosen.Value, left.Count));
    }

    [Fact]
    public async Task Of_one_that_is_passed_over_nothing_is_told()
    {
        var left = new List<TimelineHistory>();

        await ChooseAsync([History(2, "1\t0/2800000\tx\n")], [2], left);

        Assert.Empty(left);
    }

    [Fact]
    public void The_old_timeline_s_half_of_a_segment_leads_to_no_later_one()
    {
        var failure = Assert.Throws<PgkeepException>(() => Prove(
            Second,
            "000000010000000000000002",
            "000000010000000000000003",
            "000000010000000000000004",
            "000000010000000000000005",
            "000000020000000000000006"));

        Assert.Contains("000000020000000000000005", failure.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(null)]
    [InlineData(null, "000000010000000000000002", "000000010000000000000003")]
    [InlineData("000000010000000000000004 there", "000000010000000000000004")]
    [InlineData("000000010000000000000004 missing", "000000010000000000000005")]
    public void A_backup_without_archiving_is_continued_where_the_archive_goes_on(string? expected, params string[] archived) =>
        Assert.Equal(expected, Continuation(First, BackupMetadata.FromPrimary, archived));

    [Theory]
    [InlineData("0/4000000", "000000020000000000000004 there", "000000020000000000000004")]
    [InlineData("0/4000000", "000000020000000000000004 missing", "000000020000000000000005")]
    [InlineData("0/4000000", null, "000000010000000000000004", "000000010000000000000005")]
    [InlineData("0/3000100", "000000020000000000000003 there", "000000020000000000000003")]
    [InlineData("0/3000100", "000000020000000000000003 missing", "000000010000000000000003", "000000020000000000000004")]
    public void And_along_a_newer_timeline(string begin, string? expected, params string[] archived) =>
        Assert.Equal(expected, Continuation(History(2, $"1\t{begin}\tx\n"), BackupMetadata.FromPrimary, archived));

    [Theory]
    [InlineData("000000010000000000000003 there", "000000010000000000000003")]
    [InlineData("000000010000000000000003 missing", "000000010000000000000004")]
    public void One_that_ends_in_part_is_continued_by_that_segment(string? expected, params string[] archived) =>
        Assert.Equal(expected, Continuation(First, BackupMetadata.FromStandby, archived));

    private static string? Continuation(TimelineHistory history, string from, string[] archived)
    {
        HashSet<WalSegmentName> own = [SampleMetadata.Segment("000000010000000000000002")];
        if (from == BackupMetadata.FromPrimary)
        {
            own.Add(SampleMetadata.Segment("000000010000000000000003"));
        }

        return WalChain.FindContinuation(SampleMetadata.Create() with { BackupFrom = from }, history, Inventory(archived), own) is { } found
            ? $"{found.First} {(found.IsThere ? "there" : "missing")}"
            : null;
    }

    private static async Task<TimelineId> ChooseAsync(TimelineHistory[] histories, uint[] abandoned, List<TimelineHistory>? left = null)
    {
        var all = histories.Append(First).ToDictionary(history => history.Timeline);
        var chosen = await WalChain.ChooseTimelineAsync(
            SampleMetadata.Create(), all.Keys.Max(), abandoned.Select(number => new TimelineId(number)).ToHashSet(), timeline => ValueTask.FromResult(all[timeline]), left ?? []);
        return chosen.Timeline;
    }

    /// <summary>Of a backup from a standby, which does not have the end of segment 3.</summary>
    private static WalChain ProveInPart(params string[] archived) => WalChain.Prove(
        SampleMetadata.Create() with { BackupFrom = BackupMetadata.FromStandby }, First, Inventory(archived), new HashSet<WalSegmentName>(), name => name);

    private static WalChain Prove(TimelineHistory history, params string[] stored) =>
        WalChain.Prove(SampleMetadata.Create(), history, Inventory(stored), new HashSet<WalSegmentName>(), name => name);

    private static WalInventory Inventory(params string[] stored) =>
        WalInventory.Of(stored.Order(StringComparer.Ordinal).Select(name => new StoredObject(name + ".gz", 1, DateTimeOffset.UnixEpoch)));

    private static TimelineHistory History(uint timeline, string text) =>
        TimelineHistory.TryParse(new TimelineId(timeline), text, out var history, out var problem) ? history : throw new ArgumentException(problem, nameof(text));
}
