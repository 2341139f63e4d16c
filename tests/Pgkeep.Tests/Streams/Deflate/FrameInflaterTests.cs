using Pgkeep.Streams.Codecs;
using Pgkeep.Streams.Deflate;
using Xunit;

namespace Pgkeep.Tests.Streams.Deflate;

public sealed class FrameInflaterTests
{
    public static TheoryData<string, int, int> Cases => new MatrixTheoryData<string, int, int>(["isal", "zlib"], [1, 6], [1, 1000, 65_536, 1_048_576, 3_000_001]);

    public static TheoryData<string> Kinds => ["isal", "zlib"];

    [Theory]
    [MemberData(nameof(Cases))]
    public void What_was_compressed_comes_back(string kind, int level, int length)
    {
        using var inflater = Create(kind);
        var plain = Content(length);
        var frame = Frame(plain, level);
        var read = new byte[length];

        Assert.True(inflater.TryDecompress(frame, read));
        Assert.Equal(plain, read);
        Assert.True(inflater.TryDecompress(frame, read));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Content_of_another_length_is_refused(string kind)
    {
        using var inflater = Create(kind);
        var frame = Frame(Content(100_000), 1);

        Assert.False(inflater.TryDecompress(frame, new byte[99_999]));
        Assert.False(inflater.TryDecompress(frame, new byte[100_001]));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void A_frame_that_was_cut_is_refused(string kind)
    {
        using var inflater = Create(kind);
        var plain = Content(3000);
        var frame = Frame(plain, 1);

        // The last 5 bytes are the empty stored block of the flush: without some of it, nothing of the content is lacking.
        foreach (var length in Enumerable.Range(2, frame.Length - 7))
        {
            Assert.False(inflater.TryDecompress(frame.AsSpan(0, length).ToArray(), new byte[plain.Length]));
        }
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void What_follows_a_frame_is_not_taken_for_part_of_it(string kind)
    {
        using var inflater = Create(kind);
        var plain = Content(3000);
        byte[] ended = [.. Frame(plain, 1)[..^2], 0x03, 0x00, 7, 7, 7, 0, 0];

        Assert.False(inflater.TryDecompress(ended, new byte[plain.Length]));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void A_damaged_frame_is_refused_or_gives_as_many_bytes(string kind)
    {
        using var inflater = Create(kind);
        var plain = Content(20_000);
        var frame = Frame(plain, 1);
        var read = new byte[plain.Length];

        foreach (var damaged in Mutation.Of(frame, 2000))
        {
            inflater.TryDecompress(damaged, read);
        }

        Assert.True(inflater.TryDecompress(frame, read));
        Assert.Equal(plain, read);
    }

    private static IFrameDecompressor Create(string kind)
    {
        Assert.SkipUnless(kind != "isal" || IsalInflateLibrary.IsUsable, "libisal.so.2 is not installed");
        return kind == "isal" ? new IsalInflater() : new ZlibInflater();
    }

    /// <summary>With the room behind it that an inflater wants.</summary>
    private static byte[] Frame(byte[] plain, int level)
    {
        using var deflater = FrameDeflaters.Create(level);
        return [.. deflater.Compress(plain).Span, 0, 0];
    }

    private static byte[] Content(int length)
    {
        var random = new Random(length);
        return [.. Enumerable.Range(0, length).Select(i => i % 3 == 0 ? (byte)random.Next(256) : (byte)(i % 50))];
    }
}
