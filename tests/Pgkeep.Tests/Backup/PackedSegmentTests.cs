using System.IO.Compression;
using Pgkeep.Backup;
using Pgkeep.Diagnostics;
using Pgkeep.Postgres;
using Pgkeep.Streams.Codecs;
using Pgkeep.Streams.Tar;
using Pgkeep.Tests.Support;
using Xunit;

namespace Pgkeep.Tests.Backup;

public sealed class PackedSegmentTests : IDisposable
{
    private static readonly WalSegmentName Name = MadeUpArchive.Name(1, 5);

    private readonly TemporaryDirectory _target = new();
    private readonly PendingTar _file;
    private readonly WalTar _tar;
    private readonly PackedSegment _packed;

    public PackedSegmentTests()
    {
        _file = new PendingTar(new PendingFile(_target.PathOf("pg_wal.tar.gz"), _ => { }), Compression.Gzip(1));
        _tar = new WalTar(_file, TimeProvider.System);
        _packed = new PackedSegment(_tar, Name, MadeUpArchive.Identity.WalSegmentSize, MadeUpArchive.Identity.SystemIdentifier, "the archived \"x\"");
    }

    public void Dispose()
    {
        _packed.Dispose();
        _file.Dispose();
        _target.Dispose();
    }

    [Theory]
    [InlineData(1024 * 1024)]
    [InlineData(70_000)]
    [InlineData(41)]
    [InlineData(7)]
    public void It_is_packed_as_it_comes_whatever_the_pieces(int piece)
    {
        var content = MadeUpArchive.Segment(Name);

        Write(content, piece);
        _packed.Complete();
        _tar.Complete();

        using var plain = new GZipStream(File.OpenRead(_target.PathOf("pg_wal.tar.gz")), CompressionMode.Decompress);
        var tar = new TarReader(plain, "pg_wal.tar.gz");
        Assert.Equal("archive_status", tar.Next()?.Name);
        Assert.Equal($"archive_status/{Name}.done", tar.Next()?.Name);
        Assert.Equal(Name.ToString(), tar.Next()?.Name);
        Assert.Equal(content, tar.ReadAll());
        Assert.Null(tar.Next());
    }

    [Theory]
    [InlineData(0)]
    [InlineData(30)]
    [InlineData((1024 * 1024) - 8)]
    public void A_shorter_one_is_refused(int length)
    {
        Write(MadeUpArchive.Segment(Name)[..length], 1000);

        Assert.Contains($"has {length} bytes", Assert.Throws<PgkeepException>(_packed.Complete).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_longer_one_is_refused() =>
        Assert.Equal(ErrorKind.WalInvalid, Assert.Throws<PgkeepException>(() => Write([.. MadeUpArchive.Segment(Name), 0], 1000)).Kind);

    [Fact]
    public void Another_segment_is_refused() =>
        Assert.Equal(ErrorKind.WalInvalid, Assert.Throws<PgkeepException>(() => Write(MadeUpArchive.Segment(MadeUpArchive.Name(1, 6)), 1000)).Kind);

    [Fact]
    public void Another_clusters_is_refused() =>
        Assert.Equal(ErrorKind.RepositoryMismatch, Assert.Throws<PgkeepException>(() => Write(MadeUpArchive.Segment(Name, new SystemIdentifier(8)), 1000)).Kind);

    private void Write(byte[] content, int piece)
    {
        foreach (var part in content.Chunk(piece))
        {
            _packed.Write(part);
        }
    }
}
