using Pgkeep.Archive.Receive;
using Pgkeep.Diagnostics;
using Pgkeep.Postgres;
using Pgkeep.Repository;
using Pgkeep.Storage.Local;
using Pgkeep.Tests.Support;
using Xunit;

namespace Pgkeep.Tests.Archive.Receive;

public sealed class SegmentArchiverTests : IDisposable
{
    private const int Page = MadeUpArchive.Page;

    private static readonly WalSegmentName Name = MadeUpArchive.Name(1, 5);

    private readonly TemporaryDirectory _directory = new();
    private readonly ReceivingDirectory _receiving;
    private readonly ArchiveStores _stores;
    private readonly SegmentArchiver _archiver;

    public SegmentArchiverTests()
    {
        var storage = new LocalStorage(_directory.Path);
        _receiving = ReceivingDirectory.Take(RepositoryLayout.Of(_directory.Path, _directory.Path), "pgkeep");
        _stores = new ArchiveStores(new WalArchive(storage, ""), [storage]);
        _archiver = new SegmentArchiver(_stores, _receiving, 1, new ManualTime(), _ => { });
    }

    private string Received => _receiving.PathOf(Name);

    public void Dispose()
    {
        _receiving.Dispose();
        _directory.Dispose();
    }

    [Fact]
    public async Task A_complete_segment_is_stored_and_removed()
    {
        var content = MadeUpArchive.Segment(Name);
        await WriteAsync(content);

        await _archiver.StoreAsync(Name, MadeUpArchive.Identity, TestContext.Current.CancellationToken);

        _ = WalFileName.TryParse(Name.ToString(), out var file);
        Assert.Equal(content, await _stores.Archive.ReadAsync(file!, TestContext.Current.CancellationToken));
        Assert.False(File.Exists(Received));
    }

    [Theory]
    [InlineData(100, false)]
    [InlineData(50, true)]
    public async Task One_that_was_not_finished_or_is_not_sound_stays(int pages, bool isFollowed)
    {
        var content = MadeUpArchive.Segment(Name);
        content.AsSpan(pages * Page, Page).Clear();
        if (!isFollowed)
        {
            content.AsSpan(pages * Page).Clear();
        }

        await WriteAsync(content);

        var thrown = await Assert.ThrowsAsync<PgkeepException>(() => _archiver.StoreAsync(Name, MadeUpArchive.Identity, TestContext.Current.CancellationToken));
        Assert.Equal(ErrorKind.WalInvalid, thrown.Kind);
        Assert.True(File.Exists(Received));
    }

    [Theory]
    [InlineData(-1, false)]
    [InlineData((60 * Page) + 100, false)] // behind what was received
    [InlineData((40 * Page) + 100, true)]
    public async Task What_was_received_of_a_stored_one_goes_where_the_stored_one_has_it(int changedAt, bool isConflict)
    {
        var stored = MadeUpArchive.Segment(Name);
        if (changedAt >= 0)
        {
            stored[changedAt] ^= 1;
        }

        _ = WalFileName.TryParse(Name.ToString(), out var file);
        await _stores.Archive.StoreAsync(file!, stored, MadeUpArchive.Identity.SystemIdentifier, 1, DateTimeOffset.UnixEpoch, TestContext.Current.CancellationToken);
        var content = MadeUpArchive.Segment(Name);
        content.AsSpan(50 * Page).Clear();
        await WriteAsync(content);
        var received = Assert.Single(_receiving.List(MadeUpArchive.Identity));

        var thrown = await Record.ExceptionAsync(() => _archiver.RetireAsync(received, Name, MadeUpArchive.Identity, TestContext.Current.CancellationToken));

        Assert.Equal(isConflict ? ErrorKind.WalConflict : null, (thrown as PgkeepException)?.Kind);
        Assert.Equal(isConflict, File.Exists(Received));
    }

    private Task WriteAsync(byte[] content) => File.WriteAllBytesAsync(Received, content, TestContext.Current.CancellationToken);
}
