using Pgkeep.Postgres;
using Pgkeep.Repository;
using Pgkeep.Retention;
using Pgkeep.Tests.Support;
using Xunit;

namespace Pgkeep.Tests.Retention;

public sealed class RetentionPolicyTests
{
    private static readonly DateTimeOffset Now = new(2025, 1, 20, 12, 0, 0, TimeSpan.Zero);
    private static readonly Dictionary<TimelineId, TimelineHistory?> FirstTimeline = new() { [TimelineId.First] = TimelineHistory.Initial(TimelineId.First) };

    public static TheoryData<int> Seeds => [.. Enumerable.Range(0, 300)];

    [Fact]
    public void Daily_backups_keep_those_of_the_window_and_the_one_before_it()
    {
        var backups = Enumerable.Range(0, 10).Select(age => MadeUpBackup.Usable(100 - age, Now.AddDays(-age - 0.5))).ToList();

        var kept = Kept(backups, days: 3);

        Assert.Equal(backups.Take(4).Select(backup => backup.Name), kept.Select(backup => backup.Name));
    }

    [Fact]
    public void The_only_backup_stays_whatever_its_age()
    {
        var only = MadeUpBackup.Usable(1, Now.AddDays(-400));

        Assert.Equal([only], Kept([only], days: 1));
    }

    [Fact]
    public void Times_count_and_not_names()
    {
        var old = MadeUpBackup.Usable(9, Now.AddDays(-30));
        var middle = MadeUpBackup.Usable(5, Now.AddDays(-20));
        var young = MadeUpBackup.Usable(1, Now.AddHours(-1));

        Assert.Equal([middle, young], Kept([old, middle, young], days: 7));
    }

    [Fact]
    public void A_zone_does_not_move_the_window()
    {
        var justInside = MadeUpBackup.Usable(2, (Now.AddDays(-7) + TimeSpan.FromMinutes(1)).ToOffset(TimeSpan.FromHours(-11)));
        var before = MadeUpBackup.Usable(1, (Now.AddDays(-7) - TimeSpan.FromMinutes(1)).ToOffset(TimeSpan.FromHours(14)));
        var older = MadeUpBackup.Usable(0, (Now.AddDays(-7) - TimeSpan.FromMinutes(2)).ToOffset(TimeSpan.FromHours(14)));

        Assert.Equal([before, justInside], Kept([older, before, justInside], days: 7));
    }

    [Fact]
    public void Backups_of_another_cluster_stay_and_do_not_count()
    {
        var own = MadeUpBackup.Usable(1, Now.AddDays(-30));
        var foreign = MadeUpBackup.Usable(2, Now.AddDays(-1), cluster: new SystemIdentifier(2));

        Assert.Equal([own, foreign], Kept([own, foreign], days: 7));
    }

