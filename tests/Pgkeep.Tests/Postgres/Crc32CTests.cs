using System.Text;
using Pgkeep.Postgres;
using Xunit;

namespace Pgkeep.Tests.Postgres;

public sealed class Crc32CTests
{
    private static readonly byte[] Noise = MakeNoise(20_000);

    // The check value of the CRC catalogue, and three of RFC 3720, appendix B.4.
    [Theory]
    [InlineData("313233343536373839", 0xE3069283)]
    [InlineData("", 0u)]
    [InlineData("0000000000000000000000000000000000000000000000000000000000000000", 0x8A9136AA)]
    [InlineData("FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF", 0x62A8AB43)]
    [InlineData("000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F", 0x46DD794E)]
    public void Known_inputs_have_their_published_checksum(string hex, uint expected) =>
        Assert.Equal(expected, Crc32C.Compute(Convert.FromHexString(hex)));

    [Theory]
    [InlineData(1535)]
    [InlineData(1536)]
    [InlineData(1537)]
    [InlineData(3072)]
    [InlineData(8192)]
    [InlineData(20_000)]
    public void Three_lanes_give_what_one_bit_at_a_time_gives(int length)
    {
        var bytes = Noise.AsSpan(0, length);

        Assert.Equal(Bitwise(bytes), Crc32C.Compute(bytes));
        Assert.Equal(Bitwise(bytes), Crc32C.Final(Crc32C.AppendInOneLane(Crc32C.Initial, bytes)));
    }

    [Fact]
    public void It_does_not_matter_where_the_input_is_cut() =>
        Assert.All(Enumerable.Range(0, 300), i =>
        {
            var cut = i * 61;
            var state = Crc32C.Append(Crc32C.Append(Crc32C.Initial, Noise.AsSpan(0, cut)), Noise.AsSpan(cut));

            Assert.Equal(Crc32C.Compute(Noise), Crc32C.Final(state));
        });

    [Fact]
    public void An_accumulator_begins_empty_and_always_holds_the_checksum_so_far()
    {
        var accumulator = default(Crc32CAccumulator);
        Assert.Equal(0u, accumulator.Value);

        accumulator.Append("1234"u8);
        Assert.Equal(Crc32C.Compute("1234"u8), accumulator.Value);

        accumulator.Append(Encoding.ASCII.GetBytes("56789"));
        Assert.Equal(0xE3069283, accumulator.Value);
    }

    private static uint Bitwise(ReadOnlySpan<byte> bytes)
    {
        var state = uint.MaxValue;
        foreach (var single in bytes)
        {
            state ^= single;
            for (var bit = 0; bit < 8; bit++)
            {
                state = (state >> 1) ^ ((state & 1) * 0x82F63B78);
            }
        }

        return ~state;
    }

    private static byte[] MakeNoise(int length)
    {
        var bytes = new byte[length];
        new Random(1).NextBytes(bytes);
        return bytes;
    }
}
