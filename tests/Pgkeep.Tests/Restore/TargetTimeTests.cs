using System.Globalization;
using Pgkeep.Diagnostics;
using Pgkeep.Restore;
using Xunit;

namespace Pgkeep.Tests.Restore;

public sealed class TargetTimeTests
{
    private static readonly TimeZoneInfo Berlin = TimeZoneInfo.FindSystemTimeZoneById("Europe/Berlin");
    private static readonly DateTimeOffset Now = new(2026, 11, 22, 20, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData("2025-01-08 12:30:00", "2025-01-08T11:30:00.000000")]
    [InlineData("2025-07-08 12:30:00", "2025-07-08T10:30:00.000000")]
    [InlineData("2025-01-08 12:30", "2025-01-08T11:30:00.000000")]
    [InlineData("2025-01-08T12:30:00.123456", "2025-01-08T11:30:00.123456")]
    [InlineData("2025-01-08 12:30:00.5Z", "2025-01-08T12:30:00.500000")]
    [InlineData("2025-01-08 12:30:00 UTC", "2025-01-08T12:30:00.000000")]
    [InlineData("2025-01-08 12:30:00-0530", "2025-01-08T18:00:00.000000")]
    [InlineData("2025-01-08 12:30:00+01", "2025-01-08T11:30:00.000000")]
    [InlineData("  2025-01-08 12:30:00 +01:00 ", "2025-01-08T11:30:00.000000")]
    [InlineData("2025-10-26 02:30:00+02:00", "2025-10-26T00:30:00.000000")]
    [InlineData("2025-10-26 01:59:59.999999", "2025-10-25T23:59:59.999999")]
    [InlineData("2025-10-26 03:00:00", "2025-10-26T02:00:00.000000")]
    public void A_moment_is_read_with_its_zone_or_the_machine_s(string text, string expected)
    {
        var target = TargetTime.Parse(text, Now, Berlin);

        Assert.Equal(expected, target.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.ffffff", CultureInfo.InvariantCulture));
    }

    [Theory]
    [InlineData("")]
    [InlineData("now")]
    [InlineData("2025-01-08")]
    [InlineData("12:30:00")]
    [InlineData("2025-02-29 12:30:00")]
    [InlineData("2025-01-08 25:00:00")]
    [InlineData("2025-01-08 12:30:00.1234567")]
    [InlineData("2025-01-08 12:30:00 CET")]
    [InlineData("2025-01-08 12:30:00+15:00")]
    [InlineData("2025-01-08 12:30:00+01:99")]
    [InlineData("0001-01-01 00:00:00+14:00")]
    [InlineData("9999-12-31 23:59:59-14:00")]
    [InlineData("2026-11-22 21:00:01")]
    public void Anything_else_is_refused_as_a_target(string text)
    {
        var failure = Assert.Throws<PgkeepException>(() => TargetTime.Parse(text, Now, Berlin));

        Assert.Equal(ErrorKind.TargetInvalid, failure.Kind);
        Assert.NotEmpty(failure.Hints);
    }

    [Theory]
    [InlineData("2025-10-26 02:30:00", "2025-10-26 02:30:00+02:00", "2025-10-26 02:30:00+01:00")]
    [InlineData("2025-10-26 02:00:00", "2025-10-26 02:00:00+02:00", "2025-10-26 02:00:00+01:00")]
    [InlineData("2026-03-29 02:30:00", "2026-03-29 02:30:00+01:00", "2026-03-29 02:30:00+02:00")]
    public void In_an_hour_that_a_clock_change_repeats_or_skips_both_moments_are_named(string text, string first, string second)
    {
        var failure = Assert.Throws<PgkeepException>(() => TargetTime.Parse(text, Now, Berlin));

        Assert.Contains(first, failure.Hints[0], StringComparison.Ordinal);
        Assert.Contains(second, failure.Hints[0], StringComparison.Ordinal);
    }

    [Fact]
    public void What_the_hint_names_is_accepted() =>
        Assert.Equal(TargetTime.Parse("2025-10-26 02:30:00+02:00", Now, Berlin).AddHours(1), TargetTime.Parse("2025-10-26 02:30:00+01:00", Now, Berlin));
}
