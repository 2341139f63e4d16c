using Pgkeep.Postgres;
using Pgkeep.Repository;
using Pgkeep.Streams.Codecs;
using Xunit;

namespace Pgkeep.Tests.Repository;

public sealed class ArchiveNamesTests
{
    [Theory]
    [InlineData("gzip", "base.tar.gz pg_wal.tar.gz config.tar.gz 16384.tar.gz")]
    [InlineData("zstd", "base.tar.zst pg_wal.tar.zst config.tar.zst 16384.tar.zst")]
    [InlineData("none", "base.tar pg_wal.tar config.tar 16384.tar")]
    public void Archives_end_as_their_codec_says(string name, string expected)
    {
        Assert.True(Codec.TryFind(name, out var codec));
        var names = new ArchiveNames(codec);

        Assert.Equal(expected, $"{names.Main} {names.Wal} {names.Configuration} {names.OfTablespace(new Oid(16384))}");
    }

    [Theory]
    [InlineData("base.tar.gz", "base.index.gz")]
    [InlineData("base.tar.zst", "base.index.gz")]
    [InlineData("16384.tar", "16384.index.gz")]
    public void The_index_has_one_name_whatever_the_codec(string archive, string index)
    {
        Assert.Equal(index, ArchiveNames.IndexOf(archive));
    }
}
