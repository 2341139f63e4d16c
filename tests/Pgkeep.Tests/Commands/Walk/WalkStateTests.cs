using Pgkeep.Commands.Walk;
using Xunit;

namespace Pgkeep.Tests.Commands.Walk;

public sealed class WalkStateTests
{
    private const int Rows = 4;

    [Theory]
    [InlineData("Down", 1, 0)]
    [InlineData("Down Down Down", 3, 0)]
    [InlineData("Down Down Down Down", 4, 1)]
    [InlineData("Down Down Down Down Up Up Up", 1, 1)]
    [InlineData("Down Down Down Down Up Up Up Up", 0, 0)]
    [InlineData("Up", 0, 0)]
    [InlineData("PageDown", 4, 1)]
    [InlineData("PageDown PageDown PageDown", 9, 6)]
    [InlineData("End", 9, 6)]
    [InlineData("End Down", 9, 6)]
    [InlineData("End PageUp", 5, 5)]
    [InlineData("End Home", 0, 0)]
    [InlineData("None", 0, 0)]
    public void Key_moves_the_cursor_and_the_list_as_little_as_needed(string keys, int index, int top)
    {
        var state = keys.Split(' ').Aggregate(new WalkState(SampleMoments.Of(10), 0), (before, key) => before.Press(Enum.Parse<WalkKey>(key), Rows));

        Assert.Equal((index, top), (state.Index, state.Top));
    }

    [Fact]
    public void Larger_window_leaves_no_row_empty()
    {
        var state = new WalkState(SampleMoments.Of(10), 0).Press(WalkKey.End, 4);

        Assert.Equal(0, state.Fit(20).Top);
        Assert.Equal(3, state.Fit(7).Top);
        Assert.Equal(9, state.Fit(1).Top);
    }

    [Fact]
    public void Command_is_the_one_for_right_before_until_it_is_switched()
    {
        var state = new WalkState(SampleMoments.Of(2), 1);

        Assert.Equal("before", state.Command!.Label);
        Assert.Equal("after", state.Press(WalkKey.Switch, Rows).Command!.Label);
        Assert.Equal("before", state.Press(WalkKey.Switch, Rows).Press(WalkKey.Switch, Rows).Command!.Label);
    }

    [Fact]
    public void Moment_with_one_command_or_none_has_no_other()
    {
        var point = SampleMoments.Commit(0) with { Commands = [new("restore", "pgkeep restore --target-name x")] };

        Assert.Equal("restore", new WalkState([point], 0, IsAfter: true).Command!.Label);
        Assert.Null(new WalkState([SampleMoments.RolledBack], 0).Command);
    }
}
