using Pgkeep.Output;
using Xunit;

namespace Pgkeep.Tests.Output;

public sealed class ScreenTextTests
{
    [Theory]
    [InlineData("orders", 6, "orders")]
    [InlineData("orders", 5, "orde…")]
    [InlineData("orders", 1, "…")]
    [InlineData("orders", 0, "")]
    [InlineData("注文", 4, "注文")]
    [InlineData("注文", 3, "注…")]
    [InlineData("e\u0301tat", 4, "e\u0301tat")]
    [InlineData("a\tb\u009b", 10, "a?b?")]
    public void Text_fits_its_columns(string text, int width, string fitted)
    {
        Assert.Equal(fitted, ScreenText.Fit(text, width));
    }

    [Theory]
    [InlineData("a", 3, "a  ")]
    [InlineData("注", 3, "注 ")]
    public void Text_is_filled_up_to_its_columns(string text, int width, string padded)
    {
        Assert.Equal(padded, ScreenText.Pad(text, width));
    }

    [Theory]
    [InlineData("pgkeep restore now", 14, "pgkeep restore|now")]
    [InlineData("/var/lib/postgresql", 8, "/var/lib|/postgre|sql")]
    [InlineData("注文", 1, "注|文")]
    public void Text_is_broken_at_blanks_and_in_long_words(string text, int width, string lines)
    {
        Assert.Equal(lines.Split('|'), ScreenText.Wrap(text, width));
    }
}
