using System.IO.Compression;
using Pgkeep.Streams;
using Pgkeep.Streams.Codecs;
using Xunit;

namespace Pgkeep.Tests.Streams.Codecs;

public sealed class FrameStreamTests
{
    private const int FrameLength = 1000;

    public static TheoryData<string, int> CodecsAndLengths =>
        new MatrixTheoryData<string, int>([.. Codec.All.Select(codec => codec.Name)], [1, FrameLength - 1, FrameLength, FrameLength + 1, (7 * FrameLength) + 13]);

    [Theory]
    [MemberData(nameof(CodecsAndLengths))]
    public void What_is_written_is_read_back(string codec, int length)
    {
        var plain = Content(length);

        var read = Decompress(Compress(plain, CodecOf(codec)), CodecOf(codec));

        Assert.Equal(plain, read);
    }

    [Fact]
    public void A_gzip_member_without_content_is_one_as_well()
    {
        Assert.Empty(Decompress(Compress([], Codec.Gzip), Codec.Gzip));
    }

    [Fact]
    public void A_tar_without_compression_is_stored_as_it_is()
    {
        var plain = Content((3 * FrameLength) + 1);

        Assert.Equal(plain, Compress(plain, Codec.None));
    }

    [Fact]
    public void The_header_carries_the_subfield()
    {
        var compressed = CompressWith([1, 2, 3]);

        Assert.True(GzipHeader.TryReadSubfield(compressed, out var subfield));
        Assert.Equal([1, 2, 3], subfield.ToArray());
    }

    [Fact]
    public void A_header_without_subfield_has_none()
    {
        Assert.False(GzipHeader.TryReadSubfield(CompressWith([]), out _));
    }

    [Fact]
    public void A_header_cut_anywhere_is_answered_and_not_thrown()
    {
        var compressed = CompressWith([1, 2, 3]);

        Assert.All(Enumerable.Range(0, 18), length => Assert.False(GzipHeader.TryReadSubfield(compressed.AsSpan(0, length), out _)));
    }

    [Theory]
    [InlineData("gzip")]
    [InlineData("zstd")]
    [InlineData("none")]
    public void A_frame_is_decompressed_without_those_before_it(string codec)
    {
        var target = new MemoryStream();
        using var frames = new FrameStream(target, new Compression(CodecOf(codec), 1), FrameLength);
        var plain = Content(2 * FrameLength);
        frames.Write(plain.AsSpan(0, FrameLength));
        var secondFrame = target.Length;
        frames.Write(plain.AsSpan(FrameLength));

        target.Position = secondFrame;
        var read = new byte[FrameLength];
        using var alone = codec == "gzip" ? new DeflateStream(target, CompressionMode.Decompress) : CodecOf(codec).Decompress(target);
        alone.ReadExactly(read);

        Assert.Equal(plain[FrameLength..], read);
    }

    [Theory]
    [InlineData("gzip")]
    [InlineData("zstd")]
    public void The_same_content_gives_the_same_bytes(string codec)
    {
        Assert.Equal(Compress(Content(5000), CodecOf(codec)), Compress(Content(5000), CodecOf(codec)));
    }

    private static Codec CodecOf(string name) => Codec.TryFind(name, out var codec) ? codec : throw new ArgumentException("no codec", nameof(name));

    private static byte[] Compress(byte[] plain, Codec codec)
    {
        using var target = new MemoryStream();
        using var frames = new FrameStream(target, new Compression(codec, codec.DefaultLevel), FrameLength);
        frames.Write(plain);
        frames.Complete();
        return target.ToArray();
    }

    private static byte[] CompressWith(byte[] subfield)
    {
        using var target = new MemoryStream();
        using var gzip = FrameStream.Gzip(target, 1, subfield, FrameLength);
        gzip.Write(Content(10));
        gzip.Complete();
        return target.ToArray();
    }

    private static byte[] Decompress(byte[] stored, Codec codec)
    {
        using var content = codec.Decompress(new MemoryStream(stored));
        using var plain = new MemoryStream();
        content.CopyTo(plain);
        return plain.ToArray();
    }

    /// <summary>Half of it compresses.</summary>
    private static byte[] Content(int length)
    {
        var random = new Random(17);
        return [.. Enumerable.Range(0, length).Select(i => i % 2 == 0 ? (byte)'x' : (byte)random.Next(256))];
    }
}
