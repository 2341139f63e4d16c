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

    public ReceivedWalTests()
    {
        _archive = new WalArchive(new LocalStorage(_directory.Path), "");
        Directory.CreateDirectory(_directory.PathOf(".receiving/pgkeep"));
        File.WriteAllBytes(_directory.PathOf($".receiving/pgkeep/{Name}"), Content(10));
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

    private ValueTask<byte[]?> ReadAsync(Lsn? until, bool isForStandby = false) => new ReceivedWal(_archive, MadeUpArchive.Identity).ReadAsync(
        Name, _directory.PathOf("pg_wal/RECOVERYXLOG"), _archive, isForStandby, until, TestContext.Current.CancellationToken);

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
