using Pgkeep.Postgres;
using Xunit;

namespace Pgkeep.Tests.Postgres;

public sealed class LsnTests
{
    [Theory]
    [InlineData("0/0", 0UL)]
    [InlineData("1/98000028", 0x1_9800_0028UL)]
    [InlineData("16/B374D848", 0x16_B374_D848UL)]
    [InlineData("0/00000001", 1UL)]
    [InlineData("ffffffff/FFFFFFFF", ulong.MaxValue)]
    public void One_to_eight_digits_on_each_side_are_an_LSN(string text, ulong expected)
    {
        Assert.True(Lsn.TryParse(text, out var value));
        Assert.Equal(new Lsn(expected), value);
    }

    [Theory]
    [InlineData("")]
    [InlineData("/")]
    [InlineData("1/")]
    [InlineData("/1")]
    [InlineData("1")]
    [InlineData("1/2/3")]
    [InlineData("100000000/0")]
    [InlineData("0/000000001")]
    [InlineData(" 1/2")]
    [InlineData("1/2 ")]
    [InlineData("1/2\0")]
    [InlineData("-1/2")]
    [InlineData("0x1/2")]
    [InlineData("G/2")]
    public void Everything_else_is_refused(string text)
    {
        Assert.False(Lsn.TryParse(text, out _));
        Assert.Throws<FormatException>(() => Lsn.Parse(text));
    }

    [Fact]
    public void It_is_written_as_the_server_writes_it()
    {
        Assert.Equal("1/98000028", new Lsn(0x1_9800_0028).ToString());
        Assert.Equal("0/0", default(Lsn).ToString());
        Assert.Equal("AB/C", new Lsn(0xAB_0000_000C).ToString());
    }

    [Theory]
    [InlineData(0UL)]
    [InlineData(0x1_0000_0000UL)]
    [InlineData(ulong.MaxValue)]
    public void Text_and_value_are_the_same_thing(ulong value) => Assert.Equal(new Lsn(value), Lsn.Parse(new Lsn(value).ToString()));

    [Fact]
    public void Positions_are_compared_as_numbers_and_not_as_text()
    {
        var ordered = new[] { Lsn.Parse("A/0"), Lsn.Parse("9/FFFFFFFF"), Lsn.Parse("10/0") }.Order();

        Assert.Equal(["9/FFFFFFFF", "A/0", "10/0"], ordered.Select(lsn => lsn.ToString()));
        Assert.True(Lsn.Parse("9/0") < Lsn.Parse("10/0"));
        Assert.True(Lsn.Parse("10/0") >= Lsn.Parse("9/0"));
    }

    [Fact]
    public void Distances_are_bytes()
    {
        Assert.Equal(0x28UL, Lsn.Parse("1/28") - Lsn.Parse("1/0"));
        Assert.Equal(Lsn.Parse("2/0"), Lsn.Parse("1/FFFFFFFF") + 1);
    }

    [Fact]
    public void A_result_out_of_range_is_an_overflow()
    {
        Assert.Throws<OverflowException>(() => Lsn.Parse("1/0") - Lsn.Parse("2/0"));
        Assert.Throws<OverflowException>(() => new Lsn(ulong.MaxValue) + 1);
    }
}
