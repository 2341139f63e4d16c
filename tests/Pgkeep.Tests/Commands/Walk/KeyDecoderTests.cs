using System.Text;
using Pgkeep.Commands.Walk;
using Xunit;

namespace Pgkeep.Tests.Commands.Walk;

public sealed class KeyDecoderTests
{
    [Theory]
    [InlineData("k", "Up")]
    [InlineData("\e[A", "Up")]
    [InlineData("\eOA", "Up")]
    [InlineData("\e[1;5A", "Up")]
    [InlineData("j", "Down")]
    [InlineData("\e[B", "Down")]
    [InlineData("\eOB", "Down")]
    [InlineData("\e[5~", "PageUp")]
    [InlineData("\e[6~", "PageDown")]
    [InlineData("g", "Home")]
    [InlineData("\e[H", "Home")]
    [InlineData("\eOH", "Home")]
    [InlineData("\e[1~", "Home")]
    [InlineData("\e[7~", "Home")]
    [InlineData("G", "End")]
    [InlineData("\e[F", "End")]
    [InlineData("\e[4~", "End")]
    [InlineData("\e[8~", "End")]
    [InlineData("\t", "Switch")]
    [InlineData("\r", "Choose")]
    [InlineData("\n", "Choose")]
    [InlineData("q", "Leave")]
    [InlineData("\u0003", "Interrupt")]
    [InlineData("x", "None")]
    [InlineData("\e[15~", "None")]
    [InlineData("\e[C", "None")]
    [InlineData("\e[200~", "None")]
    [InlineData("\eq", "None")]
    public void Sequence_is_a_key_and_nothing_is_left_of_it(string typed, string key)
    {
        Assert.Equal((key, typed.Length), Decode(typed, isAll: false));
        Assert.Equal((key, typed.Length), Decode(typed + "\e[B", isAll: false));
    }

    [Theory]
    [InlineData("\e")]
    [InlineData("\e[")]
    [InlineData("\eO")]
    [InlineData("\e[5")]
    [InlineData("\e[1;5")]
    public void Beginning_of_a_sequence_is_waited_for(string typed)
    {
        Assert.Equal(("None", 0), Decode(typed, isAll: false));
    }

    [Fact]
    public void Escape_with_nothing_behind_it_leaves()
    {
        Assert.Equal(("Leave", 1), Decode("\e", isAll: true));
        Assert.Equal(("Leave", 1), Decode("\e\e", isAll: false));
    }

    [Fact]
    public void Broken_sequence_means_nothing()
    {
        Assert.Equal(("None", 3), Decode("\e[5", isAll: true));
        Assert.Equal(("None", KeyDecoder.LongestSequence), Decode("\e[" + new string('1', KeyDecoder.LongestSequence - 2), isAll: false));
    }

    [Fact]
    public void Any_bytes_come_to_an_end()
    {
        var random = new Random(1);
        var bytes = new byte[KeyDecoder.LongestSequence];
        for (var round = 0; round < 20_000; round++)
        {
            random.NextBytes(bytes);
            bytes[0] = round % 2 == 0 ? (byte)0x1b : bytes[0];
            bytes[1] = round % 4 == 0 ? (byte)'[' : bytes[1];

            KeyDecoder.Decode(bytes, isAll: false, out var length);

            Assert.InRange(length, 1, bytes.Length);
        }
    }

    private static (string Key, int Length) Decode(string typed, bool isAll)
    {
        var key = KeyDecoder.Decode(Encoding.ASCII.GetBytes(typed), isAll, out var length);
        return ($"{key}", length);
    }
}
