using Pgkeep.Diagnostics;
using Pgkeep.Posix;
using Pgkeep.Postgres;
using Pgkeep.Repository;
using Pgkeep.Restore;
using Pgkeep.Tests.Support;
using Xunit;

namespace Pgkeep.Tests.Restore;

public sealed class TablespacePlacesTests : IDisposable
{
    private static readonly Account Owner = Account.Find(Account.CurrentUserId)!;

    private static readonly BackupMetadata Backup = SampleMetadata.Create() with
    {
        Tablespaces = [new TablespaceMetadata(16384, "/srv/fast", "16384.tar.gz"), new TablespaceMetadata(16385, "/srv/a=b", "16385.tar.gz")],
    };

    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Theory]
    [InlineData("/srv/fast", 16384)]
    [InlineData("/srv/fast/", 16384)]
    [InlineData("16384", 16384)]
    [InlineData("16385", 16385)]
    public void A_tablespace_is_named_by_its_location_or_its_OID(string old, uint moved)
    {
        var places = Of(new TablespaceMove(old, "/srv/new"));

        Assert.Equal("/srv/new", places.Single(place => place.Oid == moved).Location);
        Assert.Equal("/else", places.Single(place => place.Oid != moved).Location);
    }

    [Theory]
    [InlineData("/srv/slow", "has no tablespace")]
    [InlineData("1", "has no tablespace")]
    public void One_that_is_not_there_is_refused_with_those_that_are(string old, string fact)
    {
        var thrown = Assert.Throws<PgkeepException>(() => Of(new TablespaceMove(old, "/srv/new")));

        Assert.Contains(fact, thrown.Message, StringComparison.Ordinal);
        Assert.Contains("\"/srv/fast\" (16384)", thrown.Hints[0], StringComparison.Ordinal);
    }

    [Fact]
    public void Two_places_for_one_are_refused() =>
        Assert.Equal(ErrorKind.Usage, Assert.Throws<PgkeepException>(() => Of(new TablespaceMove("/srv/fast", "/a"), new TablespaceMove("16384", "/b"))).Kind);

    [Theory]
    [InlineData("/srv/two\nlines")]
    [InlineData("/srv/back\\")]
    public void A_name_that_the_map_cannot_say_is_refused(string place) =>
        Assert.Equal(ErrorKind.Usage, Assert.Throws<PgkeepException>(() => Of(new TablespaceMove("16384", place))).Kind);

    [Theory]
    [InlineData(13)]
    [InlineData(15)]
    [InlineData(18)]
    public void The_map_leads_to_the_new_place_and_what_else_it_says_stays(int major)
    {
        var version = PostgresVersion.All.Single(row => row.Major == major);
        var backslash = version.TablespaceMapEscapesBackslash ? "\\\\" : "\\";
        _directory.Write("tablespace_map", $"16384 /srv/fast\n16385 /srv/a{backslash}b\n", (UnixFileMode)0b110_100_000);

        TablespacePlaces.WriteMap(_directory.Path, [new TablespacePlace(16384, "/srv/fast", "/srv/größer", "16384.tar.gz")], version, Owner);

        Assert.Equal($"16384 /srv/größer\n16385 /srv/a{backslash}b\n", File.ReadAllText(_directory.PathOf("tablespace_map")));
        Assert.Equal(0b110_100_000, (int)File.GetUnixFileMode(_directory.PathOf("tablespace_map")));
    }

    [Theory]
    [InlineData("16385 /srv/x\n")]
    [InlineData("16384 /srv/x")]
    public void A_map_that_does_not_have_it_is_refused(string text)
    {
        _directory.Write("tablespace_map", text);

        var thrown = Assert.Throws<PgkeepException>(() => TablespacePlaces.WriteMap(_directory.Path, Of(new TablespaceMove("16384", "/srv/new")), PostgresVersion.All[^1], Owner));

        Assert.Equal(ErrorKind.BackupDamaged, thrown.Kind);
    }

    private static IReadOnlyList<TablespacePlace> Of(params TablespaceMove[] moves) => TablespacePlaces.Of(Backup, moves, _ => "/else");
}
