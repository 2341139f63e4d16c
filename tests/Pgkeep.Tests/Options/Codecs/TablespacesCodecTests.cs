using Pgkeep.Options.Codecs;
using Pgkeep.Restore;
using Xunit;

namespace Pgkeep.Tests.Options.Codecs;

public sealed class TablespacesCodecTests
{
    [Fact]
    public void Each_line_is_a_tablespace_and_its_place() =>
        Assert.Equal([new TablespaceMove("/srv/a", "/srv/b=c"), new TablespaceMove("16384", "/srv/d")], TablespacesCodec.Instance.Parse("/srv/a=/srv/b=c\n16384=/srv/d/"));

    [Fact]
    public void Nothing_is_no_tablespace() => Assert.Empty(TablespacesCodec.Instance.Parse(""));

    [Fact]
    public void A_place_may_be_relative_to_where_it_is_typed() =>
        Assert.Equal("16384=/home/me/b\n1=/c", TablespacesCodec.Instance.FromCommandLine("16384=b\n1=/c", () => "/home/me"));

    [Theory]
    [InlineData("/srv/a")]
    [InlineData("/srv/a=")]
    [InlineData("=/srv/a")]
    [InlineData("/srv/a=b")]
    [InlineData("1=/a\nx")]
    public void Anything_else_is_refused(string text) => Assert.Throws<FormatException>(() => TablespacesCodec.Instance.Parse(text));
}
