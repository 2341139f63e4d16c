using Pgkeep.Postgres;
using Xunit;

namespace Pgkeep.Tests.Postgres;

public sealed class CrcShiftTests
{
    [Theory]
    [InlineData(0, 0)]
    [InlineData(1, 0)]
    [InlineData(0, 1)]
    [InlineData(13, 4096)]
    [InlineData(70000, 3)]
    public void Parts_join_to_the_checksum_of_the_whole(int first, int second)
    {
        var bytes = Enumerable.Range(0, first + second).Select(i => (byte)(i * 31)).ToArray();

        var joined = Crc32C.Combine(Crc32C.Compute(bytes.AsSpan(0, first)), Crc32C.Compute(bytes.AsSpan(first)), second);

        Assert.Equal(Crc32C.Compute(bytes), joined);
    }
}
