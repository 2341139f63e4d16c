using Pgkeep.Check;
using Xunit;

namespace Pgkeep.Tests.Check;

public sealed class HealthReportTests
{
    private static readonly CheckFinding Well = new("backup", CheckState.Ok, "", "fine") { Measure = "backup_age=45123s;86400;86400" };
    private static readonly CheckFinding Late = new("WAL", CheckState.Warning, "WAL archiving delayed 712s", "late") { Measure = "wal_lag=712s;600;" };
    private static readonly CheckFinding Full = new("disk", CheckState.Critical, "Backup volume 91% full", "full");
    private static readonly CheckFinding Silent = CheckFinding.Unknown("WAL", "the server does not answer");

    [Fact]
    public void First_line_is_the_runbooks_with_the_measurements_behind_a_bar()
    {
        Assert.Equal("OK: Backups healthy | backup_age=45123s;86400;86400", new HealthReport([Well]).FirstLine);
        Assert.Equal("WARNING: WAL archiving delayed 712s | backup_age=45123s;86400;86400 wal_lag=712s;600;", new HealthReport([Well, Late]).FirstLine);
    }

    [Fact]
    public void The_worst_finding_decides_and_what_is_known_outweighs_what_is_not()
    {
        Assert.Equal(2, new HealthReport([Well, Silent, Full]).ExitCode);
        Assert.Equal(1, new HealthReport([Silent, Late]).ExitCode);
        Assert.Equal(3, new HealthReport([Well, Silent]).ExitCode);
        Assert.Equal(0, new HealthReport([Well]).ExitCode);
        Assert.StartsWith("UNKNOWN: WAL: the server does not answer", new HealthReport([Well, Silent]).FirstLine, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(24 * 60, "24 hours")]
    [InlineData(60, "1 hour")]
    [InlineData(30, "30 minutes")]
    public void Limits_are_told_in_words(int minutes, string text)
    {
        Assert.Equal(text, LengthOfTime.Of(TimeSpan.FromMinutes(minutes)));
    }

    [Theory]
    [InlineData("[2025-01-08 02:00:00] ERROR: backup: no\n", CheckState.Critical)]
    [InlineData("[2025-01-08 02:00:00] ERROR: backup: no\n[2025-01-08 03:00:00] Backup completed: /b/backup_20250108_030000\n", CheckState.Ok)]
    [InlineData("[2025-01-08 03:00:00] Backup completed: /b/x\n[2025-01-08 04:00:00] ERROR: verification: \"x\" is damaged\n", CheckState.Critical)]
    [InlineData("", CheckState.Ok)]
    public void An_error_counts_until_the_next_backup(string log, object state)
    {
        Assert.Equal(state, LogCheck.Judge(log).State);
    }
}
