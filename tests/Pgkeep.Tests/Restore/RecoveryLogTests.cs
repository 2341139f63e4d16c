using Pgkeep.Diagnostics;
using Pgkeep.Postgres;
using Pgkeep.Postgres.Wal.Targets;
using Pgkeep.Restore;
using Xunit;

namespace Pgkeep.Tests.Restore;

public sealed class RecoveryLogTests
{
    private const string Ended =
        """
        2026-11-22 20:15:19.100 UTC [7] LOG:  redo done at 0/50000D8 system usage: CPU: user: 0.00 s
        2026-11-22 20:15:19.100 UTC [7] LOG:  last completed transaction was at log time {0}
        2026-11-22 20:15:19.101 UTC [7] FATAL:  recovery ended before configured recovery target was reached
        2026-11-22 20:15:19.102 UTC [1] LOG:  startup process (PID 7) exited with exit code 1
        """;

    private static readonly RecoveryTarget Target = RecoveryTarget.OfTime(new DateTimeOffset(2026, 11, 22, 21, 0, 0, TimeSpan.Zero));

    [Theory]
    [InlineData("2026-11-22 20:15:19.123456+00", "20:15:19.123456")]
    [InlineData("2026-11-22 21:15:19.1+01", "20:15:19.100000")]
    [InlineData("2026-11-22 14:45:19-05:30", "20:15:19.000000")]
    public void The_last_commit_is_read_in_whatever_zone_the_server_writes(string written, string expected)
    {
        var log = new RecoveryLog(Ended.Replace("{0}", written, StringComparison.Ordinal));

        Assert.Equal(expected, log.LastCommit!.Value.UtcDateTime.ToString("HH:mm:ss.ffffff", System.Globalization.CultureInfo.InvariantCulture));
    }

    [Fact]
    public void A_target_that_was_not_reached_is_told_with_the_last_commit()
    {
        var failure = new RecoveryLog(Ended.Replace("{0}", "2026-11-22 20:15:19.123456+00", StringComparison.Ordinal)).Explain(Target, "");

        Assert.Equal(ErrorKind.TargetUnreachable, failure.Kind);
        Assert.Contains("15:19.123456", failure.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(null, "leave it out")]
    [InlineData(2u, "take a moment before that commit; without a target the restore follows timeline 2")]
    public void What_comes_without_the_target_is_told(uint? other, string expected)
    {
        TimelineId? timeline = other is { } number ? new TimelineId(number) : null;

        var failure = new RecoveryLog(Ended.Replace("{0}", "2026-11-22 20:15:19.123456+00", StringComparison.Ordinal)).Explain(Target, "", timeline);

        Assert.Contains(expected, failure.Hints[0], StringComparison.Ordinal);
        Assert.Equal(other is null, failure.Hints[0].Contains("leave it out", StringComparison.Ordinal));
    }

    [Fact]
    public void A_stop_before_the_files_are_consistent_is_told_as_such()
    {
        const string log = "2026-11-22 20:15:19.101 UTC [7] FATAL:  requested recovery stop point is before consistent recovery point";

        Assert.Equal(ErrorKind.TargetUnreachable, new RecoveryLog(log).Explain(RecoveryTarget.OfXid(7), "").Kind);
    }

    [Fact]
    public void Anything_else_is_told_in_the_server_s_words_and_get_wal_s()
    {
        const string log =
            """
            error: "/b/wal_archive/000000010000000000000005.gz" cannot be decompressed
            hint:  look
            2026-11-22 20:15:19.101 UTC [7] FATAL:  could not restore file "000000010000000000000005" from archive: child process exited with exit code 200
            """;

        var failure = new RecoveryLog(log).Explain(RecoveryTarget.Latest, "pg_ctl: could not start server");

        Assert.Equal(ErrorKind.ServerFailed, failure.Kind);
        Assert.Contains("could not restore file", failure.Message, StringComparison.Ordinal);
        Assert.Contains("cannot be decompressed", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Without_a_log_what_pg_ctl_said_is_told() =>
        Assert.Contains("could not start server", new RecoveryLog("").Explain(Target, "pg_ctl: could not start server").Message, StringComparison.Ordinal);
}
