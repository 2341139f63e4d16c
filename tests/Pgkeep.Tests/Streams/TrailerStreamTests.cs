using Pgkeep.Streams;
using Xunit;

namespace Pgkeep.Tests.Streams;

public sealed class TrailerStreamTests
{
    private static readonly byte[] File = [.. Enumerable.Range(0, 100).Select(i => (byte)i)];

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(1000)]
    public void The_last_bytes_are_kept_back(int pieceLength)
    {
        using var stream = Open(pieceLength);
        using var content = new MemoryStream();
        stream.CopyTo(content);

        Assert.Equal(File[..92], content.ToArray());
        Assert.Equal(File[92..], stream.ReadTrailer().ToArray());
    }

    [Theory]
    [InlineData(1)]
    [InlineData(1000)]
    public void They_are_there_for_whoever_stops_right_before_them(int pieceLength)
    {
        using var stream = Open(pieceLength);
        stream.ReadExactly(new byte[92]);

        Assert.Equal(File[92..], stream.ReadTrailer().ToArray());
    }

    [Theory]
    [InlineData(1)]
    [InlineData(1000)]
    public void Whoever_stops_earlier_gets_none(int pieceLength)
    {
        using var stream = Open(pieceLength);
        stream.ReadExactly(new byte[91]);

        Assert.Equal(0, stream.ReadTrailer().Length);
    }

    private static TrailerStream Open(int pieceLength) => new(new TrickleStream(File[10..], pieceLength), File.AsSpan(0, 10), trailerLength: 8);
}
