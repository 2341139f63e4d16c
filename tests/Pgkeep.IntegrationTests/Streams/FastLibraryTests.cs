using Pgkeep.Streams.Deflate;
using Xunit;

namespace Pgkeep.IntegrationTests.Streams;

public sealed class FastLibraryTests
{
    /// <summary>The launcher installs it; without it the path that most users take would not be tested here.</summary>
    [Fact]
    public void ISA_L_is_there_and_passes_its_trial()
    {
        Assert.False(FrameDeflaters.IsFastLibraryMissingFor(1), "install libisal2");
    }
}
