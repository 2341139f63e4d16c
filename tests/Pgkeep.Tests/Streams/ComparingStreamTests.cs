using Pgkeep.Streams;
using Xunit;

namespace Pgkeep.Tests.Streams;

public sealed class ComparingStreamTests
{
    private static readonly byte[] Other = [1, 2, 3, 4, 5, 6];

    [Theory]
    [InlineData(6, true)]
    [InlineData(5, false)]
    public void Equal_is_what_has_the_same_bytes_and_no_more(int length, bool isEqual)
    {
        using var stream = new ComparingStream(new MemoryStream(Other));
        stream.Write(Other, 0, length);

        Assert.Equal(isEqual, stream.IsEqual());
    }

    [Theory]
    [InlineData(4, 3, new byte[] { 1, 2, 3, 4, 9, 9 }, true)]
    [InlineData(4, 4, new byte[] { 1, 2, 3, 4 }, true)]
    [InlineData(5, 3, new byte[] { 1, 2, 3, 4 }, false)]
    [InlineData(5, 3, new byte[] { 1, 2, 3, 4, 9, 9 }, false)]
    [InlineData(0, 3, new byte[] { 9, 9, 9, 9 }, true)]
    public void A_prefix_ends_within_a_piece_or_with_one(int most, int piece, byte[] written, bool hasPrefix)
    {
        using var stream = new ComparingStream(new MemoryStream(Other), most);
        foreach (var part in written.Chunk(piece))
        {
            stream.Write(part);
        }

        Assert.Equal(hasPrefix, stream.HasPrefix());
    }
}
