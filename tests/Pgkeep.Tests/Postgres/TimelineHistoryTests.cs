using System.Text;
using Pgkeep.Postgres;
using Xunit;

namespace Pgkeep.Tests.Postgres;

public sealed class TimelineHistoryTests
{
    private const string Plain = "1\t0/3000000\tno recovery target specified\n\n2\t0/5000000\tbefore 2026-11-22 19:43:05.1+00\n";

    // Written by PostgreSQL 15: recovery along timeline 2 ended before the position at which 2 had left 1.
    private const string Backwards =
        "1\t0/80000F8\tat restore point \"late\"\n\n"
        + "2\t0/7026648\tat restore point \"early\"\n\n"
        + "3\t0/7027548\tat restore point \"later2\"\n";

    [Fact]
    public void Each_line_is_a_switch_with_its_reason()
    {
        var history = Parse(3, Plain);

        Assert.Equal(new TimelineId(3), history.Timeline);
        Assert.Equal(
            [
                new TimelineSwitch(new TimelineId(1), Lsn.Parse("0/3000000"), "no recovery target specified"),
                new TimelineSwitch(new TimelineId(2), Lsn.Parse("0/5000000"), "before 2026-11-22 19:43:05.1+00"),
            ],
            history.Switches);
    }

    [Theory]
    [InlineData("")]
    [InlineData("\n\n")]
    [InlineData("# a comment\n   # another\n")]
    public void A_file_without_lines_is_a_timeline_without_ancestors(string text) => Assert.Empty(Parse(2, text).Switches);

    [Theory]
    [InlineData("  1 \t 0/3000000")]
    [InlineData("1 0/3000000 reason\r\n")]
    public void White_space_may_differ(string text)
    {
        var entry = Assert.Single(Parse(2, text).Switches);

        Assert.Equal((new TimelineId(1), Lsn.Parse("0/3000000")), (entry.Timeline, entry.SwitchPoint));
    }

    [Theory]
    [InlineData("at restore point \"a\u2028b\u0085\fc\"")]
    [InlineData("")]
    public void A_reason_is_any_text_in_one_line(string reason) =>
        Assert.Equal(reason, Assert.Single(Parse(2, $"1\t0/3000000\t{reason}\n").Switches).Reason);

    [Theory]
    [InlineData(2u, "x", "the history of timeline 2 has the line \"x\"")]
    [InlineData(2u, "1", "the history of timeline 2 has the line \"1\"")]
    [InlineData(2u, "1 3000000", "the history of timeline 2 has the line \"1 3000000\"")]
    [InlineData(2u, "0\t0/3000000", "the history of timeline 2 has the line \"0\t0/3000000\"")]
    [InlineData(2u, "-1\t0/3000000", "the history of timeline 2 has the line \"-1\t0/3000000\"")]
    [InlineData(9u, "2\t0/3\n1\t0/4", "the history of timeline 9 has 1 after 2")]
    [InlineData(9u, "2\t0/3\n2\t0/4", "the history of timeline 9 has 2 after 2")]
    [InlineData(2u, "2\t0/3", "the history of timeline 2 has 2 as its parent")]
    public void What_the_server_refuses_is_a_problem(uint timeline, string text, string expected)
    {
        Assert.False(TimelineHistory.TryParse(new TimelineId(timeline), text, out var history, out var problem));
        Assert.Null(history);
        Assert.Equal(expected, problem);
    }

    [Theory]
    [InlineData("0/0", 1u)]
    [InlineData("0/2FFFFFF", 1u)]
    [InlineData("0/3000000", 2u)]
    [InlineData("0/4FFFFFF", 2u)]
    [InlineData("0/5000000", 3u)]
    [InlineData("FF/0", 3u)]
    public void A_switch_point_belongs_to_the_timeline_that_begins_there(string position, uint expected) =>
        Assert.Equal(new TimelineId(expected), Parse(3, Plain).TimelineAt(Lsn.Parse(position)));

    [Theory]
    [InlineData(1u, "0/0", "0/3000000")]
    [InlineData(2u, "0/3000000", "0/5000000")]
    [InlineData(3u, "0/5000000", null)]
    [InlineData(4u, null, null)]
    public void Every_timeline_begins_where_its_parent_ends(uint timeline, string? begin, string? end)
    {
        var history = Parse(3, Plain);

        Assert.Equal(begin, history.BeginOf(new TimelineId(timeline))?.ToString());
        Assert.Equal(end, history.EndOf(new TimelineId(timeline))?.ToString());
    }

