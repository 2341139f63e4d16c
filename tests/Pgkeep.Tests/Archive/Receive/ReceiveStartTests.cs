using Pgkeep.Archive.Receive;
using Pgkeep.Postgres;
using Pgkeep.Repository;
using Pgkeep.Storage;
using Xunit;

namespace Pgkeep.Tests.Archive.Receive;

public sealed class ReceiveStartTests
{
    private static readonly WalSegmentSize Size = new(1024 * 1024);
    private static readonly TimelineHistory First = TimelineHistory.Initial(TimelineId.First);

    /// <summary>Timeline 2 left timeline 1 at 0/534567.</summary>
    private static readonly TimelineHistory Second = History(2, "1\t0/534567\tno recovery target specified\n");

    [Theory]
    [InlineData("0/512345", "0/500000")]
    [InlineData("0/500000", "0/500000")]
    public void With_nothing_stored_it_begins_with_the_slots_segment(string origin, string from)
    {
        var start = Plan(First, [], [], origin: origin);

        Assert.True(start.IsFirst);
        Assert.Equal((TimelineId.First, Lsn.Parse(from), Lsn.Parse(from)), (start.Timeline, start.From, start.KeptUntil));
    }

    [Fact]
    public void With_an_archive_it_begins_behind_the_last_segment()
    {
        var start = Plan(First, [], ["000000010000000000000003", "000000010000000000000004"], origin: "0/900000");

        Assert.False(start.IsFirst);
        Assert.Equal((Lsn.Parse("0/500000"), Lsn.Parse("0/500000")), (start.From, start.KeptUntil));
    }

    [Theory]
    // The server was told less than what the pages show: a power cut may have taken the rest.
    [InlineData("0/512345", "0/512000", "0/512345")]
    // It was told more, by another receiver of the slot: here is what is here.
    [InlineData("0/600000", "0/52C000", "0/52E000")]
    // Told of an earlier segment alone, or by nobody: nothing of this one is proven.
    [InlineData("0/4FFFFF", "0/500000", "0/500000")]
    [InlineData("0/500000", "0/500000", "0/500000")]
    [InlineData(null, "0/500000", "0/500000")]
    public void A_sound_segment_goes_on_behind_what_was_acknowledged(string? durable, string from, string kept)
    {
        var start = Plan(First, [Received("000000010000000000000005", "0/52E000")], ["000000010000000000000004"], durable);

        Assert.Equal((Lsn.Parse(from), Lsn.Parse(kept)), (start.From, start.KeptUntil));
    }

    [Fact]
    public void A_segment_with_something_behind_its_end_is_received_again()
    {
        var start = Plan(First, [Received("000000010000000000000005", "0/52E000", isSound: false)], [], "0/520000");

        Assert.Equal((Lsn.Parse("0/500000"), Lsn.Parse("0/500000")), (start.From, start.KeptUntil));
    }

    [Fact]
    public void An_old_timeline_is_received_up_to_the_segment_in_which_it_ended()
    {
        var start = Plan(Second, [Received("000000010000000000000004", "0/42E000")], [], "0/42E000");

        Assert.Equal((TimelineId.First, Lsn.Parse("0/42E000")), (start.Timeline, start.KeptUntil));
    }

    [Theory]
    // The record that ended it may end in zeros, and the slot may be a new one, on a page behind.
    [InlineData("0/534560", "0/538028", false)]
    [InlineData("0/534567", "0/534567", false)]
    [InlineData("0/52E000", "0/52E000", false)]
    // More of the old timeline than the new one has of it.
    [InlineData("0/538000", "0/538000", true)]
    public void In_that_segment_the_new_timeline_begins(string end, string durable, bool isDiverged)
    {
        var start = Plan(Second, [Received("000000010000000000000005", end)], [], durable);

        Assert.Equal((new TimelineId(2), Lsn.Parse("0/500000"), Lsn.Parse("0/500000")), (start.Timeline, start.From, start.KeptUntil));
        Assert.Equal(isDiverged, start.Diverged is not null);
    }

    [Fact]
    public void An_archived_segment_in_which_the_timeline_ended_leads_to_the_new_one()
    {
        var start = Plan(Second, [], ["000000010000000000000005"]);

        Assert.Equal((new TimelineId(2), Lsn.Parse("0/500000")), (start.Timeline, start.From));
    }

    [Fact]
    public void A_timeline_that_ended_with_its_segment_leads_to_the_next_segment()
    {
        var start = Plan(History(2, "1\t0/600000\tx\n"), [], ["000000010000000000000005"]);

        Assert.Equal((new TimelineId(2), Lsn.Parse("0/600000")), (start.Timeline, start.From));
    }

    [Fact]
    public void What_is_on_another_way_decides_nothing()
    {
        var start = Plan(Second, [Received("000000010000000000000009", "0/912345")], ["000000020000000000000005", "000000030000000000000007"]);

        Assert.Equal((new TimelineId(2), Lsn.Parse("0/600000")), (start.Timeline, start.From));
    }

    [Theory]
    [InlineData("pgkeep_2", true)]
    [InlineData("", false)]
    [InlineData("a b", false)]
    [InlineData("A", false)]
    [InlineData("../x", false)]
    public void A_slots_name_is_what_PostgreSQL_takes(string name, bool isGood) =>
        Assert.Equal(isGood, Record.Exception(() => SlotName.Require(name)) is null);

    private static ReceiveStart Plan(TimelineHistory history, ReceivedSegment[] received, string[] archived, string? durable = null, string origin = "0/500000") => ReceiveStart.Plan(
        history,
        Size,
        received,
        WalInventory.Of(archived.Select(name => new StoredObject(name + ".gz", 1, DateTimeOffset.UnixEpoch))),
        durable is null ? null : Lsn.Parse(durable),
        Lsn.Parse(origin));

    private static ReceivedSegment Received(string name, string end, bool isSound = true) =>
        new(WalSegmentName.TryParse(name, out var segment) ? segment : throw new ArgumentException(name), name, new WalSegmentExtent(Lsn.Parse(end), isSound));

    private static TimelineHistory History(uint timeline, string text) =>
        TimelineHistory.TryParse(new TimelineId(timeline), text, out var history, out var problem) ? history : throw new ArgumentException(problem);
}
