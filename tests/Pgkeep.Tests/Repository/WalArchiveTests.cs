using System.IO.Compression;
using Pgkeep.Diagnostics;
using Pgkeep.Postgres;
using Pgkeep.Repository;
using Pgkeep.Storage.Local;
using Pgkeep.Streams;
using Pgkeep.Tests.Support;
using Xunit;

namespace Pgkeep.Tests.Repository;

public sealed class WalArchiveTests : IDisposable
{
    private const string Name = "000000010000000000000001";

    private static readonly SystemIdentifier Identifier = new(7);

    private readonly TemporaryDirectory _directory = new();

    private static WalFileName Segment => WalFileName.TryParse(Name, out var file) ? file : throw new InvalidOperationException();

    private string StoredPath => _directory.PathOf(Name + ".gz");

    public void Dispose() => _directory.Dispose();

    [Theory]
    [InlineData(0, 1)]
    [InlineData(1, 4)]
    [InlineData(262_144, 2)]
    [InlineData(262_145, 1)]
    [InlineData(5_000_000, 1)]
    [InlineData(5_000_000, 2)]
    [InlineData(5_000_000, 7)]
    public async Task What_is_stored_is_one_gzip_member_with_the_checksums_of_what_was_offered(int length, int threads)
    {
        var content = Content(length);

        Assert.Equal(StoreResult.Stored, await StoreAsync(content, threads));

        await using var stored = File.OpenRead(StoredPath);
        var identity = StoredWalStream.ReadIdentity(stored, StoredPath);
        Assert.Equal(new WalIdentity(Identifier, length, QuickDigest.Of(content), DateTimeOffset.UnixEpoch.AddDays(1), Name), identity);
        stored.Position = 0;
        await using var gzip = new GZipStream(stored, CompressionMode.Decompress);
        using var plain = new MemoryStream();
        await gzip.CopyToAsync(plain, TestContext.Current.CancellationToken);
        Assert.Equal(content, plain.ToArray());
        Assert.Equal(content, await Archive().ReadAsync(Segment, TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task The_same_content_again_is_confirmed_fresh_or_not()
    {
        var content = Content(700_000);
        await StoreAsync(content, 2);

        Assert.Equal(StoreResult.AlreadyStored, await StoreAsync(content, 2));
        File.SetLastWriteTimeUtc(StoredPath, new DateTime(2020, 1, 1, 0, 0, 0, DateTimeKind.Utc));
        Assert.Equal(StoreResult.AlreadyStored, await StoreAsync(content, 2));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Other_content_is_a_conflict_fresh_or_not(bool fresh)
    {
        var content = Content(700_000);
        await StoreAsync(content, 2);
        if (!fresh)
        {
            File.SetLastWriteTimeUtc(StoredPath, new DateTime(2020, 1, 1, 0, 0, 0, DateTimeKind.Utc));
        }

        content[699_999] ^= 1;

        var thrown = await Assert.ThrowsAsync<PgkeepException>(() => StoreAsync(content, 2));
        Assert.Equal(ErrorKind.WalConflict, thrown.Kind);
        Assert.Contains(Sha256Digest.Of(content).ToString(), thrown.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_stored_file_that_was_damaged_since_is_noticed_when_it_is_offered_again()
    {
        var content = Content(700_000);
        await StoreAsync(content, 2);
        var stored = await File.ReadAllBytesAsync(StoredPath, TestContext.Current.CancellationToken);
        stored[stored.Length / 2] ^= 1;
        await File.WriteAllBytesAsync(StoredPath, stored, TestContext.Current.CancellationToken);
        File.SetLastWriteTimeUtc(StoredPath, new DateTime(2020, 1, 1, 0, 0, 0, DateTimeKind.Utc));

        var thrown = await Assert.ThrowsAsync<PgkeepException>(() => StoreAsync(content, 2));

        Assert.Equal(ErrorKind.RepositoryCorrupt, thrown.Kind);
    }

    [Theory]
    [InlineData(false, Name + ".gz")]
    [InlineData(true, Name)]
    public async Task Of_two_copies_the_first_sound_one_is_read(bool isDamaged, string sound)
    {
        var content = Content(700_000);
        await StoreAsync(content, 2);
        await File.WriteAllBytesAsync(_directory.PathOf(Name), content, TestContext.Current.CancellationToken);
        var stored = await File.ReadAllBytesAsync(StoredPath, TestContext.Current.CancellationToken);
        stored[stored.Length / 2] ^= (byte)(isDamaged ? 1 : 0);
        await File.WriteAllBytesAsync(StoredPath, stored, TestContext.Current.CancellationToken);

        Assert.Equal(sound, await Archive().FindSoundAsync(Segment, TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task A_copy_that_is_the_only_one_is_found_whatever_is_in_it()
    {
        Assert.Null(await Archive().FindSoundAsync(Segment, TestContext.Current.CancellationToken));
        await File.WriteAllTextAsync(StoredPath, "damaged", TestContext.Current.CancellationToken);

        Assert.Equal(Name + ".gz", await Archive().FindSoundAsync(Segment, TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task What_is_not_published_leaves_nothing()
    {
        using (var content = WalContent.Of(Content(700_000)))
        using (Archive().Encode(Segment, content, Identifier, 1, DateTimeOffset.UnixEpoch, 2, TestContext.Current.CancellationToken))
        {
            Assert.Null(await Archive().FindAsync(Name, TestContext.Current.CancellationToken));
        }

        Assert.Empty(Directory.EnumerateFiles(_directory.Path, "*", SearchOption.AllDirectories));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public async Task A_file_that_becomes_shorter_while_it_is_read_is_refused(int threads)
    {
        var path = _directory.PathOf("offered");
        await File.WriteAllBytesAsync(path, Content(3_000_000), TestContext.Current.CancellationToken);
        using var content = WalContent.Open(path);
        await using (var file = File.Open(path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite))
        {
            file.SetLength(2_000_000);
        }

        var thrown = await Assert.ThrowsAsync<PgkeepException>(
            async () => await Archive().StoreAsync(Segment, content, Identifier, 1, DateTimeOffset.UnixEpoch, threads, TestContext.Current.CancellationToken));

        Assert.Equal(ErrorKind.WalInvalid, thrown.Kind);
        Assert.False(File.Exists(StoredPath));
    }

    [Fact]
    public async Task A_file_that_is_written_into_while_it_is_read_is_refused()
    {
        var path = _directory.PathOf("offered");
        await File.WriteAllBytesAsync(path, Content(3_000_000), TestContext.Current.CancellationToken);
        File.SetLastWriteTimeUtc(path, DateTime.UnixEpoch);
        using var content = WalContent.Open(path);
        await using (var file = File.Open(path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite))
        {
            file.Position = 1_000_000;
            file.WriteByte(0);
        }

        var thrown = await Assert.ThrowsAsync<PgkeepException>(
            async () => await Archive().StoreAsync(Segment, content, Identifier, 1, DateTimeOffset.UnixEpoch, 2, TestContext.Current.CancellationToken));

        Assert.Equal(ErrorKind.WalInvalid, thrown.Kind);
        Assert.Empty(Directory.EnumerateFiles(_directory.Path, "*.gz", SearchOption.AllDirectories));
    }

    private static byte[] Content(int length)
    {
        var content = new byte[length];
        var random = new Random(length);
        for (var i = 0; i < length; i++)
        {
            content[i] = (byte)(i % 3 == 0 ? random.Next(256) : i / 100);
        }

        return content;
    }

    private WalArchive Archive() => new(new LocalStorage(_directory.Path), "");

    private async Task<StoreResult> StoreAsync(byte[] bytes, int threads)
    {
        using var content = WalContent.Of(bytes);
        return await Archive().StoreAsync(Segment, content, Identifier, 1, DateTimeOffset.UnixEpoch.AddDays(1), threads, TestContext.Current.CancellationToken);
    }
}
