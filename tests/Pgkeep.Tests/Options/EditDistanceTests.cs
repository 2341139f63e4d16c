using Pgkeep.Options;
using Xunit;

namespace Pgkeep.Tests.Options;

public sealed class EditDistanceTests
{
    [Theory]
    [InlineData("", "", 0)]
    [InlineData("list", "list", 0)]
    [InlineData("lst", "list", 1)]
    [InlineData("lists", "list", 1)]
    [InlineData("lost", "list", 1)]
    [InlineData("lits", "list", 1)]
    [InlineData("", "list", 4)]
    [InlineData("kitten", "sitting", 3)]
    public void Distance_counts_slips_of_the_finger(string left, string right, int expected)
    {
        Assert.Equal(expected, EditDistance.Between(left, right));
        Assert.Equal(expected, EditDistance.Between(right, left));
    }

    [Theory]
    [InlineData("verfy", "verify")]
    [InlineData("retenton-dasy", "retention-days")]
    [InlineData("xy", null)]
    [InlineData("delete", null)]
    public void Nearest_is_what_was_probably_meant(string name, string? expected)
    {
        Assert.Equal(expected, EditDistance.Nearest(name, ["list", "verify", "retention-days"]));
    }

    [Fact]
    public void Endless_names_are_near_to_nothing()
    {
        Assert.Null(EditDistance.Nearest(new string('x', 100_000), ["list"]));
    }
}
