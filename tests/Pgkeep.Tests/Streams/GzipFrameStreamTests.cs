using System.IO.Compression;
using Pgkeep.Streams;
using Xunit;

namespace Pgkeep.Tests.Streams;

public sealed class GzipFrameStreamTests
{
    private const int FrameLength = 1000;

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(FrameLength - 1)]
    [InlineData(FrameLength)]
    [InlineData(FrameLength + 1)]
    [InlineData((7 * FrameLength) + 13)]
    public void What_is_written_is_read_back_by_any_gunzip(int length)
    {
        var plain = Content(length);

        var read = Decompress(Compress(plain, []));

        Assert.Equal(plain, read);
    }

    [Fact]
    public void The_header_carries_the_subfield()
    {
        var compressed = Compress(Content(10), [1, 2, 3]);

        Assert.True(GzipHeader.TryReadSubfield(compressed, out var subfield));
        Assert.Equal([1, 2, 3], subfield.ToArray());
    }

    [Fact]
    public void A_header_without_subfield_has_none()
    {
        Assert.False(GzipHeader.TryReadSubfield(Compress(Content(10), []), out _));
    }

    [Fact]
    public void A_header_cut_anywhere_is_answered_and_not_thrown()
    {
        var compressed = Compress(Content(10), [1, 2, 3]);

        Assert.All(Enumerable.Range(0, 18), length => Assert.False(GzipHeader.TryReadSubfield(compressed.AsSpan(0, length), out _)));
    }

    [Fact]
    public void A_frame_is_decompressed_without_those_before_it()
    {
        var target = new MemoryStream();
        using var gzip = new GzipFrameStream(target, 1, default, FrameLength);
        var plain = Content(2 * FrameLength);
        gzip.Write(plain.AsSpan(0, FrameLength));
        var secondFrame = target.Length;
        gzip.Write(plain.AsSpan(FrameLength));

        target.Position = secondFrame;
        var read = new byte[FrameLength];
        new DeflateStream(target, CompressionMode.Decompress).ReadExactly(read);

        Assert.Equal(plain[FrameLength..], read);
    }

    [Fact]
    public void The_same_content_gives_the_same_bytes()
    {
        Assert.Equal(Compress(Content(5000), [9]), Compress(Content(5000), [9]));
    }

    private static byte[] Compress(byte[] plain, byte[] subfield)
    {
        using var target = new MemoryStream();
        using var gzip = new GzipFrameStream(target, 1, subfield, FrameLength);
        gzip.Write(plain);
        gzip.Complete();
        return target.ToArray();
    }

    private static byte[] Decompress(byte[] compressed)
    {
        using var gzip = new GZipStream(new MemoryStream(compressed), CompressionMode.Decompress);
        using var plain = new MemoryStream();
        gzip.CopyTo(plain);
        return plain.ToArray();
    }

    /// <summary>Half of it compresses.</summary>
    private static byte[] Content(int length)
    {
        var random = new Random(17);
        return [.. Enumerable.Range(0, length).Select(i => i % 2 == 0 ? (byte)'x' : (byte)random.Next(256))];
    }
}
