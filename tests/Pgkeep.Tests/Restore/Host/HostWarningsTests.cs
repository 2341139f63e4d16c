using System.Runtime.InteropServices;
using Pgkeep.Posix;
using Pgkeep.Repository;
using Pgkeep.Restore.Host;
using Pgkeep.Tests.Support;
using Xunit;

namespace Pgkeep.Tests.Restore.Host;

public sealed class HostWarningsTests
{
    private static readonly ClusterMetadata Cluster = SampleMetadata.Create().Cluster with
    {
        Build = "PostgreSQL 15.18 (Debian 15.18-0+deb12u1) on x86_64-pc-linux-gnu, compiled by gcc (Debian 12.2.0-14) 12.2.0, 64-bit",
        CollationVersions = new Dictionary<string, string> { ["libc"] = "2.36", ["icu"] = "153.120" },
    };

    [Fact]
    public void The_same_machine_says_nothing() => Assert.Empty(For("2.36", "153.120"));

    [Fact]
    public void What_is_not_known_is_no_difference()
    {
        Assert.Empty(For(null, null));
        Assert.Empty(HostWarnings.For(Cluster with { Build = "", CollationVersions = new Dictionary<string, string>() }, Libraries("2.41", "1.2"), Architecture.X64));
        Assert.Empty(HostWarnings.For(Cluster with { Build = "PostgreSQL 15.18, compiled by Visual C++ build 1914, 64-bit" }, Libraries(null, null), Architecture.X64));
    }

    [Fact]
    public void Each_library_that_orders_text_in_another_way_is_named()
    {
        var warnings = For("2.41", "153.128");

        Assert.Equal(2, warnings.Count);
        Assert.Contains("ordered by icu 153.120, and this machine has 153.128", warnings[0], StringComparison.Ordinal);
        Assert.Contains("ordered by libc 2.36, and this machine has 2.41", warnings[1], StringComparison.Ordinal);
        Assert.All(warnings, warning => Assert.Contains("REINDEX", warning, StringComparison.Ordinal));
    }

    [Fact]
    public void Another_processor_is_named() =>
        Assert.Contains("for x86_64, and this machine is aarch64", Assert.Single(HostWarnings.For(Cluster, Libraries("2.36", "153.120"), Architecture.Arm64)), StringComparison.Ordinal);

    [Theory]
    [InlineData(new byte[] { 153, 120, 0, 0 }, "153.120")]
    [InlineData(new byte[] { 153, 120, 42, 0 }, "153.120.42")]
    [InlineData(new byte[] { 153, 0, 0, 0 }, "153.0")]
    public void A_collation_s_version_is_written_as_ICU_does(byte[] version, string expected) => Assert.Equal(expected, IcuLibrary.Show(version));

    private static IReadOnlyList<string> For(string? libc, string? icu) => HostWarnings.For(Cluster, Libraries(libc, icu), Architecture.X64);

    private static Dictionary<string, string?> Libraries(string? libc, string? icu) => new() { ["libc"] = libc, ["icu"] = icu };
}
