using Pgkeep.Streams.Zstd;
using Xunit;

namespace Pgkeep.Tests.Streams.Zstd;

public sealed class ZstdStreamTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(4096)]
    [InlineData(10_000_000)]
    public void Many_frames_are_one_content_however_little_is_asked_for(int wanted)
    {
        byte[][] parts = [Content(200_000), Content(1), Content(1_500_000)];
        using var stream = new ZstdStream(new TrickleStream(Frames(parts), 1000));
        var buffer = new byte[wanted];
        var read = new MemoryStream();

        for (int count; (count = stream.Read(buffer)) > 0;)
        {
            read.Write(buffer, 0, count);
        }

        Assert.Equal(parts.SelectMany(part => part), read.ToArray());
    }

    [Fact]
    public void Content_that_cannot_be_compressed_fits()
    {
        var plain = new byte[1_048_576];
        new Random(3).NextBytes(plain);

        Assert.Equal(plain, Read(Frames(plain)));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(19)]
    public void Every_level_is_read_back(int level)
    {
        var plain = Content(300_000);
        using var compressor = new ZstdCompressor(level);

        Assert.Equal(plain, Read(compressor.Compress(plain).ToArray()));
    }

    /// <summary>RFC 8878, 3.1.1.1: bit 5 of the descriptor for a single segment, bit 2 for a checksum, bits 7 and 6 for a length of four bytes.</summary>
    [Fact]
    public void A_frame_says_how_long_its_content_is_and_has_a_checksum()
    {
        var frame = Frames(Content(300_000));

        Assert.Equal([0x28, 0xB5, 0x2F, 0xFD], frame[..4]);
        Assert.Equal(0b1010_0100, frame[4]);
        Assert.Equal(300_000, BitConverter.ToInt32(frame, 5));
    }

    /// <summary>
    /// A frame becomes long where a file grew while it was read. With more than 128 MiB of window, zstd's program wants --long. RFC 8878, 3.1.1.1.2:
    /// bits 7 to 3 of the window's descriptor are its exponent, from 1 KiB on.
    /// </summary>
    [Fact]
    public void A_long_frame_of_the_highest_level_needs_8_MiB_to_decompress()
    {
        using var compressor = new ZstdCompressor(19);

        var frame = compressor.Compress(new byte[20_000_000]).Span;

        Assert.Equal(0, frame[4] & 0b0010_0000);
        Assert.Equal(23, 10 + (frame[5] >> 3));
    }

    [Fact]
    public void A_frame_cut_anywhere_is_damaged()
    {
        var stored = Frames(Content(500));

        Assert.All(Enumerable.Range(0, stored.Length), length => Assert.Throws<InvalidDataException>(() => Read(stored[..length])));
    }

    [Fact]
    public void The_second_frame_cut_anywhere_is_damaged()
    {
        var first = Frames(Content(500));
        var stored = Frames(Content(500), Content(700));

        Assert.All(Enumerable.Range(first.Length + 1, stored.Length - first.Length - 1), length => Assert.Throws<InvalidDataException>(() => Read(stored[..length])));
    }

    /// <summary>A few bits of a frame mean nothing; a change of any other is damage.</summary>
    [Fact]
    public void A_changed_byte_never_gives_other_content()
    {
        var plain = Content(3000);
        var stored = Frames(plain);

        var unnoticed = Enumerable.Range(0, stored.Length).Count(at =>
        {
            var changed = stored.ToArray();
            changed[at] ^= 0x10;
            try
            {
                Assert.Equal(plain, Read(changed));
                return true;
            }
            catch (InvalidDataException)
            {
                return false;
            }
        });

        Assert.InRange(unnoticed, 0, 3);
    }

    [Fact]
    public void What_is_no_frame_is_damaged()
    {
        Assert.Throws<InvalidDataException>(() => Read("this is not a frame of zstd, and longer than its header"u8.ToArray()));
        Assert.Throws<InvalidDataException>(() => Read([.. Frames(Content(500)), .. "garbage"u8]));
    }

    private static byte[] Read(byte[] stored)
    {
        using var stream = new ZstdStream(new MemoryStream(stored));
        using var plain = new MemoryStream();
        stream.CopyTo(plain);
        return plain.ToArray();
    }

    private static byte[] Frames(params byte[][] parts)
    {
        using var compressor = new ZstdCompressor(3);
        return [.. parts.SelectMany(part => compressor.Compress(part).ToArray())];
    }

    private static byte[] Content(int length)
    {
        var random = new Random(length);
        return [.. Enumerable.Range(0, length).Select(i => i % 3 == 0 ? (byte)random.Next(256) : (byte)(i % 50))];
    }
}