    [Theory]
    [InlineData(1u, "0/0", "0/7026648")]
    [InlineData(2u, "0/7026648", "0/7026648")]
    [InlineData(3u, "0/7026648", "0/7027548")]
    [InlineData(4u, "0/7027548", null)]
    public void A_switch_to_an_earlier_position_shortens_the_timelines_before_it(uint timeline, string? begin, string? end)
    {
        var history = Parse(4, Backwards);

        Assert.Equal(begin, history.BeginOf(new TimelineId(timeline))?.ToString());
        Assert.Equal(end, history.EndOf(new TimelineId(timeline))?.ToString());
    }

    [Theory]
    [InlineData(1u, "0/2000000", true)]
    [InlineData(1u, "0/3000000", true)]
    [InlineData(1u, "0/3000001", false)]
    [InlineData(2u, "0/2FFFFFF", false)]
    [InlineData(2u, "0/3000000", true)]
    [InlineData(3u, "9/0", true)]
    [InlineData(4u, "9/0", false)]
    public void A_position_is_on_the_history_up_to_where_its_timeline_was_left(uint timeline, string position, bool expected) =>
        Assert.Equal(expected, Parse(3, Plain).Contains(new TimelineId(timeline), Lsn.Parse(position)));

    [Fact]
    public void The_first_timeline_has_everything()
    {
        var history = TimelineHistory.Initial(TimelineId.First);

        Assert.Equal(TimelineId.First, history.TimelineAt(Lsn.Parse("0/0")));
        Assert.Equal("0/0", history.BeginOf(TimelineId.First).ToString());
        Assert.Null(history.EndOf(TimelineId.First));
        Assert.True(history.Contains(TimelineId.First, Lsn.Parse("FF/0")));
        Assert.False(history.Contains(new TimelineId(2), Lsn.Parse("FF/0")));
    }

    [Fact]
    public void The_timeline_of_a_position_is_the_one_that_the_server_finds()
    {
        var random = new Random(3);
        Assert.All(Enumerable.Range(0, 1_000), _ =>
        {
            var switches = Enumerable.Range(1, random.Next(6))
                .Select(id => new TimelineSwitch(new TimelineId((uint)id), new Lsn((ulong)random.Next(1, 20)), ""))
                .ToList();
            var history = new TimelineHistory(new TimelineId((uint)switches.Count + 1), switches);

            Assert.All(Enumerable.Range(0, 25), position =>
                Assert.Equal(AsTheServerSearches(history, new Lsn((ulong)position)), history.TimelineAt(new Lsn((ulong)position))));
        });
    }

    [Fact]
    public void A_file_cut_anywhere_or_damaged_never_throws()
    {
        var bytes = Encoding.ASCII.GetBytes(Backwards);
        var damaged = Enumerable.Range(0, bytes.Length).Select(length => bytes[..length]).Concat(Mutation.Of(bytes, 5_000));

        Assert.All(damaged, content =>
        {
            var parsed = TimelineHistory.TryParse(new TimelineId(4), Encoding.UTF8.GetString(content), out var history, out var problem);

            Assert.Equal(parsed, history is not null);
            Assert.Equal(parsed, problem.Length == 0);
        });
    }

    // tliOfPointInHistory: newest first, by the switch points as they are written.
    private static TimelineId AsTheServerSearches(TimelineHistory history, Lsn position)
    {
        for (var i = history.Switches.Count; i > 0; i--)
        {
            if (history.Switches[i - 1].SwitchPoint <= position
                && (i == history.Switches.Count || position < history.Switches[i].SwitchPoint))
            {
                return i == history.Switches.Count ? history.Timeline : history.Switches[i].Timeline;
            }
        }

        return history.Switches is [var oldest, ..] ? oldest.Timeline : history.Timeline;
    }

    private static TimelineHistory Parse(uint timeline, string text)
    {
        Assert.True(TimelineHistory.TryParse(new TimelineId(timeline), text, out var history, out var problem), problem);
        return history!;
    }
}
