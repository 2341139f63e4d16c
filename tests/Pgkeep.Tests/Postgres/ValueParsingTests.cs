using System.Text;
using Pgkeep.Postgres;
using Xunit;

namespace Pgkeep.Tests.Postgres;

/// <summary>The small values under damage: no text throws, and none is taken for a value that is written in another way.</summary>
public sealed class ValueParsingTests
{
    private const string SegmentName = "0000001A000000FF00000098";

    [Fact]
    public void An_LSN_that_is_accepted_is_the_text_but_for_zeros_and_case() =>
        Assert.All(Damaged("1A/98000028"), text =>
        {
            if (Lsn.TryParse(text, out var value))
            {
                var halves = text.Split('/')
                    .Select(half => half.TrimStart('0') is { Length: > 0 } digits ? digits.ToUpperInvariant() : "0");

                Assert.Equal(string.Join('/', halves), value.ToString());
            }
        });

    [Fact]
    public void A_segment_name_that_is_accepted_is_the_text() =>
        Assert.All(Damaged(SegmentName), text =>
        {
            if (WalSegmentName.TryParse(text, out var value))
            {
                Assert.Equal(text, value.ToString());
            }
        });

    [Fact]
    public void A_segment_name_cut_short_is_none() =>
        Assert.All(
            Enumerable.Range(0, SegmentName.Length),
            length => Assert.False(WalSegmentName.TryParse(SegmentName.AsSpan(0, length), out _)));

    [Fact]
    public void A_number_that_is_accepted_is_the_text_but_for_zeros() =>
        Assert.All(Damaged("4294967295"), text =>
        {
            if (SystemIdentifier.TryParse(text, out var identifier))
            {
                Assert.Equal(text.TrimStart('0'), identifier.ToString().TrimStart('0'));
            }

            if (Oid.TryParse(text, out var oid))
            {
                Assert.Equal(text.TrimStart('0'), oid.ToString().TrimStart('0'));
            }
        });

    private static IEnumerable<string> Damaged(string text)
    {
        var bytes = Encoding.ASCII.GetBytes(text);
        return Enumerable.Range(0, bytes.Length + 1)
            .Select(length => bytes[..length])
            .Concat(Mutation.Of(bytes, 5_000))
            .Select(Encoding.Latin1.GetString);
    }
}
