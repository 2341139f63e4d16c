using System.IO.Compression;
using Pgkeep.Streams.Deflate;
using Xunit;

namespace Pgkeep.Tests.Streams.Deflate;

public sealed class FrameDeflaterTests
{
    public static TheoryData<int, int> LevelsAndLengths => new MatrixTheoryData<int, int>([1, 6, 9], [1, 1000, 65_536, 1_048_576, 3_000_001]);

    [Theory]
    [MemberData(nameof(LevelsAndLengths))]
    public void A_frame_is_read_alone_and_ends_on_a_byte(int level, int length)
    {
        using var deflater = FrameDeflaters.Create(level);
        var plain = Content(length);
        deflater.Compress(new byte[] { 1, 2, 3 });

        var frame = deflater.Compress(plain).ToArray();

        Assert.Equal(plain, Inflate([.. frame, 0x03, 0x00]));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(6)]
    public void Content_that_cannot_be_compressed_fits(int level)
    {
        using var deflater = FrameDeflaters.Create(level);
        var plain = new byte[1_048_576];
        new Random(3).NextBytes(plain);

        var frame = deflater.Compress(plain).ToArray();

        Assert.Equal(plain, Inflate([.. frame, 0x03, 0x00]));
    }

    private static byte[] Inflate(byte[] frames)
    {
        using var inflate = new DeflateStream(new MemoryStream(frames), CompressionMode.Decompress);
        using var plain = new MemoryStream();
        inflate.CopyTo(plain);
        return plain.ToArray();
    }

    private static byte[] Content(int length)
    {
        var random = new Random(length);
        return [.. Enumerable.Range(0, length).Select(i => i % 3 == 0 ? (byte)random.Next(256) : (byte)(i % 50))];
    }
}
