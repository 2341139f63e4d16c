using Pgkeep.Diagnostics;
using Pgkeep.Postgres;
using Pgkeep.Repository;
using Pgkeep.Tests.Support;
using Xunit;

namespace Pgkeep.Tests.Repository;

public sealed class RepositoryWitnessTests : IDisposable
{
    private static readonly SystemIdentifier Cluster = new(7);

    private readonly TemporaryDirectory _directory = new();

    private string Data => _directory.PathOf("data");

    private string NotePath => _directory.PathOf(".data.pgkeep-repositories");

    public RepositoryWitnessTests() => Directory.CreateDirectory(Data);

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void What_it_noted_it_misses()
    {
        RepositoryWitness.Of(Data).Note(Cluster, "/backup one");
        RepositoryWitness.Of(Data).Note(Cluster, "/two");
        RepositoryWitness.Of(Data).Note(Cluster, "/two");

        Assert.Equal(["7 /backup one", "7 /two"], File.ReadAllLines(NotePath));
        var missed = Assert.Throws<PgkeepException>(() => RepositoryWitness.Of(Data).RequireNew(Cluster, "/backup one"));
        Assert.Equal(ErrorKind.RepositoryMissing, missed.Kind);
        Assert.Contains(NotePath, string.Concat(missed.Hints), StringComparison.Ordinal);
        Assert.Throws<PgkeepException>(() => RepositoryWitness.Of(Data).RequireNew(Cluster, "/two"));
    }

    [Fact]
    public void Another_place_and_another_cluster_in_the_same_directory_may_begin()
    {
        RepositoryWitness.Of(Data).RequireNew(Cluster, "/one");
        RepositoryWitness.Of(Data).Note(Cluster, "/one");

        RepositoryWitness.Of(Data).RequireNew(Cluster, "/another");
        RepositoryWitness.Of(Data).RequireNew(new SystemIdentifier(8), "/one");
    }

    [Fact]
    public void It_lies_beside_the_directory_that_a_link_leads_to()
    {
        File.CreateSymbolicLink(_directory.PathOf("link"), Data);

        RepositoryWitness.Of(_directory.PathOf("link")).Note(Cluster, "/one");

        Assert.True(File.Exists(NotePath));
    }

    [Fact]
    public void What_stands_in_its_place_is_left_alone()
    {
        Directory.CreateDirectory(NotePath);

        RepositoryWitness.Of(Data).RequireNew(Cluster, "/one");
        RepositoryWitness.Of(Data).Note(Cluster, "/one");

        Assert.True(Directory.Exists(NotePath));
    }
}
