using System.Globalization;
using Pgkeep.Output;
using Xunit;

namespace Pgkeep.Tests.Output;

public sealed class TextFormatTests
{
    [Theory]
    [InlineData(0, "0 bytes")]
    [InlineData(999, "999 bytes")]
    [InlineData(1_000, "1.0 kB")]
    [InlineData(9_949, "9.9 kB")]
    [InlineData(9_951, "10 kB")]
    [InlineData(496_000_000, "496 MB")]
    [InlineData(999_499_999, "999 MB")]
    [InlineData(999_500_000, "1.0 GB")]
    [InlineData(2_890_000_000, "2.9 GB")]
    [InlineData(61_000_000_000, "61 GB")]
    [InlineData(long.MaxValue, "9223 PB")]
    [InlineData(-2_890_000_000, "-2.9 GB")]
    public void Size_has_two_or_three_digits_and_its_unit(long sizeInBytes, string expected)
    {
        Assert.Equal(expected, ByteSizeText.Of(sizeInBytes));
    }

    [Theory]
    [InlineData(1_970_000_000, 2_890_000_000, "1.97 of 2.89 GB")]
    [InlineData(40_000_000, 52_940_000_000, "0.0 of 52.9 GB")]
    [InlineData(999_499_999, 999_499_999, "999 of 999 MB")]
    [InlineData(0, 0, "0 of 0 bytes")]
    public void A_share_has_the_unit_of_the_whole(long part, long whole, string expected)
    {
        Assert.Equal(expected, ByteSizeText.Share(part, whole));
    }

    [Theory]
    [InlineData(912_000_000, 1.0, "912 MB/s")]
    [InlineData(912_000_000, 0.0, "")]
    public void Rate_is_a_size_each_second(long sizeInBytes, double seconds, string expected)
    {
        Assert.Equal(expected, ByteSizeText.Rate(sizeInBytes, TimeSpan.FromSeconds(seconds)));
    }

    [Theory]
    [InlineData(0, "0 ms")]
    [InlineData(0.0994, "99 ms")]
    [InlineData(0.4, "0.4 s")]
    [InlineData(4.1, "4.1 s")]
    [InlineData(9.96, "10 s")]
    [InlineData(59.4, "59 s")]
    [InlineData(59.6, "1 min")]
    [InlineData(300, "5 min")]
    [InlineData(712, "11 min 52 s")]
    [InlineData(3599.6, "1 h")]
    [InlineData(45_123, "12 h 32 min")]
    [InlineData(86_399.6, "1 d")]
    [InlineData(648_000, "7 d 12 h")]
    [InlineData(-4.1, "-4.1 s")]
    public void Duration_has_one_or_two_units(double seconds, string expected)
    {
        Assert.Equal(expected, DurationText.Of(TimeSpan.FromSeconds(seconds)));
    }

    [Fact]
    public void Moment_is_told_in_the_zone_of_the_machine_and_names_it()
    {
        var moment = DateTimeOffset.Parse("2025-01-08T13:30:04.25Z", CultureInfo.InvariantCulture);

        Assert.Equal("2025-01-08 14:30:04 +01:00", TimestampText.Of(moment, new FixedZone()));
        Assert.Equal("2025-01-08 14:30:04.250 +01:00", TimestampText.WithMilliseconds(moment, new FixedZone()));
    }

    [Fact]
    public void Text_is_broken_at_blanks_and_never_inside_a_word()
    {
        Assert.Equal(["one two", "three", "incomprehensible", "x"], TextWrap.Lines("one two  three incomprehensible x", 8));
    }

    private sealed class FixedZone : TimeProvider
    {
        public override TimeZoneInfo LocalTimeZone { get; } = TimeZoneInfo.CreateCustomTimeZone("test", TimeSpan.FromHours(1), "test", "test");
    }
}
