using Pgkeep.Commands.Walk;
using Pgkeep.Output;
using Pgkeep.Tests.Support;
using Xunit;

namespace Pgkeep.Tests.Commands.Walk;

public sealed class WalkScreenTests
{
    [Theory]
    [InlineData("walk-80x24", 80, 24, 12, 3)]
    [InlineData("walk-40x10", 40, 10, 12, 3)]
    [InlineData("walk-20x5", 20, 5, 12, 3)]
    [InlineData("walk-120x40", 120, 40, 3, 2)]
    public void Screen(string name, int columns, int rows, int count, int index)
    {
        var lines = Draw(new WalkState(SampleMoments.Of(count), index), columns, rows);

        Approved.Check($"tests/Pgkeep.Tests/Commands/Walk/Approved/{name}.txt", string.Concat(lines.Select(line => line + "\n")));
    }

    [Fact]
    public void Screen_with_a_concern_and_a_moment_that_nothing_leads_to()
    {
        var drawing = new WalkScreen(Palette.Plain, " on timeline 1", "000000010000000000000007 is missing: nothing behind that was searched");

        var lines = drawing.Draw(new WalkState([SampleMoments.Commit(1), SampleMoments.RolledBack], 1), ScreenSize.Usual);

        Approved.Check("tests/Pgkeep.Tests/Commands/Walk/Approved/walk-concern.txt", string.Concat(lines.Select(line => line + "\n")));
    }

    [Fact]
    public void Any_size_holds_its_lines()
    {
        foreach (var (columns, rows) in Enumerable.Range(1, 130).SelectMany(columns => Enumerable.Range(1, 45).Select(rows => (columns, rows))))
        {
            var lines = Draw(new WalkState(SampleMoments.Of(12), 11), columns, rows);

            Assert.InRange(lines.Count, 1, rows);
            Assert.All(lines, line => Assert.True(line.Length <= Math.Max(1, columns - 1), $"{columns}x{rows}: {line}"));
        }
    }

    [Fact]
    public void Line_under_the_cursor_is_marked_with_and_without_colours()
    {
        var state = new WalkState(SampleMoments.Of(2), 1);

        var plain = new WalkScreen(Palette.Plain, "", null).Draw(state, ScreenSize.Usual);
        var coloured = new WalkScreen(Palette.Coloured, "", null).Draw(state, ScreenSize.Usual);

        Assert.Single(plain, line => line.StartsWith("> 2025-01-08 14:30:01", StringComparison.Ordinal));
        Assert.DoesNotContain(plain, line => line.Contains('\e', StringComparison.Ordinal));
        Assert.Single(coloured, line => line.StartsWith("\e[7m> 2025-01-08 14:30:01", StringComparison.Ordinal) && Palette.VisibleLength(line) == 79);
    }

    [Fact]
    public void Name_that_moves_the_cursor_is_shown_without_that()
    {
        var moment = SampleMoments.Commit(0) with { Summary = "evil\e[2J\r\n\u202e -1", Did = ["public.\"evil\e[2J\": 1 row deleted"] };

        var lines = Draw(new WalkState([moment], 0), 80, 24);

        Assert.DoesNotContain(lines, line => line.Any(char.IsControl));
        Assert.Contains(lines, line => line.Contains("evil?[2J??? -1", StringComparison.Ordinal));
    }

    private static IReadOnlyList<string> Draw(WalkState state, int columns, int rows) =>
        new WalkScreen(Palette.Plain, " on timeline 1", null).Draw(state, new ScreenSize(columns, rows));
}
