using Pgkeep.Diagnostics;
using Pgkeep.Restore.Databases;
using Xunit;

namespace Pgkeep.Tests.Restore.Databases;

public sealed class InvalidPagesTests
{
    private const string Before = "2025-01-08 12:30:00.000 UTC [77] WARNING:  ";

    private readonly InvalidPages _pages = new(new DatabaseChoice([new NamedDatabase("shop", 16385)], [new NamedDatabase("big", 16390)]));

    [Theory]
    [InlineData("page 5 of relation base/16390/16400 is uninitialized")]
    [InlineData("page 5 of relation base/16390/16400_vm does not exist")]
    [InlineData("page 131079 of relation pg_tblspc/16386/PG_15_202209061/16390/16400 is uninitialized")]
    [InlineData("WAL contains references to invalid pages")]
    public void What_an_emptied_database_misses_is_passed_over(string message)
    {
        Assert.True(_pages.Take(Before + message));

        _pages.RequireNone();
    }

    [Theory]
    [InlineData("page 5 of relation base/16385/16400 is uninitialized")]
    [InlineData("page 5 of relation base/5/16400 is uninitialized")]
    [InlineData("page 5 of relation global/1262 does not exist")]
    [InlineData("page 5 of relation base/17000/16400 is uninitialized")]
    public void What_any_other_database_misses_ends_the_restore(string message)
    {
        Assert.False(_pages.Take(Before + message));

        Assert.Contains(message, Assert.Throws<PgkeepException>(_pages.RequireNone).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Everything_else_is_told()
    {
        Assert.False(_pages.Take("2025-01-08 12:30:00.000 UTC [77] LOG:  redo starts at 0/2000028"));

        _pages.RequireNone();
    }
}
