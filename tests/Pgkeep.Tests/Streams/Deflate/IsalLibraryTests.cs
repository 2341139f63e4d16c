using Pgkeep.Streams;
using Pgkeep.Streams.Deflate;
using Xunit;

namespace Pgkeep.Tests.Streams.Deflate;

public sealed class IsalLibraryTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(1000)]
    [InlineData(262_144)]
    public void Its_checksum_is_gzips(int length)
    {
        Assert.SkipUnless(IsalLibrary.IsUsable, "libisal.so.2 is not installed");
        byte[] bytes = [.. Enumerable.Range(0, length).Select(i => (byte)(i * i >> 3))];

        Assert.Equal(Crc32.Append(0, bytes), IsalLibrary.ChecksumOf(bytes));
    }
}
