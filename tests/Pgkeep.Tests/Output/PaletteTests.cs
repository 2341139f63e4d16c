using Pgkeep.Output;
using Xunit;

namespace Pgkeep.Tests.Output;

public sealed class PaletteTests
{
    [Theory]
    [InlineData(true, "", "xterm", "\e[31mlate\e[0m")]
    [InlineData(true, null, "xterm", "\e[31mlate\e[0m")]
    [InlineData(true, "1", "xterm", "late")]
    [InlineData(true, null, "dumb", "late")]
    [InlineData(true, null, null, "late")]
    [InlineData(false, null, "xterm", "late")]
    public void Colour_is_for_terminals_whose_owner_wants_it(bool isTerminal, string? noColor, string? term, string expected)
    {
        var palette = Palette.For(isTerminal, name => name == "NO_COLOR" ? noColor : term);

        Assert.Equal(expected, palette.Paint(Mark.Stop, "late"));
    }
}
