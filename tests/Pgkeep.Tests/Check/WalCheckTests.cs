using Pgkeep.Check;
using Pgkeep.Postgres;
using Xunit;

namespace Pgkeep.Tests.Check;

public sealed class WalCheckTests
{
    private static readonly DateTimeOffset Now = new(2025, 1, 8, 12, 0, 0, TimeSpan.Zero);

    private static readonly ArchiverReport Idle = new()
    {
        Now = Now,
        IsInRecovery = false,
        ArchiveMode = "on",
        HasCommand = true,
        ArchiveTimeout = TimeSpan.FromMinutes(5),
        SegmentSize = WalSegmentSize.Default,
        Written = Lsn.Parse("0/6000060"),
        LastArchived = "000000010000000000000005",
        LastArchivedTime = Now.AddDays(-3),
        Failures = 0,
        Since = Now.AddDays(-30),
        KnowsWaiting = true,
    };

    [Fact]
    public void An_idle_server_is_not_late()
    {
        var finding = Judge(Idle);

        Assert.Equal(CheckState.Ok, finding.State);
        Assert.Equal("wal_lag=0s;600;", finding.Measure);
    }

    [Fact]
    public void A_finished_segment_that_waits_is_late_by_its_own_age()
    {
        var finding = Judge(Idle with { WaitingSince = Now.AddSeconds(-712) });

        Assert.Equal(CheckState.Warning, finding.State);
        Assert.Equal("WAL archiving delayed 712s", finding.Headline);
        Assert.Equal("wal_lag=712s;600;", finding.Measure);
    }

    [Fact]
    public void A_role_that_may_not_look_gets_positions_compared()
    {
        Assert.Equal(CheckState.Ok, Judge(Idle with { KnowsWaiting = false }).State);
        Assert.Equal(CheckState.Warning, Judge(Idle with { KnowsWaiting = false, Written = Lsn.Parse("0/7000060") }).State);
    }

    [Fact]
    public void Without_archive_timeout_what_stands_in_the_segment_under_way_counts()
    {
        var quiet = Idle with { ArchiveTimeout = TimeSpan.Zero };

        Assert.Equal(CheckState.Ok, Judge(quiet).State);
        Assert.Equal(CheckState.Warning, Judge(quiet with { Written = Lsn.Parse("0/6010000") }).State);
    }

    [Fact]
    public void A_failure_that_no_success_has_followed_is_named()
    {
        var finding = Judge(Idle with { LastFailed = "000000010000000000000006", LastFailedTime = Now.AddSeconds(-5), Failures = 3, WaitingSince = Now.AddSeconds(-20) });

        Assert.Equal(CheckState.Warning, finding.State);
        Assert.Equal("WAL archiving fails: 000000010000000000000006", finding.Headline);
    }

    [Fact]
    public void A_failure_before_the_last_success_is_over()
    {
        Assert.Equal(CheckState.Ok, Judge(Idle with { LastFailed = "000000010000000000000005", LastFailedTime = Now.AddDays(-4) }).State);
    }

    [Fact]
    public void Archiving_that_was_turned_off_is_a_warning_and_a_standby_is_none()
    {
        Assert.Equal(CheckState.Warning, Judge(Idle with { ArchiveMode = "off" }).State);
        Assert.Equal(CheckState.Warning, Judge(Idle with { HasCommand = false }).State);
        Assert.Equal(CheckState.Ok, Judge(Idle with { IsInRecovery = true, Written = null }).State);
    }

    [Fact]
    public void A_server_that_never_archived_is_well_and_told_what_that_means()
    {
        var finding = Judge(Idle with { ArchiveMode = "off" }, hasArchive: false);

        Assert.Equal(CheckState.Ok, finding.State);
        Assert.Contains("no moment after it", finding.Detail, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true, 0, nameof(CheckState.Ok), "")]
    [InlineData(true, 700, nameof(CheckState.Warning), "WAL receiver pgkeep delayed 700s")]
    [InlineData(false, 0, nameof(CheckState.Warning), "WAL receiver pgkeep is not running")]
    [InlineData(false, 700, nameof(CheckState.Critical), "WAL receiver pgkeep is not running")]
    public void A_receiver_stands_for_archiving_that_is_off(bool isActive, int lag, string state, string headline)
    {
        var finding = WalCheck.Judge(Idle with { ArchiveMode = "off" }, TimeSpan.FromMinutes(10), true, [Receiver(isActive, lag)]);

        Assert.Equal((state, headline, $"wal_lag={lag}s;600;"), ($"{finding.State}", finding.Headline, finding.Measure));
        Assert.DoesNotContain("no moment after it", finding.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public void Beside_archiving_the_worse_of_the_two_is_told()
    {
        Assert.Equal(CheckState.Ok, WalCheck.Judge(Idle, TimeSpan.FromMinutes(10), true, [Receiver(true, 0)]).State);
        Assert.Equal(CheckState.Critical, WalCheck.Judge(Idle, TimeSpan.FromMinutes(10), true, [Receiver(false, 700)]).State);
        Assert.Equal(CheckState.Warning, WalCheck.Judge(Idle with { WaitingSince = Now.AddSeconds(-712) }, TimeSpan.FromMinutes(10), true, [Receiver(true, 0)]).State);
    }

    [Fact]
    public void A_directory_that_a_receiver_has_left_behind_counts_for_nothing()
    {
        var left = Receiver(false, 700) with { Slot = null, IsUsed = false };

        Assert.Null(left.Problem);
        Assert.Equal(CheckState.Ok, WalCheck.Judge(Idle, TimeSpan.FromMinutes(10), true, [left]).State);
    }

    [Fact]
    public void WAL_that_the_server_removed_is_critical_at_once()
    {
        var lost = Receiver(false, 0) with { Slot = new ReceiverSlot("pgkeep", false, null, "lost") };

        Assert.Equal(CheckState.Critical, WalCheck.Judge(Idle, TimeSpan.FromMinutes(10), true, [lost]).State);
    }

    private static ReceiverStatus Receiver(bool isActive, int lag) => new(
        "pgkeep", new ReceiverSlot("pgkeep", isActive, Lsn.Parse("0/6000060"), "reserved"), true, Lsn.Parse("0/6000060"), lag * 1000, Now.AddSeconds(-lag), TimeSpan.FromSeconds(lag));

    private static CheckFinding Judge(ArchiverReport report, bool hasArchive = true) => WalCheck.Judge(report, TimeSpan.FromMinutes(10), hasArchive);
}
