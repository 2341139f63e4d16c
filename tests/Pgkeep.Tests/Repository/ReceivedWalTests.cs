using System.Diagnostics;
using System.Globalization;
using Pgkeep.Postgres;
using Pgkeep.Repository;
using Pgkeep.Storage.Local;
using Pgkeep.Tests.Support;
using Xunit;

namespace Pgkeep.Tests.Repository;

public sealed class ReceivedWalTests : IDisposable
{
    private const int Page = MadeUpArchive.Page;

    private static readonly WalSegmentName Name = MadeUpArchive.Name(1, 5);
    private static readonly WalSegmentSize Size = MadeUpArchive.Identity.WalSegmentSize;
    private static readonly Lsn Fork = Name.StartLsn(Size) + (4 * Page) + 128;

    private readonly TemporaryDirectory _directory = new();
    private readonly WalArchive _archive;

    private string Received => _directory.PathOf($".receiving/pgkeep/{Name}");

    public ReceivedWalTests()
    {
        _archive = new WalArchive(new LocalStorage(_directory.Path), "");
        Directory.CreateDirectory(_directory.PathOf(".receiving/pgkeep"));
        File.WriteAllBytes(Received, Content(10));
        Directory.CreateDirectory(_directory.PathOf("pg_wal"));
    }

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task What_lies_behind_the_fork_is_not_served()
    {
        var served = await ReadAsync(Fork);

        Assert.Equal(Content(10).AsSpan(0, (4 * Page) + 128), served.AsSpan(0, (4 * Page) + 128));
        Assert.Equal(-1, served.AsSpan((4 * Page) + 128).IndexOfAnyExcept((byte)0));
        Assert.Equal(Content(10), await ReadAsync(null));
    }

    [Theory]
    // The end of a piece, a page on either side of it, and pages of which the last one's end is zero.
    [InlineData(32)]
    [InlineData(33)]
    [InlineData(31)]
    [InlineData(128)]
    public async Task All_of_it_is_served_wherever_it_ends(int pages)
    {
        await File.WriteAllBytesAsync(Received, Content(pages), TestContext.Current.CancellationToken);

        Assert.Equal(Content(pages), await ReadAsync(null));
    }

    [Fact]
    public async Task The_fork_may_lie_behind_zeros()
    {
        var content = Content(70);
        content.AsSpan((36 * Page) + 100, Page - 100).Clear();
        await File.WriteAllBytesAsync(Received, content, TestContext.Current.CancellationToken);

        var served = await ReadAsync(Name.StartLsn(Size) + (36 * Page) + 200);

        Assert.Equal(content.AsSpan(0, (36 * Page) + 100), served.AsSpan(0, (36 * Page) + 100));
        Assert.Equal(-1, served.AsSpan((36 * Page) + 100).IndexOfAnyExcept((byte)0));
    }

    [Fact]
    public async Task What_a_page_of_another_segment_stands_before_is_not_served()
    {
        var content = Content(70);
        content[(40 * Page) + 8] ^= 0x20; // its address
        await File.WriteAllBytesAsync(Received, content, TestContext.Current.CancellationToken);

        Assert.Equal(Content(40), await ReadAsync(null));
    }

    [Fact]
    public async Task The_copy_takes_the_space_of_a_whole_segment()
    {
        _ = await ReadAsync(null);

        var start = new ProcessStartInfo("stat", ["--format=%b", _directory.PathOf("pg_wal/RECOVERYXLOG.pgkeep")]) { RedirectStandardOutput = true };
        using var stat = Process.Start(start)!;
        var blocks = await stat.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        Assert.InRange(long.Parse(blocks, CultureInfo.InvariantCulture) * 512, Size.Bytes, long.MaxValue);
    }

    [Fact]
    public async Task The_server_s_own_is_taken_where_it_has_as_much_and_nothing_behind_the_fork()
    {
        await File.WriteAllBytesAsync(_directory.PathOf($"pg_wal/{Name}"), Content(10), TestContext.Current.CancellationToken);

        Assert.Null(await ReadAsync(null));
        Assert.NotNull(await ReadAsync(Fork));
    }

    [Fact]
    public async Task A_standby_gets_nothing_that_is_unfinished() => Assert.Null(await ReadAsync(null, isForStandby: true));

    [Fact]
    public async Task A_segment_that_is_stored_between_the_two_looks_is_in_one_of_them()
    {
        var received = new ReceivedWal(_archive, MadeUpArchive.Identity).ReadAll();
        _ = WalFileName.TryParse(Name.ToString(), out var file);
        await _archive.StoreAsync(file!, MadeUpArchive.Segment(Name), MadeUpArchive.Identity.SystemIdentifier, 1, DateTimeOffset.UnixEpoch, TestContext.Current.CancellationToken);
        File.Delete(Received);
        var inventory = await _archive.ListAsync(TestContext.Current.CancellationToken);

        Assert.True(inventory.Contains(Name));
        Assert.Empty(ReceivedWal.Beyond(inventory, received, Size));
    }

    [Fact]
    public async Task A_segment_that_the_archive_lacks_can_be_gone_on_into()
    {
        var received = new ReceivedWal(_archive, MadeUpArchive.Identity).ReadAll();

        var beyond = ReceivedWal.Beyond(await _archive.ListAsync(TestContext.Current.CancellationToken), received, Size);

        Assert.Equal((Name, Name.StartLsn(Size) + (10 * Page)), (Assert.Single(beyond).Key, beyond[Name]));
    }

    [Fact]
    public void Only_the_history_that_is_followed_cuts_a_segment()
    {
        var second = Parse(2, $"1\t{Fork}\tpromoted\n");

        Assert.Equal(Fork, ReceivedWal.LeftIn(Name, second, Size));
        Assert.Null(ReceivedWal.LeftIn(Name, TimelineHistory.Initial(TimelineId.First), Size));
        Assert.Null(ReceivedWal.LeftIn(Name, Parse(3, $"1\t{Name.StartLsn(Size) + Size.Bytes}\tlater\n"), Size));
    }

    [Fact]
    public void Without_one_the_earliest_fork_in_the_segment_counts()
    {
        var before = Parse(2, $"1\t{MadeUpArchive.Name(1, 3).StartLsn(Size) + 64}\tundone\n");
        var inside = Parse(3, $"1\t{Fork}\tpromoted\n");
        var behind = Parse(4, $"1\t{Fork + 8}\tpromoted\n");

        Assert.Equal(Fork, ReceivedWal.LeftIn(Name, [before, behind, inside], Size));
        Assert.Null(ReceivedWal.LeftIn(Name, [before], Size));
    }

    private async Task<byte[]?> ReadAsync(Lsn? until, bool isForStandby = false)
    {
        var path = _directory.PathOf("pg_wal/RECOVERYXLOG.pgkeep");
        var isCopied = await new ReceivedWal(_archive, MadeUpArchive.Identity).TryCopyAsync(
            Name, path, _directory.PathOf("pg_wal/RECOVERYXLOG"), _archive, isForStandby, until, TestContext.Current.CancellationToken);
        return isCopied ? await File.ReadAllBytesAsync(path, TestContext.Current.CancellationToken) : null;
    }

    private static TimelineHistory Parse(uint timeline, string text)
    {
        Assert.True(TimelineHistory.TryParse(new TimelineId(timeline), text, out var history, out var problem), problem);
        return history;
    }

    private static byte[] Content(int pages)
    {
        var content = MadeUpArchive.Segment(Name);
        content.AsSpan(pages * Page).Clear();
        return content;
    }
}
