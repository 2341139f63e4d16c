using Pgkeep.Archive.Receive;
using Pgkeep.Postgres;
using Pgkeep.Repository;
using Pgkeep.Tests.Support;
using Xunit;

namespace Pgkeep.Tests.Archive.Receive;

/// <summary>What --drop-slot finds: it may be the only copy of the last records.</summary>
public sealed class ReceiverRemainsTests : IDisposable
{
    private const int Half = 512 * 1024;

    private readonly TemporaryDirectory _directory = new();
    private readonly RepositoryLayout _layout;

    public ReceiverRemainsTests()
    {
        _layout = RepositoryLayout.Of(_directory.Path, _directory.PathOf("wal_archive"));
        ReceivingDirectory.Take(LayoutWithArchive(), "pgkeep").Dispose();
    }

    private string Receiving => Path.Combine(_layout.ReceivingDirectory, "pgkeep");

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task Where_the_archive_has_all_of_it_the_directory_goes()
    {
        await StoreAsync(1, 4, 5);
        Put(MadeUpArchive.Name(1, 4));
        Put(MadeUpArchive.Name(1, 5), Half);
        Put(MadeUpArchive.Name(1, 6), 0);

        Assert.Empty((await RemoveAsync())!.Kept);
        Assert.False(Directory.Exists(Receiving));
        Assert.Null(await RemoveAsync());
    }

    [Theory]
    [InlineData(1, 4, 1, "received up to 0/680000")]
    [InlineData(1, 6, 6, "received up to 0/680000")]
    [InlineData(1, 5, 1024 * 1024, "received up to 0/700000")]
    public async Task What_the_archive_does_not_have_keeps_all_of_it(uint timeline, int last, int flipped, string reason)
    {
        await StoreAsync(timeline, 4, last);
        var length = flipped == 1024 * 1024 ? flipped : Half;
        Put(MadeUpArchive.Name(1, 4));
        Put(MadeUpArchive.Name(1, 6), length, flipped == 6);

        Assert.Contains(reason, Assert.Single((await RemoveAsync())!.Kept), StringComparison.Ordinal);
        Assert.Equal(3, Directory.EnumerateFiles(Receiving).Count());
    }

    [Theory]
    [InlineData("0/680000", true)]
    [InlineData("0/690000", true)]
    [InlineData("0/670000", false)]
    public async Task A_segment_in_which_a_timeline_was_left_is_in_the_next_one_s(string left, bool isRemoved)
    {
        await StoreAsync(1, 4, 5);
        var end = Lsn.Parse(left);
        await StoreAsync("000000020000000000000006", MadeUpArchive.Segment(MadeUpArchive.Name(2, 6), timelineOf: address => address < end ? 1u : 2u));
        await StoreAsync("00000002.history", System.Text.Encoding.ASCII.GetBytes($"1\t{left}\tx\n"));
        Put(MadeUpArchive.Name(1, 6), Half);

        Assert.Equal(isRemoved, (await RemoveAsync())!.Kept.Count == 0);
    }

    [Theory]
    [InlineData("000000010000000000000004.partial", "was set aside")]
    [InlineData("000000010000000000000006", "does not begin")]
    public async Task What_is_no_segment_keeps_it_too(string name, string reason)
    {
        await StoreAsync(1, 4, 6);
        await File.WriteAllTextAsync(Path.Combine(Receiving, name), "something", TestContext.Current.CancellationToken);

        Assert.Contains(reason, Assert.Single((await RemoveAsync())!.Kept), StringComparison.Ordinal);
        Assert.True(File.Exists(Path.Combine(Receiving, name)));
    }

    private RepositoryLayout LayoutWithArchive()
    {
        Directory.CreateDirectory(_layout.WalDirectory);
        return _layout;
    }

    private Task<ReceiverRemains?> RemoveAsync() => ReceiverRemains.RemoveAsync(_layout, "pgkeep", TestContext.Current.CancellationToken);

    private async Task StoreAsync(uint timeline, int first, int last)
    {
        for (var number = first; number <= last; number++)
        {
            await StoreAsync(MadeUpArchive.Name(timeline, (ulong)number).ToString(), MadeUpArchive.Segment(MadeUpArchive.Name(timeline, (ulong)number)));
        }
    }

    private async Task StoreAsync(string name, byte[] content)
    {
        var stores = ArchiveStores.OfWritable(_layout);
        await RepositoryMarker.EnsureAsync(stores.Marked[0], MadeUpArchive.Identity, TimeProvider.System, TestContext.Current.CancellationToken);
        Assert.True(WalFileName.TryParse(name, out var file));
        await stores.Archive.StoreAsync(file, content, MadeUpArchive.Identity.SystemIdentifier, 1, DateTimeOffset.UnixEpoch, TestContext.Current.CancellationToken);
    }

    private void Put(WalSegmentName name, int length = 1024 * 1024, bool isOther = false)
    {
        var content = MadeUpArchive.Segment(name);
        content.AsSpan(length).Clear();
        content[5000] ^= isOther ? (byte)1 : (byte)0;
        File.WriteAllBytes(Path.Combine(Receiving, name.ToString()), content);
    }
}
