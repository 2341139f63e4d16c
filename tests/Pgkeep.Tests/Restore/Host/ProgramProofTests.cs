using Pgkeep.Restore.Host;
using Pgkeep.Tests.Support;
using Xunit;

namespace Pgkeep.Tests.Restore.Host;

public sealed class ProgramProofTests
{
    [Theory]
    [InlineData("15.18", 202209061u, "15.2", true)]
    [InlineData("15.18", 202209061u, "15.18", true)]
    [InlineData("15.18", 202209061u, "15beta3", false)]
    [InlineData("15.18", 202209061u, "15devel", false)]
    [InlineData("15beta3", 202207291u, "15beta3", true)]
    [InlineData("15beta3", 202207291u, "15beta4", false)]
    [InlineData("15beta3", 202207291u, "15.2", false)]
    [InlineData("15rc1", 202209061u, "15.2", true)]
    [InlineData("15.3", 202300001u, "15.4", true)]
    public void Releases_of_a_major_have_one_catalogue_and_test_releases_their_own(string backup, uint catalogue, string programs, bool expected)
    {
        var cluster = SampleMetadata.Create().Cluster with { PostgresqlVersion = backup, CatalogVersion = catalogue };

        Assert.Equal(expected, ProgramProof.HasSameCatalogue(cluster, programs));
    }
}
