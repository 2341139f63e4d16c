using Pgkeep.Posix;
using Xunit;

namespace Pgkeep.Tests.Posix;

public sealed class CrontabTextTests
{
    private const string Block = "# pgkeep begin\n@daily x\n# pgkeep end\n";

    [Theory]
    [InlineData("", Block)]
    [InlineData("MAILTO=a\n", "MAILTO=a\n" + Block)]
    [InlineData("no line feed", "no line feed\n" + Block)]
    [InlineData("a\n# pgkeep begin\nold\n# pgkeep end\nb\n", "a\n" + Block + "b\n")]
    [InlineData("a\n# pgkeep begin\n# pgkeep end", "a\n" + Block)]
    public void Block_is_added_or_replaced_and_all_else_stays(string before, string after)
    {
        Assert.Equal(after, CrontabText.With(before, "@daily x\n"));
        Assert.Equal(after, CrontabText.With(after, "@daily x\n"));
        Assert.Equal("@daily x\n", CrontabText.Find(after));
    }

    [Theory]
    [InlineData(Block, "")]
    [InlineData("a \t\r\n\n" + Block + "\u00e9 b", "a \t\r\n\n\u00e9 b")]
    [InlineData("nothing\n", "nothing\n")]
    public void Block_is_removed_and_all_else_stays(string before, string after)
    {
        Assert.Equal(after, CrontabText.Without(before));
    }

    [Theory]
    [InlineData("", false)]
    [InlineData(Block, false)]
    [InlineData("# pgkeep begin\n", true)]
    [InlineData("# pgkeep end\n", true)]
    [InlineData("# pgkeep end\n# pgkeep begin\n", true)]
    [InlineData(Block + Block, true)]
    [InlineData("  # pgkeep begin\n", false)]
    public void A_mark_without_its_partner_is_seen(string text, bool isDamaged)
    {
        Assert.Equal(isDamaged, CrontabText.IsDamaged(text));
    }

    [Fact]
    public void A_percent_sign_does_not_end_the_command()
    {
        Assert.Equal("/a/100\\% x", CrontabText.Escape("/a/100% x"));
    }
}