    [Fact]
    public void An_unusable_directory_stays_while_nothing_usable_is_newer()
    {
        var own = MadeUpBackup.Usable(1, Now.AddDays(-30));
        var broken = MadeUpBackup.Unusable(2, Now.AddDays(-20));

        var decisions = Decide([own, broken], 7);

        Assert.All(decisions, decision => Assert.True(decision.IsKept));
        Assert.Contains("nothing usable is newer", decisions[1].Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void Without_a_usable_backup_nothing_goes()
    {
        Assert.All(Decide([MadeUpBackup.Unusable(1, Now.AddDays(-90))], 1), decision => Assert.True(decision.IsKept));
    }

    [Fact]
    public void A_backup_with_findings_does_not_push_out_the_clean_one_before_it()
    {
        var clean = MadeUpBackup.Usable(1, Now.AddDays(-11));
        var suspect = MadeUpBackup.Usable(2, Now.AddDays(-10), findings: "3 pages are damaged");
        var young = MadeUpBackup.Usable(3, Now.AddDays(-1));

        Assert.Equal([clean, suspect, young], Kept([clean, suspect, young], days: 7));
    }

    [Fact]
    public void A_backup_without_archiving_does_not_push_out_the_one_that_leads_into_the_window()
    {
        var leading = MadeUpBackup.Usable(1, Now.AddDays(-11));
        var alone = MadeUpBackup.Usable(2, Now.AddDays(-10), wal: BackupMetadata.WalFromSlot);
        var young = MadeUpBackup.Usable(3, Now.AddDays(-1));

        Assert.Equal([leading, alone, young], Kept([leading, alone, young], days: 7));
    }

    [Fact]
    public void What_a_kept_backup_builds_on_stays()
    {
        var full = MadeUpBackup.Usable(1, Now.AddDays(-40));
        var middle = MadeUpBackup.Usable(2, Now.AddDays(-30), parent: full.Name.ToString());
        var other = MadeUpBackup.Usable(3, Now.AddDays(-25));
        var cover = MadeUpBackup.Usable(4, Now.AddDays(-20), parent: middle.Name.ToString());
        var young = MadeUpBackup.Usable(5, Now);

        Assert.Equal([full, middle, cover, young], Kept([full, middle, other, cover, young], days: 7));
    }

    [Fact]
    public void After_a_recovery_to_an_earlier_moment_the_backup_before_the_branch_stays()
    {
        var size = WalSegmentSize.Default;
        var second = new TimelineId(2);
        var history = new TimelineHistory(second, [new TimelineSwitch(TimelineId.First, new Lsn(20UL * size.Bytes), "")]);
        var beforeBranch = MadeUpBackup.Usable(1, Now.AddDays(-20), segment: 10);
        var abandoned = MadeUpBackup.Usable(2, Now.AddDays(-10), segment: 30);
        var young = MadeUpBackup.Usable(3, Now.AddDays(-1), timeline: 2, segment: 25);
        var timelines = new Dictionary<TimelineId, TimelineHistory?> { [second] = history };

        Assert.Equal([beforeBranch, young], Kept([beforeBranch, abandoned, young], 7, timelines));
        timelines[TimelineId.First] = TimelineHistory.Initial(TimelineId.First);
        Assert.Equal([beforeBranch, abandoned, young], Kept([beforeBranch, abandoned, young], 7, timelines));
        Assert.Equal([abandoned, young], Kept([beforeBranch, abandoned, young], 7, FirstTimeline));
        Assert.Equal([abandoned, young], Kept([beforeBranch, abandoned, young], 7, new() { [second] = null }));
    }

    /// <summary>Whatever is stored: a restore to any moment of the window that was possible before is possible after.</summary>
    [Theory]
    [MemberData(nameof(Seeds))]
    public void Every_moment_of_the_window_keeps_the_backup_that_it_is_restored_from(int seed)
    {
        var random = new Random(seed);
        var days = random.Next(1, 15);
        var backups = Enumerable.Range(0, random.Next(1, 12))
            .Select(number => random.Next(5) == 0
                ? MadeUpBackup.Unusable(number, Now.AddHours(-random.Next(1, 1000)))
                : MadeUpBackup.Usable(number, Now.AddHours(-random.Next(1, 1000)), segment: (ulong)random.Next(1, 1000)))
            .ToList();

        var kept = Kept(backups, days);

        foreach (var moment in Enumerable.Range(0, (days * 24) + 1).Select(hour => Now.AddHours(-hour)))
        {
            Assert.Equal(NewestBefore(backups, moment), NewestBefore(kept, moment));
        }

        Assert.Equal(NewestBefore(backups, DateTimeOffset.MaxValue), NewestBefore(kept, DateTimeOffset.MaxValue));
    }

    private static DateTimeOffset? NewestBefore(IEnumerable<StoredBackup> backups, DateTimeOffset moment) =>
        backups.Where(backup => backup.IsUsable && backup.Metadata.Stopped <= moment).Max(backup => (DateTimeOffset?)backup.Metadata!.Stopped);

    private static List<StoredBackup> Kept(IReadOnlyList<StoredBackup> backups, int days, Dictionary<TimelineId, TimelineHistory?>? timelines = null) =>
        [.. Decide(backups, days, timelines).Where(decision => decision.IsKept).Select(decision => decision.Backup)];

    private static IReadOnlyList<RetentionDecision> Decide(
        IReadOnlyList<StoredBackup> backups, int days, Dictionary<TimelineId, TimelineHistory?>? timelines = null) =>
        new RetentionPolicy(MadeUpBackup.Cluster, Now, days).Decide(backups, timelines ?? FirstTimeline);
}
