using Pgkeep.Streams.Codecs;
using Xunit;

namespace Pgkeep.Tests.Streams.Codecs;

public sealed class CodecTests
{
    public static TheoryData<string> Names => [.. Codec.All.Select(codec => codec.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public void A_codec_is_found_by_its_name(string name)
    {
        Assert.True(Codec.TryFind(name, out var codec));
        Assert.Equal(name, codec.ToString());
    }

    [Theory]
    [InlineData("lz4")]
    [InlineData("GZIP")]
    [InlineData("")]
    public void Another_name_is_none_of_them(string name)
    {
        Assert.False(Codec.TryFind(name, out _));
    }

    [Fact]
    public void Suffixes_tell_codecs_apart()
    {
        Assert.Equal(Codec.All.Count, Codec.All.Select(codec => codec.Suffix).Distinct().Count());
    }

    [Fact]
    public void The_default_level_is_one_of_the_levels()
    {
        Assert.All(Codec.All, codec => Assert.InRange(codec.DefaultLevel, Math.Min(1, codec.HighestLevel), codec.HighestLevel));
    }

    [Theory]
    [InlineData("gzip", 1, 1)]
    [InlineData("gzip", 6, 6)]
    [InlineData("zstd", 19, 1)]
    [InlineData("none", 0, 1)]
    public void What_is_always_gzip_takes_the_level_only_from_gzip(string name, int level, int gzipLevel)
    {
        Assert.True(Codec.TryFind(name, out var codec));
        Assert.Equal(gzipLevel, new Compression(codec, level).GzipLevel);
    }

    [Fact]
    public void A_level_that_is_not_ISA_Ls_is_as_fast_as_it_can_be()
    {
        Assert.Null(Codec.Gzip.Slowness(6));
        Assert.Null(Codec.Zstd.Slowness(1));
    }
}
