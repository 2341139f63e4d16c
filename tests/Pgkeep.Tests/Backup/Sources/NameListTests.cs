using Pgkeep.Backup.Sources;
using Xunit;

namespace Pgkeep.Tests.Backup.Sources;

public sealed class NameListTests
{
    [Fact]
    public void It_is_in_the_order_of_bytes()
    {
        string[] names = ["b", "a", "10", "9", "1", "é", "z", "", "a b", new string('x', 700)];

        Assert.Equal(["", "1", "10", "9", "a", "a b", "b", new string('x', 700), "z", "é"], Sorted(names));
    }

    [Fact]
    public void Many_names_come_out_as_they_went_in()
    {
        var random = new Random(4711);
        var names = Enumerable.Range(0, 20_000).Select(_ => random.Next().ToString()).ToList();

        Assert.Equal(names.Order(StringComparer.Ordinal), Sorted(names));
    }

    [Fact]
    public void What_is_removed_is_gone_and_the_rest_in_order()
    {
        var names = Sorted(Enumerable.Range(0, 100).Select(number => $"{number:000}"));

        names.RemoveAll(name => name[^1] != '7');

        Assert.Equal(10, names.Count);
        Assert.Equal(["007", "017"], names.Take(2));
        Assert.Equal("097", names[9]);
    }

    private static NameList Sorted(IEnumerable<string> names)
    {
        var list = new NameList();
        foreach (var name in names)
        {
            list.Add(name);
        }

        list.Sort();
        return list;
    }
}
