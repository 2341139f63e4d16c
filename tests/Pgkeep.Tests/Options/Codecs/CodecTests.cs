using Pgkeep.Options;
using Pgkeep.Options.Codecs;
using Xunit;

namespace Pgkeep.Tests.Options.Codecs;

public sealed class CodecTests
{
    [Theory]
    [InlineData("1", 1)]
    [InlineData("9", 9)]
    [InlineData("007", 7)]
    public void Integer_is_read(string text, int expected)
    {
        Assert.Equal(expected, new IntegerCodec(1, 9).Parse(text));
    }

    [Theory]
    [InlineData("")]
    [InlineData("0")]
    [InlineData("10")]
    [InlineData("-1")]
    [InlineData("1.0")]
    [InlineData(" 1")]
    [InlineData("1 ")]
    [InlineData("0x1")]
    [InlineData("99999999999999999999")]
    public void Integer_that_is_none_or_out_of_range_is_refused(string text)
    {
        Assert.Throws<FormatException>(() => new IntegerCodec(1, 9).Parse(text));
    }

    [Theory]
    [InlineData("0", 0)]
    [InlineData("500ms", 500)]
    [InlineData("60s", 60_000)]
    [InlineData("10min", 600_000)]
    [InlineData("10 min", 600_000)]
    [InlineData("24h", 86_400_000)]
    [InlineData("7d", 604_800_000)]
    public void Duration_is_read(string text, long milliseconds)
    {
        Assert.Equal(TimeSpan.FromMilliseconds(milliseconds), new DurationCodec().Parse(text));
    }

    [Theory]
    [InlineData("")]
    [InlineData("10")]
    [InlineData("10m")]
    [InlineData("1.5h")]
    [InlineData("-1s")]
    [InlineData("s")]
    [InlineData("10minutes")]
    [InlineData("36501d")]
    [InlineData("9223372036854775807d")]
    [InlineData("99999999999999999999s")]
    public void Duration_that_is_none_is_refused(string text)
    {
        Assert.Throws<FormatException>(() => new DurationCodec().Parse(text));
    }

    [Fact]
    public void Duration_below_the_minimum_is_refused()
    {
        Assert.Throws<FormatException>(() => new DurationCodec(TimeSpan.FromSeconds(1)).Parse("0"));
    }

    [Fact]
    public void Plain_number_is_seconds_where_libpq_says_so()
    {
        Assert.Equal(TimeSpan.FromSeconds(10), new DurationCodec(plainNumbersAreSeconds: true).Parse("10"));
    }

    [Theory]
    [InlineData("0", 0)]
    [InlineData("4096", 4096)]
    [InlineData("1B", 1)]
    [InlineData("64kB", 64_000)]
    [InlineData("2 GB", 2_000_000_000)]
    [InlineData("1TB", 1_000_000_000_000)]
    [InlineData("16MiB", 16 * 1024 * 1024)]
    [InlineData("1GiB", 1 << 30)]
    public void Byte_size_is_read(string text, long expected)
    {
        Assert.Equal(expected, new ByteSizeCodec().Parse(text));
    }

    [Theory]
    [InlineData("")]
    [InlineData("MB")]
    [InlineData("-1MB")]
    [InlineData("1.5GB")]
    [InlineData("1K")]
    [InlineData("9223372036854775807kB")]
    public void Byte_size_that_is_none_is_refused(string text)
    {
        Assert.Throws<FormatException>(() => new ByteSizeCodec().Parse(text));
    }

    [Theory]
    [InlineData("1", 1)]
    [InlineData("85", 85)]
    [InlineData("85%", 85)]
    [InlineData("85 %", 85)]
    [InlineData("100", 100)]
    public void Percentage_is_read(string text, int expected)
    {
        Assert.Equal(expected, PercentCodec.Instance.Parse(text));
    }

    [Theory]
    [InlineData("")]
    [InlineData("%")]
    [InlineData("0")]
    [InlineData("101")]
    [InlineData("0.85")]
    [InlineData("-5%")]
    public void Percentage_that_is_none_is_refused(string text)
    {
        Assert.Throws<FormatException>(() => PercentCodec.Instance.Parse(text));
    }

    [Theory]
    [InlineData("on", true)]
    [InlineData("True", true)]
    [InlineData("1", true)]
    [InlineData("yes", true)]
    [InlineData("off", false)]
    [InlineData("FALSE", false)]
    [InlineData("0", false)]
    [InlineData("no", false)]
    public void Flag_is_read(string text, bool expected)
    {
        Assert.Equal(expected, FlagCodec.Instance.Parse(text));
    }

    [Fact]
    public void Flag_that_is_none_is_refused()
    {
        Assert.Throws<FormatException>(() => FlagCodec.Instance.Parse("maybe"));
    }

    [Theory]
    [InlineData("/var/backups", "/var/backups")]
    [InlineData("/var/backups/", "/var/backups")]
    [InlineData("/", "/")]
    public void Path_is_read(string text, string expected)
    {
        Assert.Equal(expected, new PathCodec("DIR").Parse(text));
    }

    [Theory]
    [InlineData("")]
    [InlineData("backups")]
    [InlineData("./backups")]
    [InlineData("~/backups")]
    public void Path_that_is_relative_is_refused(string text)
    {
        Assert.Throws<FormatException>(() => new PathCodec("DIR").Parse(text));
    }

    [Theory]
    [InlineData("backups", "/srv/backups")]
    [InlineData("../b", "/b")]
    [InlineData("/b", "/b")]
    [InlineData("", "")]
    public void Path_on_the_command_line_is_meant_from_the_working_directory(string text, string expected)
    {
        Assert.Equal(expected, new PathCodec("DIR").FromCommandLine(text, () => "/srv"));
    }

    [Theory]
    [InlineData("fast", CheckpointMode.Fast)]
    [InlineData("spread", CheckpointMode.Spread)]
    public void Choice_is_read(string text, object expected)
    {
        Assert.Equal(expected, OptionTable.Checkpoint.Codec.Parse(text));
    }

    [Theory]
    [InlineData("")]
    [InlineData("Fast")]
    [InlineData("slow")]
    public void Choice_that_is_none_is_refused(string text)
    {
        Assert.Throws<FormatException>(() => OptionTable.Checkpoint.Codec.Parse(text));
    }

    [Fact]
    public void Secret_shows_itself_to_nobody_but_who_asks_for_it()
    {
        var secret = SecretCodec.Instance.Parse("p4ssw0rd");

        Assert.Equal("<redacted>", $"{secret}");
        Assert.Equal("p4ssw0rd", secret.Reveal());
    }
}
