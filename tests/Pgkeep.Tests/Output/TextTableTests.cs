using Pgkeep.Output;
using Xunit;

namespace Pgkeep.Tests.Output;

public sealed class TextTableTests
{
    private readonly List<string> _lines = [];

    [Fact]
    public void Columns_line_up()
    {
        var table = new TextTable("", Align.Left, Align.Right);
        table.Add("name", "size", "state");
        table.Add("a", "9", "ok");
        table.Add("longer", "1,744");

        table.WriteTo(_lines.Add);

        Assert.Equal(["name     size  state", "a           9  ok", "longer  1,744"], _lines);
    }

    [Fact]
    public void Last_column_is_broken_where_the_line_would_be_too_wide()
    {
        var table = new TextTable("  ");
        table.Add("a", string.Join(' ', Enumerable.Repeat("word", 40)));

        table.WriteTo(_lines.Add);

        Assert.Equal(3, _lines.Count);
        Assert.All(_lines, line => Assert.InRange(line.Length, 1, TextWrap.Width));
        Assert.All(_lines.Skip(1), line => Assert.StartsWith("     word", line, StringComparison.Ordinal));
    }

    [Fact]
    public void Colour_takes_no_room()
    {
        var table = new TextTable();
        table.Add(Palette.Coloured.Paint(Mark.Ok, "ok"), "x");
        table.Add("look", "y");

        table.WriteTo(_lines.Add);

        Assert.Equal(["\e[32mok\e[0m    x", "look  y"], _lines);
    }

    [Fact]
    public void Empty_table_writes_nothing()
    {
        new TextTable().WriteTo(_lines.Add);

        Assert.Empty(_lines);
    }
}
