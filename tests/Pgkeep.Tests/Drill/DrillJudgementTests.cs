using Pgkeep.Diagnostics;
using Pgkeep.Drill;
using Pgkeep.Postgres.Wal.Targets;
using Pgkeep.Repository;
using Pgkeep.Restore;
using Xunit;

namespace Pgkeep.Tests.Drill;

public sealed class DrillJudgementTests
{
    private const string Begun = "LOG:  starting archive recovery\n";

    [Theory]
    [InlineData("BackupDamaged", false, "", "Failed")]
    [InlineData("RepositoryCorrupt", false, "", "Failed")]
    [InlineData("WalMissing", false, "", "Failed")]
    [InlineData("WalInvalid", false, "", "Failed")]
    [InlineData("BackupMissing", false, "", "Failed")]
    [InlineData("TargetUnreachable", true, Begun, "Failed")]
    [InlineData("ServerFailed", true, Begun, "Failed")]
    [InlineData("ServerFailed", true, "FATAL:  could not create shared memory segment", "NotDone")]
    [InlineData("ServerFailed", true, Begun + "FATAL:  could not extend file: No space left on device", "NotDone")]
    [InlineData("ServerFailed", false, "", "NotDone")]
    [InlineData("StorageFull", false, "", "NotDone")]
    [InlineData("AccessDenied", false, "", "NotDone")]
    [InlineData("ServerUnsuitable", false, "", "NotDone")]
    [InlineData("TablespaceInWal", false, "", "NotDone")]
    public void A_failure_is_the_backup_s_or_the_drill_s(string kind, bool isReplaying, string log, string expected) =>
        Assert.Equal(expected, $"{DrillJudgement.Of(new PgkeepException(Enum.Parse<ErrorKind>(kind), "it failed"), Settings(), isReplaying, log)}");

    [Fact]
    public void A_backup_that_somebody_named_wrong_is_not_the_backup_s_failure() =>
        Assert.Equal(DrillOutcome.NotDone, DrillJudgement.Of(new PgkeepException(ErrorKind.BackupMissing, "there is no backup"), Settings() with { Backup = "x" }, false, ""));

    [Fact]
    public void Nor_is_a_target_that_is_not_there() =>
        Assert.Equal(DrillOutcome.NotDone, DrillJudgement.Of(new PgkeepException(ErrorKind.TargetUnreachable, "no"), Settings() with { Target = RecoveryTarget.OfXid(7) }, false, ""));

    private static RestoreSettings Settings() => new()
    {
        Layout = RepositoryLayout.Of("/backups", null),
        Target = RecoveryTarget.Latest,
        StopServer = false,
        RecoveryTimeout = TimeSpan.Zero,
        Fetch = new RecoveryFetch(8, null, 2),
        Program = "/usr/local/bin/pgkeep",
    };
}
