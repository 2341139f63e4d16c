using System.IO.Compression;
using Pgkeep.Diagnostics;
using Pgkeep.Postgres;
using Pgkeep.Repository;
using Pgkeep.Streams;
using Pgkeep.Streams.Codecs;
using Xunit;

namespace Pgkeep.Tests.Repository;

public sealed class StoredWalTests
{
    private const string Name = "000000010000000000000003";

    private static readonly byte[] Plain = [.. Enumerable.Range(0, 3_000_000).Select(i => (byte)(i % 7 * (i >> 10)))];

    [Theory]
    [InlineData(1)]
    [InlineData(6)]
    public void What_was_stored_comes_back(int level)
    {
        Assert.Equal(Plain, Decode(Store(Plain, level: level)));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(100)]
    [InlineData(70_000)]
    public void A_store_may_give_pieces_of_any_size(int chunk)
    {
        using var stored = new TrickleStream(Store(Plain), chunk);

        Assert.Equal(Plain, StoredWal.Decode(stored, Name + ".gz", File(Name), "/a", CancellationToken.None));
    }

    [Fact]
    public void A_file_cut_anywhere_is_refused()
    {
        var stored = Store(Plain[..3000]);

        // Before the identity is whole it may be any gzip file; so it is cut behind that.
        Assert.All(Enumerable.Range(120, stored.Length - 120), length => AssertDamaged(stored[..length]));
    }

    [Fact]
    public void A_file_with_a_flipped_bit_is_refused()
    {
        var stored = Store(Plain[..3000]);

        // The last bits before the trailer fill a byte and mean nothing.
        Assert.All(Enumerable.Range(100, stored.Length - 100).Where(offset => offset != stored.Length - 9), offset =>
        {
            var damaged = stored.ToArray();
            damaged[offset] ^= 0x10;
            AssertDamaged(damaged);
        });
    }

    [Fact]
    public void A_file_with_something_behind_it_is_refused()
    {
        AssertDamaged([.. Store(Plain), 0]);
        AssertDamaged([.. Store(Plain), .. Store(Plain)]);
    }

    [Fact]
    public void Content_with_another_checksum_than_the_identitys_is_refused()
    {
        AssertDamaged(Store(Plain, digest: QuickDigest.Of("other"u8)));
    }

    [Theory]
    [InlineData(2_999_999)]
    [InlineData(3_000_001)]
    [InlineData(-1)]
    [InlineData(long.MaxValue)]
    public void Content_of_another_size_than_the_identitys_is_refused(long size)
    {
        AssertDamaged(Store(Plain, size: size));
    }

    [Fact]
    public void A_file_stored_under_another_name_is_refused()
    {
        AssertDamaged(Store(Plain, name: "000000010000000000000004"));
    }

    [Fact]
    public void A_plain_file_and_another_tools_are_accepted()
    {
        using var gzip = new MemoryStream();
        using (var stream = new GZipStream(gzip, CompressionLevel.Fastest))
        {
            stream.Write(Plain);
        }

        Assert.Equal(Plain, Decode(gzip.ToArray()));
        Assert.Equal(Plain, StoredWal.Decode(new MemoryStream(Plain), Name, File(Name), "/a", CancellationToken.None));
    }

    [Fact]
    public void What_the_target_throws_passes_through()
    {
        Assert.Throws<IOException>(() => StoredWal.Decode(new MemoryStream(Store(Plain)), Name + ".gz", File(Name), "/a", new Support.FullStream(), CancellationToken.None));
    }

    [Fact]
    public void A_file_tells_what_it_is()
    {
        var identity = StoredWal.ReadIdentity(new MemoryStream(Store(Plain)), File(Name), "/a");

        Assert.Equal((Name, Plain.Length, QuickDigest.Of(Plain)), (identity!.Name, identity.PlainSize, identity.Digest));
        Assert.Null(StoredWal.ReadIdentity(new MemoryStream(Plain), File(Name), "/a"));
        Assert.Null(StoredWal.ReadIdentity(new MemoryStream(), File(Name), "/a"));
    }

    [Fact]
    public void It_is_compared_with_another_content()
    {
        byte[] changed = [.. Plain];
        changed[^1]++;

        Assert.True(HasContent(Plain));
        Assert.False(HasContent(changed));
        Assert.False(HasContent(Plain[..^1]));
        Assert.False(HasContent([.. Plain, 0]));
        Assert.False(HasContent([]));
    }

    private static bool HasContent(byte[] content) =>
        WalComparison.HasContent(new MemoryStream(Store(Plain)), Name + ".gz", File(Name), "/a", new TrickleStream(content, 999), out _, CancellationToken.None);

    private static void AssertDamaged(byte[] stored)
    {
        var failure = Assert.Throws<PgkeepException>(() => Decode(stored));
        Assert.Equal(ErrorKind.RepositoryCorrupt, failure.Kind);
    }

    private static byte[] Decode(byte[] stored) => StoredWal.Decode(new MemoryStream(stored), Name + ".gz", File(Name), "/a", CancellationToken.None);

    private static byte[] Store(byte[] plain, int level = 1, string name = Name, long? size = null, QuickDigest? digest = null)
    {
        var identity = new WalIdentity(new SystemIdentifier(7), size ?? plain.Length, digest ?? QuickDigest.Of(plain), DateTimeOffset.UnixEpoch.AddSeconds(1), name);
        using var stored = new MemoryStream();
        using (var gzip = FrameStream.Gzip(stored, level, identity.ToBytes()))
        {
            gzip.Write(plain);
            gzip.Complete();
        }

        return stored.ToArray();
    }

    private static WalFileName File(string name) => WalFileName.TryParse(name, out var file) ? file : throw new ArgumentException(name);
}
