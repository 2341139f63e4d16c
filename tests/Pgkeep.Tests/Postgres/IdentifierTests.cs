using Pgkeep.Postgres;
using Xunit;

namespace Pgkeep.Tests.Postgres;

public sealed class IdentifierTests
{
    [Fact]
    public void A_timeline_is_decimal_in_texts_and_hexadecimal_in_names()
    {
        Assert.Equal("26", new TimelineId(26).ToString());
        Assert.Equal("0000001A", new TimelineId(26).ToHex());
    }

    [Theory]
    [InlineData("0", 0UL)]
    [InlineData("7711080851080501178", 7711080851080501178UL)]
    [InlineData("18446744073709551615", ulong.MaxValue)]
    public void A_system_identifier_is_a_decimal_number_of_64_bits(string text, ulong expected)
    {
        Assert.True(SystemIdentifier.TryParse(text, out var value));
        Assert.Equal(new SystemIdentifier(expected), value);
        Assert.Equal(text, value.ToString());
    }

    [Theory]
    [InlineData("")]
    [InlineData("18446744073709551616")]
    [InlineData("-1")]
    [InlineData("+1")]
    [InlineData(" 1")]
    [InlineData("1\0")]
    [InlineData("1e3")]
    [InlineData("0x1")]
    public void Anything_else_is_no_system_identifier(string text) => Assert.False(SystemIdentifier.TryParse(text, out _));

    [Theory]
    [InlineData("16384", true)]
    [InlineData("4294967295", true)]
    [InlineData("4294967296", false)]
    [InlineData("", false)]
    [InlineData("16384 ", false)]
    public void An_OID_is_a_decimal_number_of_32_bits(string text, bool expected) => Assert.Equal(expected, Oid.TryParse(text, out _));
}
