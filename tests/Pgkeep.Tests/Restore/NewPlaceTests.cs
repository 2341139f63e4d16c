using Pgkeep.Diagnostics;
using Pgkeep.Repository;
using Pgkeep.Restore;
using Pgkeep.Tests.Support;
using Xunit;

namespace Pgkeep.Tests.Restore;

public sealed class NewPlaceTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    public NewPlaceTests()
    {
        foreach (var folder in (string[])["repository", "cluster/base", "space/PG_15_202209061/5", "empty", "full"])
        {
            Directory.CreateDirectory(_directory.PathOf(folder));
        }

        _directory.Write("cluster/PG_VERSION", "15\n");
        _directory.Write("full/letter", "dear\n");
    }

    public void Dispose() => _directory.Dispose();

    [Theory]
    [InlineData("empty")]
    [InlineData("new")]
    [InlineData("empty/deep/new")]
    public void An_empty_directory_and_an_absent_one_will_do(string place) => Require(place);

    [Theory]
    [InlineData("full", "is not empty")]
    [InlineData("full/letter", "is not a directory")]
    [InlineData("repository/copy", "lie one inside the other")]
    [InlineData("", "lie one inside the other")]
    [InlineData("cluster/new", "lies in the data directory")]
    [InlineData("cluster/base/new", "lies in the data directory")]
    [InlineData("space/new", "lies in the tablespace")]
    [InlineData("space/PG_15_202209061/new", "lies in the tablespace")]
    [InlineData("other", "is named twice")]
    [InlineData("other/inside", "lie one inside the other")]
    public void What_belongs_to_somebody_is_refused(string place, string fact)
    {
        var thrown = Assert.Throws<PgkeepException>(() => Require(place));

        Assert.Equal(ErrorKind.Configuration, thrown.Kind);
        Assert.Contains(fact, thrown.Message, StringComparison.Ordinal);
        Assert.Contains("nothing was changed", thrown.Hints[0], StringComparison.Ordinal);
    }

    [Fact]
    public void What_a_restore_has_left_itself_is_no_hindrance() => Require("full", _ => true);

    private void Require(string place, Func<string, bool>? isOurs = null) => NewPlace.Require(
        Path.TrimEndingDirectorySeparator(_directory.PathOf(place)), [_directory.PathOf("other")], RepositoryLayout.Of(_directory.PathOf("repository"), null), isOurs ?? (_ => false));
}
