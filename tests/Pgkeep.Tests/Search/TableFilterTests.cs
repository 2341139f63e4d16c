using Pgkeep.Search;
using Pgkeep.Search.Names;
using Xunit;

namespace Pgkeep.Tests.Search;

public sealed class TableFilterTests
{
    [Theory]
    [InlineData("orders", null, null, "orders")]
    [InlineData("public.orders", null, "public", "orders")]
    [InlineData("shop.public.Orders", "shop", "public", "Orders")]
    [InlineData("\"a.b\".\"c\"\"d\"", null, "a.b", "c\"d")]
    [InlineData("\"two words\"", null, null, "two words")]
    public void A_name_has_up_to_three_parts(string text, string? database, string? schema, string relation)
    {
        var table = TransactionSearchTests.Table(text);

        Assert.Equal((database, schema, relation), (table.Database, table.Schema, table.Relation));
    }

    [Theory]
    [InlineData("")]
    [InlineData("a.")]
    [InlineData(".a")]
    [InlineData("a..b")]
    [InlineData("a.b.c.d")]
    [InlineData("\"a")]
    [InlineData("\"a\"b")]
    [InlineData("a\"b")]
    public void What_is_no_name_is_refused(string text) => Assert.False(TableFilter.TryParse(text, out _));

    [Theory]
    [InlineData("orders", true)]
    [InlineData("public.orders", true)]
    [InlineData("shop.public.orders", true)]
    [InlineData("other.public.orders", false)]
    [InlineData("sales.orders", false)]
    [InlineData("Orders", false)]
    public void Parts_that_are_left_out_may_be_any(string text, bool matches) =>
        Assert.Equal(matches, TransactionSearchTests.Table(text).Matches(new RelationName("shop", "public", "orders")));

    [Theory]
    [InlineData("shop", "public", "orders", "shop.public.orders")]
    [InlineData("Shop", "a.b", "x\"y", "\"Shop\".\"a.b\".\"x\"\"y\"")]
    [InlineData(null, "pg_catalog", "pg_database", "pg_catalog.pg_database")]
    public void A_full_name_is_quoted_as_SQL_wants_it(string? database, string schema, string relation, string text) =>
        Assert.Equal(text, new RelationName(database, schema, relation).ToString());
}
