using Pgkeep.Demo;
using Xunit;

namespace Pgkeep.Tests.Demo;

public sealed class ShopStateTests
{
    private static readonly ShopState Before = new([new TableState("customers", 5_000, "c0"), new TableState("orders", 120_000, "a1")]);

    [Fact]
    public void Same_rows_are_no_difference()
    {
        var after = new ShopState([new TableState("customers", 5_000, "c0"), new TableState("orders", 120_000, "a1")]);

        Assert.Empty(after.DifferencesTo(Before));
    }

    [Fact]
    public void Each_table_that_differs_is_told_with_what_it_was_and_is()
    {
        var after = new ShopState([new TableState("orders", 120_500, "b2"), new TableState("strange", 1, "d3")]);

        Assert.Equal(
            [
                "table customers: was 5,000 rows with checksum c0, is not there",
                "table orders: was 120,000 rows with checksum a1, is 120,500 rows with checksum b2",
                "table strange: was not there, is 1 rows with checksum d3",
            ],
            after.DifferencesTo(Before));
    }
}
