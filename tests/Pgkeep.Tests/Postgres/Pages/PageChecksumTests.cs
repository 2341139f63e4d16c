using System.Buffers.Binary;
using Pgkeep.Postgres.Pages;
using Xunit;

namespace Pgkeep.Tests.Postgres.Pages;

public sealed class PageChecksumTests
{
    private const uint Prime = 16777619;

    [Theory]
    [InlineData(8192, 0)]
    [InlineData(8192, 131072)]
    [InlineData(32768, uint.MaxValue)]
    [InlineData(1024, 7)]
    public void It_is_what_the_plain_algorithm_says(int length, uint block)
    {
        var page = new byte[length];
        new Random(length).NextBytes(page);

        Assert.Equal(Plain(page, block), PageChecksum.Compute(page, block));
    }

    [Fact]
    public void The_stored_checksum_does_not_count()
    {
        var page = new byte[8192];
        var before = PageChecksum.Compute(page, 1);
        BinaryPrimitives.WriteUInt16LittleEndian(page.AsSpan(8), 0xABCD);

        Assert.Equal(before, PageChecksum.Compute(page, 1));
    }

    /// <summary>Word by word, as checksum_impl.h describes it.</summary>
    private static ushort Plain(byte[] page, uint block)
    {
        var copy = page.ToArray();
        copy[8] = copy[9] = 0;
        uint[] sums =
        [
            0x5B1F36E9, 0xB8525960, 0x02AB50AA, 0x1DE66D2A, 0x79FF467A, 0x9BB9F8A3, 0x217E7CD2, 0x83E13D2C,
            0xF8D4474F, 0xE39EB970, 0x42C6AE16, 0x993216FA, 0x7B093B5D, 0x98DAFF3C, 0xF718902A, 0x0B1C9CDB,
            0xE58F764B, 0x187636BC, 0x5D7B3BB1, 0xE73DE7DE, 0x92BEC979, 0xCCA6C0B2, 0x304A0979, 0x85AA43D4,
            0x783125BB, 0x6CA8EAA2, 0xE407EAC6, 0x4B5CFC3E, 0x9FBF8C76, 0x15CA20BE, 0xF2CA9FD3, 0x959BD756,
        ];
        for (var word = 0; word < (copy.Length / 4) + 64; word++)
        {
            var value = word * 4 < copy.Length ? BinaryPrimitives.ReadUInt32LittleEndian(copy.AsSpan(word * 4)) : 0;
            var mixed = sums[word % 32] ^ value;
            sums[word % 32] = (mixed * Prime) ^ (mixed >> 17);
        }

        return (ushort)(((sums.Aggregate(0u, (left, right) => left ^ right) ^ block) % 65535) + 1);
    }
}
