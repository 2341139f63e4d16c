using Pgkeep.Output.Progress;
using Xunit;

namespace Pgkeep.Tests.Output.Progress;

public sealed class ProgressTextTests
{
    private static readonly ProgressFacts Usual = new("copying", "base.tar.gz", "archive", 1_970_000_000, 2_890_000_000, 912_000_000);

    [Fact]
    public void The_bar_says_what_share_rate_and_time_left() => Assert.Equal(
        "copying   base.tar.gz  ████████████████░░░░░░░░   68 %   1.97 of 2.89 GB   912 MB/s   2 s left", ProgressText.Bar(Usual, 200));

    [Fact]
    public void The_line_says_the_same() => Assert.Equal("copying base.tar.gz: 68 %, 1.97 of 2.89 GB, 912 MB/s, 2 s left", ProgressText.Line(Usual));

    [Fact]
    public void The_object_says_the_same() => Assert.Equal(
        """{"event":"progress","step":"copying","archive":"base.tar.gz","bytes":1970000000,"total_bytes":2890000000,"percent":68,"bytes_per_second":912000000,"seconds_left":2}""",
        ProgressText.Json(Usual));

    [Fact]
    public void Without_a_rate_nothing_is_guessed() =>
        Assert.Equal("copying base.tar.gz: 0 %, 0.00 of 2.89 GB", ProgressText.Line(Usual with { Bytes = 0, BytesPerSecond = null }));

    [Fact]
    public void A_copy_that_stands_still_has_no_time_left() =>
        Assert.Equal("copying base.tar.gz: 68 %, 1.97 of 2.89 GB, 0 bytes/s", ProgressText.Line(Usual with { BytesPerSecond = 0 }));

    [Fact]
    public void Without_a_total_there_is_no_share_and_no_time_left()
    {
        var facts = Usual with { TotalBytes = null };

        Assert.Equal("copying base.tar.gz: 2.0 GB, 912 MB/s", ProgressText.Line(facts));
        Assert.Equal("copying   base.tar.gz  2.0 GB   912 MB/s", ProgressText.Bar(facts, 100));
        Assert.Equal("""{"event":"progress","step":"copying","archive":"base.tar.gz","bytes":1970000000,"bytes_per_second":912000000}""", ProgressText.Json(facts));
    }

    [Fact]
    public void Nothing_to_copy_is_all_of_it() => Assert.Equal(100, new ProgressFacts("copying", "base.tar.gz", "archive", 0, 0, null).Percent);

    [Theory]
    [InlineData(200, 100)]
    [InlineData(100, 99)]
    [InlineData(80, 79)]
    [InlineData(20, 19)]
    [InlineData(0, 0)]
    public void The_bar_never_reaches_the_last_column_or_passes_a_hundred(int width, int longest)
    {
        var facts = new ProgressFacts("copying", "4294967295.tar.gz", "archive", 999_000_000_000, 999_400_000_000, 11_000);

        Assert.True(ProgressText.Bar(facts, width).Length <= longest);
    }

    [Fact]
    public void A_rate_of_a_byte_leaves_a_time_that_can_still_be_told() =>
        Assert.EndsWith("9999 d left", ProgressText.Line(new ProgressFacts("copying", "base.tar.gz", "archive", 0, long.MaxValue / 2, 1)), StringComparison.Ordinal);
}
