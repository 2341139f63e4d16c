using System.IO.Compression;
using Pgkeep.Streams;
using Xunit;

namespace Pgkeep.Tests.Streams;

public sealed class Crc32Tests
{
    private static readonly byte[] Noise = MakeNoise(20_000);

    [Fact]
    public void The_check_value_of_the_CRC_catalogue_is_met() => Assert.Equal(0xCBF43926, Crc32.Append(0, "123456789"u8));

    [Fact]
    public void Nothing_has_the_checksum_0() => Assert.Equal(0u, Crc32.Append(0, []));

    [Theory]
    [InlineData(1)]
    [InlineData(127)]
    [InlineData(128)]
    [InlineData(8192)]
    [InlineData(20_000)]
    public void It_is_the_checksum_that_gzip_writes(int length)
    {
        using var stream = new MemoryStream();
        using (var gzip = new GZipStream(stream, CompressionLevel.NoCompression, leaveOpen: true))
        {
            gzip.Write(Noise.AsSpan(0, length));
        }

        var trailer = BitConverter.ToUInt32(stream.ToArray().AsSpan()[^8..]);

        Assert.Equal(trailer, Crc32.Append(0, Noise.AsSpan(0, length)));
    }

    [Fact]
    public void Folding_and_tables_agree_at_every_length_and_offset()
    {
        Assert.SkipUnless(Crc32Folding.IsSupported, "this processor has no carry-less multiplication");
        Assert.All(Enumerable.Range(64, 1_000), length =>
        {
            ReadOnlySpan<byte> bytes = Noise.AsSpan(length % 17, length);
            var rest = bytes;
            var state = Crc32Folding.Append(0x1234_5678, ref rest);

            Assert.True(rest.Length < 64);
            Assert.Equal(Crc32Tables.Append(0x1234_5678, bytes), Crc32Tables.Append(state, rest));
        });
    }

    [Fact]
    public void It_does_not_matter_where_the_input_is_cut() =>
        Assert.All(Enumerable.Range(0, 300), i =>
        {
            var cut = i * 61;

            Assert.Equal(Crc32.Append(0, Noise), Crc32.Append(Crc32.Append(0, Noise.AsSpan(0, cut)), Noise.AsSpan(cut)));
        });

    [Fact]
    public void Two_checksums_combine_to_that_of_both_parts() =>
        Assert.All(Enumerable.Range(0, 300), i =>
        {
            var cut = i * 61;
            var first = Crc32.Append(0, Noise.AsSpan(0, cut));
            var second = Crc32.Append(0, Noise.AsSpan(cut));

            Assert.Equal(Crc32.Append(0, Noise), Crc32.Combine(first, second, Noise.Length - cut));
        });

    [Fact]
    public void Lengths_beyond_memory_combine_too()
    {
        var zeros = Crc32.Append(0, new byte[1 << 16]);
        for (var bits = 16; bits < 40; bits++)
        {
            zeros = Crc32.Combine(zeros, zeros, 1L << bits);
        }

        // A terabyte of zeros in two ways: as doubled above, and as 2^40 - 1 of them and one more.
        var allButOne = Crc32.Append(0, new byte[(1 << 16) - 1]);
        for (var bits = 16; bits < 40; bits++)
        {
            allButOne = Crc32.Combine(Repeated(bits), allButOne, (1L << bits) - 1);
        }

        Assert.Equal(zeros, Crc32.Append(allButOne, [0]));
    }

    private static uint Repeated(int bits)
    {
        var crc = Crc32.Append(0, [0]);
        for (var bit = 0; bit < bits; bit++)
        {
            crc = Crc32.Combine(crc, crc, 1L << bit);
        }

        return crc;
    }

    private static byte[] MakeNoise(int length)
    {
        var bytes = new byte[length];
        new Random(2).NextBytes(bytes);
        return bytes;
    }
}
