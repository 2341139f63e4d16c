using System.Text;
using Pgkeep.Streams.Blocks;
using Xunit;

namespace Pgkeep.Tests.Streams.Blocks;

/// <summary>The blocks were written by hand from the descriptions of both formats; what servers write, the integration tests read.</summary>
public sealed class BlockDecoderTests
{
    private const string Plain = "abcabcabcabcabcabcabcabcabcabcXY";

    /// <summary>Three literals, a match of 27 bytes three back (9 beyond 18), two literals.</summary>
    private static readonly byte[] Pglz = [0b0000_1000, (byte)'a', (byte)'b', (byte)'c', 0x0F, 3, 9, (byte)'X', (byte)'Y'];

    /// <summary>Three literals, a match of 27 bytes (15 + 8 + 4) three back, and the last two.</summary>
    private static readonly byte[] Lz4 = [0x3F, (byte)'a', (byte)'b', (byte)'c', 3, 0, 8, 0x20, (byte)'X', (byte)'Y'];

    [Fact]
    public void Pglz_is_decompressed() => Assert.Equal(Plain, Decompress(PglzBlock.TryDecompress, Pglz, Plain.Length));

    [Fact]
    public void Lz4_is_decompressed() => Assert.Equal(Plain, Decompress(Lz4Block.TryDecompress, Lz4, Plain.Length));

    [Fact]
    public void Long_literals_have_their_length_in_more_bytes()
    {
        var plain = new string('q', 300);

        Assert.Equal(plain, Decompress(Lz4Block.TryDecompress, [0xF0, 255, 30, .. Encoding.ASCII.GetBytes(plain)], 300));
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(1)]
    public void Another_length_is_damage(int more)
    {
        Assert.Null(Decompress(Lz4Block.TryDecompress, Lz4, Plain.Length + more));
        Assert.Null(Decompress(PglzBlock.TryDecompress, Pglz, Plain.Length + more));
    }

    [Fact]
    public void What_is_cut_anywhere_is_damaged()
    {
        Assert.All(Enumerable.Range(0, Pglz.Length), length => Assert.Null(Decompress(PglzBlock.TryDecompress, Pglz[..length], Plain.Length)));
        Assert.All(Enumerable.Range(0, Lz4.Length), length => Assert.Null(Decompress(Lz4Block.TryDecompress, Lz4[..length], Plain.Length)));
    }

    [Fact]
    public void A_match_before_the_beginning_is_damage()
    {
        Assert.Null(Decompress(PglzBlock.TryDecompress, [0b10, (byte)'a', 0x00, 2], 4));
        Assert.Null(Decompress(PglzBlock.TryDecompress, [0b10, (byte)'a', 0x00, 0], 4));
        Assert.Null(Decompress(Lz4Block.TryDecompress, [0x10, (byte)'a', 2, 0, 0x00], 5));
    }

    [Fact]
    public void Random_damage_throws_nothing()
    {
        foreach (var damaged in Mutation.Of(Pglz, 3000).Concat(Mutation.Of(Lz4, 3000)))
        {
            Decompress(PglzBlock.TryDecompress, damaged, Plain.Length);
            Decompress(Lz4Block.TryDecompress, damaged, Plain.Length);
        }
    }

    private static string? Decompress(Decompressor decompress, byte[] stored, int length)
    {
        var plain = new byte[length];
        return decompress(stored, plain) ? Encoding.ASCII.GetString(plain) : null;
    }

    private delegate bool Decompressor(ReadOnlySpan<byte> stored, Span<byte> plain);
}
