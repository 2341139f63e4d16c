using Pgkeep.IntegrationTests.Harness;
using Xunit;

[assembly: AssemblyFixture(typeof(RunCleanup))]

namespace Pgkeep.IntegrationTests.Harness;

/// <summary>Removes what all tests of a run shared, after the last of them.</summary>
public sealed class RunCleanup : IAsyncDisposable
{
    public async ValueTask DisposeAsync()
    {
        await ClusterTemplates.RemoveAsync();
        PgkeepBinary.RemoveCopy();
    }
}
