using Pgkeep.IntegrationTests.Harness;
using Xunit;

namespace Pgkeep.IntegrationTests.Restore.Targets;

/// <summary>Every kind of target, on timelines that went on, were left, were restored to and were undone, with a tablespace and before there was one.</summary>
public sealed class TargetTableTests : IClassFixture<TargetHistories>
{
    private readonly TargetHistories _histories;

    public TargetTableTests(TargetHistories histories) => _histories = histories;

    [Theory, TargetTable]
    public async Task A_restore_has_what_was_committed_at_its_target_and_nothing_else(int major, string line)
    {
        var history = await _histories.OfAsync(major);
        var target = TargetCase.Of(line);

        var (answer, restored) = await history.RestoreAsync(target.WordsIn(history));

        answer.EnsureSuccess();
        Assert.Equal(target.ExpectedIn(history).ToString(), restored);
    }

    [Theory, EachMajor]
    public async Task A_number_that_never_committed_is_told_for_what_it_was(int major)
    {
        var history = await _histories.OfAsync(major);
        var parent = (uint)history.Transaction("nested").Xid;

        var aborted = await RefusedAsync(history, $"{history.NoTargets["aborted"]}");
        var released = await RefusedAsync(history, $"{history.NoTargets["released"]}");
        var rolledBack = await RefusedAsync(history, $"{(uint)history.NoTargets["rolled back"]}");
        var future = await RefusedAsync(history, $"{history.Transaction("z-2").Xid + 1000}");
        var otherEpoch = await RefusedAsync(history, $"{history.Transaction("g").Xid + (1ul << 32)}");

        Assert.Contains("never committed: it was aborted at", aborted, StringComparison.Ordinal);
        Assert.Contains($"is a part of transaction {parent}", released, StringComparison.Ordinal);
        Assert.Contains($"--target-xid {parent}", released, StringComparison.Ordinal);
        Assert.Contains("never committed: it was aborted at", rolledBack, StringComparison.Ordinal);
        Assert.Contains("there is no record of its end", future, StringComparison.Ordinal);
        Assert.Contains($"--target-xid {history.Transaction("g").Xid}", otherEpoch, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_a_backup_or_a_timeline_does_not_lead_to_is_refused_by_name()
    {
        var history = await _histories.OfAsync(PostgresServers.Newest);
        var (third, @new) = (history.Backup("third"), history.Backup("new"));
        var left = history.Transaction("left-1");

        var otherTimeline = await RefusedAsync(history, [third.Name, "--target-timeline", "1"]);
        var leftUnnamed = await RefusedAsync(history, ["--target-name", "left"]);
        var inside = await RefusedAsync(history, [@new.Name, "--target-lsn", @new.StartLsn]);
        var unknown = await RefusedAsync(history, ["--target-timeline", "9"]);

        Assert.Contains($"does not come from timeline 2, on which {third.Name} was taken", otherTimeline, StringComparison.Ordinal);
        Assert.Contains("--target-timeline 1", leftUnnamed, StringComparison.Ordinal);
        Assert.Contains($"lies before the end of {@new.Name}", inside, StringComparison.Ordinal);
        Assert.Contains("there is no timeline 9", unknown, StringComparison.Ordinal);
        Assert.NotNull(left.Record);
    }

    [Fact]
    public async Task A_restore_that_was_undone_is_told_by_the_archive_alone()
    {
        var history = await _histories.OfAsync(PostgresServers.Newest);

        var (lost, _) = await history.RestoreAsync(["--dry-run"], knowsUndone: false);
        var (known, _) = await history.RestoreAsync(["--dry-run"]);

        Assert.Contains("timeline 4 was written on until", lost.EnsureSuccess().Stderr, StringComparison.Ordinal);
        Assert.Contains("--target-timeline 4", lost.Stderr, StringComparison.Ordinal);
        Assert.DoesNotContain("was written on until", known.EnsureSuccess().Stderr, StringComparison.Ordinal);
    }

    private static Task<string> RefusedAsync(TargetHistory history, string xid) => RefusedAsync(history, ["--target-xid", xid]);

    private static async Task<string> RefusedAsync(TargetHistory history, IReadOnlyList<string> words)
    {
        var (answer, _) = await history.RestoreAsync(words);
        answer.EnsureExitCode(51);
        Assert.Contains("hint:", answer.Stderr, StringComparison.Ordinal);
        return answer.Stderr;
    }
}
