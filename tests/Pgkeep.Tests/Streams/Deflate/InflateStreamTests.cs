using System.IO.Compression;
using Pgkeep.Streams.Deflate;
using Xunit;

namespace Pgkeep.Tests.Streams.Deflate;

public sealed class InflateStreamTests
{
    public static TheoryData<int, int, int> Sizes => new MatrixTheoryData<int, int, int>([1, 1000, 3_000_001], [1, 100, 100_000], [7, 65_536, 4_000_000]);

    [Theory]
    [MemberData(nameof(Sizes))]
    public void Content_comes_back_whatever_the_sizes_of_the_pieces(int length, int inputLength, int outputLength)
    {
        Assert.SkipUnless(IsalInflateLibrary.IsStreamUsable, "libisal.so.2 is not installed");
        var plain = Content(length);
        using var inflate = new IsalInflateStream(new MemoryStream(Deflate(plain)), inputLength);

        Assert.Equal(plain, ReadAll(inflate, outputLength));
    }

    [Fact]
    public void Content_cut_anywhere_is_a_beginning_of_it_or_refused()
    {
        Assert.SkipUnless(IsalInflateLibrary.IsStreamUsable, "libisal.so.2 is not installed");
        var plain = Content(3000);
        var deflated = Deflate(plain);

        Assert.All(Enumerable.Range(0, deflated.Length), length =>
        {
            using var inflate = new IsalInflateStream(new MemoryStream(deflated[..length]));
            Assert.True(plain.AsSpan().StartsWith(ReadAll(inflate, 65_536)));
        });
    }

    [Fact]
    public void Content_that_goes_on_after_its_end_is_refused()
    {
        Assert.SkipUnless(IsalInflateLibrary.IsStreamUsable, "libisal.so.2 is not installed");
        using var inflate = new IsalInflateStream(new MemoryStream([.. Deflate(Content(3000)), .. new byte[100]]));

        Assert.Throws<InvalidDataException>(() => ReadAll(inflate, 65_536));
    }

    [Fact]
    public void Damage_never_gives_what_was_stored()
    {
        Assert.SkipUnless(IsalInflateLibrary.IsStreamUsable, "libisal.so.2 is not installed");
        var plain = Content(3000);
        var deflated = Deflate(plain);

        Assert.All(Enumerable.Range(0, deflated.Length - 10), offset =>
        {
            var damaged = deflated.ToArray();
            damaged[offset] ^= 0x10;
            using var inflate = new IsalInflateStream(new MemoryStream(damaged));
            try
            {
                Assert.NotEqual(plain, ReadAll(inflate, 1000, limit: 100_000));
            }
            catch (InvalidDataException)
            {
                // As it should be.
            }
        });
    }

    private static byte[] ReadAll(Stream stream, int pieceLength, int limit = int.MaxValue)
    {
        using var plain = new MemoryStream();
        var piece = new byte[pieceLength];
        for (int read; (read = stream.Read(piece)) > 0 && plain.Length < limit;)
        {
            plain.Write(piece, 0, read);
        }

        return plain.ToArray();
    }

    private static byte[] Deflate(byte[] plain)
    {
        using var deflated = new MemoryStream();
        using (var deflate = new DeflateStream(deflated, CompressionLevel.Fastest))
        {
            deflate.Write(plain);
        }

        return deflated.ToArray();
    }

    private static byte[] Content(int length)
    {
        var random = new Random(length);
        return [.. Enumerable.Range(0, length).Select(i => i % 3 == 0 ? (byte)random.Next(256) : (byte)(i % 50))];
    }
}
