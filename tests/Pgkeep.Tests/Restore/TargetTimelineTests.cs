using Pgkeep.Postgres;
using Pgkeep.Repository;
using Pgkeep.Restore;
using Pgkeep.Tests.Support;
using Xunit;

namespace Pgkeep.Tests.Restore;

/// <summary>Of a backup in the segments 2 and 3 of timeline 1, and a target on that timeline.</summary>
public sealed class TargetTimelineTests
{
    private const string All = "no recovery target specified";
    private const string Told = "before 2026-11-23 06:34:01.13131+00";

    [Theory]
    [InlineData("1/4 2/5", "2")]
    [InlineData("1/4 1/5 2/5", null)]
    [InlineData("1/4", null)]
    [InlineData("1/4 2/6", null)]
    [InlineData("2/5", null)]
    [InlineData("1/4 1/6 2/5", null)]
    public async Task It_is_followed_where_it_alone_has_the_end_of_the_one_before(string stored, string? expected) =>
        Assert.Equal(expected, await FindAsync(stored, "2/5", History(2, "1\t0/5800000", All)));

    [Theory]
    [InlineData("0/5800000", null)]
    [InlineData("0/5700000", "2")]
    [InlineData("0/5900000", null)]
    public async Task A_part_of_that_segment_that_goes_far_enough_is_enough(string received, string? expected) =>
        Assert.Equal(expected, await FindAsync("1/4 2/5", "2/5", [History(2, "1\t0/5800000", All)], ("1/5", received)));

    [Fact]
    public async Task A_part_of_the_next_timeline_s_segment_that_ends_before_the_switch_leads_nowhere() =>
        Assert.Null(await FindAsync("1/4", "2/5", [History(2, "1\t0/5800000", All)], ("2/5", "0/5700000")));

    [Fact]
    public async Task Where_a_timeline_ends_with_a_segment_no_other_has_it() => Assert.Null(await FindAsync("1/3 2/5", "2/5", History(2, "1\t0/5000000", All)));

    [Fact]
    public async Task It_is_not_where_the_last_segment_has_a_later_moment_already() =>
        Assert.Null(await FindAsync("1/4 2/5", "1/4 2/5", History(2, "1\t0/5800000", All)));

    [Theory]
    [InlineData(All, "", "2 unproven")]
    [InlineData(Told, "", null)]
    [InlineData(Told, "2/5", "2")]
    public async Task Without_a_later_moment_before_the_switch_only_one_that_took_all_WAL_is_followed(string reason, string later, string? expected) =>
        Assert.Equal(expected, await FindAsync("1/4 2/5", later, History(2, "1\t0/5800000", reason)));

    [Theory]
    [InlineData("2/3", "0/3000200", null)]
    [InlineData("1/4 2/5", "0/5800000", "2 unproven")]
    public async Task Nor_where_nothing_was_archived_behind_the_backup(string stored, string end, string? expected) =>
        Assert.Equal(expected, await FindAsync(stored, "", [History(2, $"1\t{end}", All)], Backup() with { Wal = BackupMetadata.WalFromSlot }));

    [Fact]
    public async Task Of_two_the_one_is_followed_that_left_last()
    {
        var second = History(2, "1\t0/5800000", All);
        var third = History(3, "1\t0/5800000\tx\n2\t0/5700000", Told);

        Assert.Equal("2", await FindAsync("1/4 2/5 3/5", "2/5 3/5", third, second));
    }

    [Fact]
    public async Task Of_a_chain_the_first_one_whose_segment_is_there()
    {
        var second = History(2, "1\t0/5800000", All);
        var third = History(3, $"1\t0/5800000\t{All}\n2\t0/5900000", All);

        Assert.Equal(("2", "3"), (await FindAsync("1/4 2/5 3/5", "2/5 3/5", second, third), await FindAsync("1/4 3/5", "3/5", second, third)));
    }

    [Fact]
    public async Task One_that_took_less_is_not_taken_for_one_whose_WAL_is_lost()
    {
        var second = History(2, "1\t0/5800000", All);
        var third = History(3, "1\t0/5700000", All);

        Assert.Equal((null, "3"), (await FindAsync("1/4 3/5", "", second, third), await FindAsync("1/4 3/5", "3/5", second, third)));
    }

    private static Task<string?> FindAsync(string stored, string later, params TimelineHistory[] histories) => FindAsync(stored, later, histories, Backup());

    private static Task<string?> FindAsync(string stored, string later, TimelineHistory[] histories, (string Name, string End) part) => FindAsync(stored, later, histories, Backup(), part);

    /// <param name="stored">Timeline and number of each whole segment.</param>
    /// <param name="later">Those that have a moment later than the target.</param>
    private static async Task<string?> FindAsync(string stored, string later, TimelineHistory[] histories, BackupMetadata backup, (string Name, string End)? part = null)
    {
        var (size, known) = (WalSegmentSize.Default, TimelineHistory.Initial(TimelineId.First));
        var ends = Segments(stored).ToDictionary(segment => segment, segment => segment.StartLsn(size) + size.Bytes);
        if (part is { } given)
        {
            ends.Add(Assert.Single(Segments(given.Name)), Lsn.Parse(given.End));
        }

        var moments = Segments(later).ToHashSet();
        var found = await TargetTimeline.FindAsync(
            backup,
            known,
            ends.Keys.Where(segment => segment.Timeline == TimelineId.First).Order().Cast<WalSegmentName?>().LastOrDefault(),
            histories,
            segment => ends.TryGetValue(segment, out var end) ? end : null,
            (segment, _) => ValueTask.FromResult(moments.Contains(segment)));
        return found is null ? null : $"{found.History.Timeline}{(found.IsProven ? "" : " unproven")}";
    }

    private static BackupMetadata Backup() => SampleMetadata.Create();

    private static IEnumerable<WalSegmentName> Segments(string text) => text.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(entry =>
        SampleMetadata.Segment($"0000000{entry[0]}00000000000000{entry[2..].PadLeft(2, '0')}"));

    private static TimelineHistory History(uint timeline, string lines, string reason) =>
        TimelineHistory.TryParse(new TimelineId(timeline), $"{lines}\t{reason}\n", out var history, out var problem) ? history : throw new ArgumentException(problem, nameof(lines));
}
