using System.Text;
using Pgkeep.Postgres;
using Xunit;

namespace Pgkeep.Tests.Postgres;

/// <summary>
/// The texts are what servers of 13 and 15 (17 and 18 alike) answered for tablespaces in directories with these names, the paths
/// before them shortened.
/// </summary>
public sealed class TablespaceMapTests
{
    private const string From15 =
        "16389 /srv/new\\\nline\n16388 /srv/end\\\\\n16386 /srv/with space\n16387 /srv/back\\\\slash\n16390 /srv/bs\\\\\\\nnl\n";

    private const string From13 = "16389 /srv/new\\\nline\n16386 /srv/with space\n16387 /srv/back\\slash\n16390 /srv/bs\\\\\nnl\n";

    [Theory]
    [InlineData(14)]
    [InlineData(15)]
    [InlineData(16)]
    [InlineData(17)]
    [InlineData(18)]
    public void Since_14_backslashes_and_line_ends_are_escaped(int major) =>
        Assert.Equal(
            [
                new TablespaceMapEntry(new Oid(16389), "/srv/new\nline"),
                new TablespaceMapEntry(new Oid(16388), "/srv/end\\"),
                new TablespaceMapEntry(new Oid(16386), "/srv/with space"),
                new TablespaceMapEntry(new Oid(16387), "/srv/back\\slash"),
                new TablespaceMapEntry(new Oid(16390), "/srv/bs\\\nnl"),
            ],
            Parse(From15, major).Entries);

    [Fact]
    public void In_13_only_line_ends_are_escaped() =>
        Assert.Equal(
            [
                new TablespaceMapEntry(new Oid(16389), "/srv/new\nline"),
                new TablespaceMapEntry(new Oid(16386), "/srv/with space"),
                new TablespaceMapEntry(new Oid(16387), "/srv/back\\slash"),
                new TablespaceMapEntry(new Oid(16390), "/srv/bs\\\nnl"),
            ],
            Parse(From13, 13).Entries);

    [Theory]
    [InlineData("")]
    [InlineData("\n")]
    [InlineData("\r\n\r\n")]
    public void Nothing_is_a_map_without_entries(string text) => Assert.Empty(Parse(text, 15).Entries);

    [Fact]
    public void Every_blank_but_the_first_belongs_to_the_path() =>
        Assert.Equal("  x ", Assert.Single(Parse("16384   x \r\n", 15).Entries).Path);

    [Theory]
    [InlineData("16384 /srv/x", "the last line of tablespace_map is not ended")]
    [InlineData("16384 /srv/x\\", "the last line of tablespace_map is not ended")]
    [InlineData("16384 /srv/x\\\n", "the last line of tablespace_map is not ended")]
    [InlineData("/srv/x\n", "tablespace_map has the line \"/srv/x\"")]
    [InlineData("16384\n", "tablespace_map has the line \"16384\"")]
    [InlineData("16384 \n", "tablespace_map has the line \"16384 \"")]
    [InlineData(" /srv/x\n", "tablespace_map has the line \" /srv/x\"")]
    [InlineData("0 /srv/x\n", "tablespace_map has the line \"0 /srv/x\"")]
    [InlineData("4294967296 /srv/x\n", "tablespace_map has the line \"4294967296 /srv/x\"")]
    public void What_the_server_refuses_is_a_problem(string text, string expected)
    {
        Assert.False(TablespaceMap.TryParse(text, Version(15), out var map, out var problem));
        Assert.Null(map);
        Assert.Equal(expected, problem);
    }

    [Theory]
    [InlineData(13)]
    [InlineData(15)]
    public void A_map_cut_anywhere_or_damaged_never_throws(int major)
    {
        var bytes = Encoding.ASCII.GetBytes(From15);
        var damaged = Enumerable.Range(0, bytes.Length).Select(length => bytes[..length]).Concat(Mutation.Of(bytes, 5_000));

        Assert.All(damaged, content =>
        {
            var parsed = TablespaceMap.TryParse(Encoding.Latin1.GetString(content), Version(major), out var map, out var problem);

            Assert.Equal(parsed, map is not null);
            Assert.Equal(parsed, problem.Length == 0);
        });
    }

    private static PostgresVersion Version(int major) => PostgresVersion.All.Single(row => row.Major == major);

    private static TablespaceMap Parse(string text, int major)
    {
        Assert.True(TablespaceMap.TryParse(text, Version(major), out var map, out var problem), problem);
        return map!;
    }
}
