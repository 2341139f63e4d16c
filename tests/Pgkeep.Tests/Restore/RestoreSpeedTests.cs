using Pgkeep.Restore;
using Xunit;

namespace Pgkeep.Tests.Restore;

public sealed class RestoreSpeedTests
{
    private static readonly RestoreSpeed Speed = new(2_000_000_000, TimeSpan.FromSeconds(4), 160_000_000, TimeSpan.FromSeconds(8));

    [Fact]
    public void The_last_line_of_its_kind_is_read_as_it_was_written()
    {
        var log = $"[2025-01-08 12:00:00] Restoring a\n[2025-01-08 12:00:09] {Speed with { Copied = 1 }}\n[2025-01-08 13:00:09] {Speed}\n[2025-01-08 13:00:10] Restore completed\n";

        Assert.Equal(Speed, RestoreSpeed.Find(log));
    }

    [Theory]
    [InlineData("")]
    [InlineData("[2025-01-08 13:00:09] server: Speed: 1 bytes copied in 1.000 s, 1 bytes of WAL replayed in 1.000 s\n")]
    [InlineData("[2025-01-08 13:00:09] Speed: 1 bytes copied in 1.000 s\n")]
    public void What_somebody_else_wrote_is_none(string log) => Assert.Null(RestoreSpeed.Find(log));

    [Fact]
    public void A_log_that_is_not_there_is_none() => Assert.Null(RestoreSpeed.ReadLast("/nonexistent/restore.log"));

    [Fact]
    public void The_next_restore_is_as_fast_as_the_last()
    {
        var (copying, replaying) = Speed.Estimate(6_000_000_000, 40_000_000);

        Assert.Equal(TimeSpan.FromSeconds(12), copying);
        Assert.Equal(TimeSpan.FromSeconds(2), replaying);
    }

    [Fact]
    public void A_replay_that_was_hardly_more_than_a_start_tells_nothing() =>
        Assert.Null((Speed with { Replaying = TimeSpan.FromSeconds(1) }).Estimate(1, 1_000_000_000).Replaying);
}
