using Pgkeep.Archive;
using Pgkeep.Diagnostics;
using Pgkeep.Postgres;
using Pgkeep.Repository;
using Pgkeep.Storage.Local;
using Pgkeep.Tests.Support;
using Xunit;

namespace Pgkeep.Tests.Archive;

/// <summary>Timeline 2 left timeline 1 inside segment 8, and nothing of its own segment 8 is stored.</summary>
public sealed class TimelineBeginningTests : IDisposable
{
    private const string Inside = "1\t0/880000\tno reason\n";
    private const int Switch = 0x80000;
    private const int Whole = 0x100000;

    private readonly TemporaryDirectory _server = new();
    private readonly TemporaryDirectory _marked = new();
    private readonly MadeUpArchive _archive = new();

    private string Destination => _server.PathOf("RECOVERYXLOG");

    public void Dispose()
    {
        _archive.Dispose();
        _marked.Dispose();
        _server.Dispose();
    }

    [Theory]
    [InlineData(2, false)]
    [InlineData(0, true)]
    public async Task It_begins_with_the_old_one_s_and_ends_at_the_switch(uint pinned, bool hasTarget)
    {
        await MakeAsync(firstOfOld: 6, lastOfOld: 10);

        Assert.Equal(FetchResult.Fetched, await RunAsync(2, pinned, hasTarget));

        await ExpectAsync(timeline: 1, Switch);
    }

    [Theory]
    [InlineData(8)]
    [InlineData(10)]
    public async Task Where_the_old_one_goes_on_somebody_must_have_said_what_is_followed(int lastOfOld)
    {
        await MakeAsync(firstOfOld: 6, lastOfOld);

        await ExpectRefusalAsync(2);
    }

    [Fact]
    public async Task The_old_one_s_may_be_stored_as_what_the_new_server_has_left_of_it()
    {
        await MakeAsync(firstOfOld: 6, lastOfOld: 7);
        await StorePartialAsync(1, Whole);

        Assert.Equal(FetchResult.Fetched, await RunAsync(2));

        await ExpectAsync(timeline: 1, Switch);
    }

    [Theory]
    [InlineData(Switch, true)]
    [InlineData(Switch - 4, true)]
    [InlineData(Switch - MadeUpArchive.Page, false)]
    public async Task It_must_reach_the_page_of_the_switch(int length, bool isFetched)
    {
        await MakeAsync(firstOfOld: 6, lastOfOld: 7);
        await StorePartialAsync(1, length);

        Assert.Equal(isFetched ? FetchResult.Fetched : FetchResult.Absent, await RunAsync(2));
        Assert.Equal(isFetched ? 1 : 0, Directory.EnumerateFiles(_server.Path).Count());
    }

    [Theory]
    [InlineData(Switch, 0, false, true)]
    [InlineData(Whole, 2, false, true)]
    [InlineData(Whole, 0, true, true)]
    // The recovery asks for the old one's next, and that is where it is told.
    [InlineData(Whole, 0, false, false)]
    public async Task It_may_have_been_received(int length, uint pinned, bool hasTarget, bool isFetched)
    {
        await MakeAsync(firstOfOld: 6, lastOfOld: 7);
        var directory = Directory.CreateDirectory(Path.Combine(_archive.Archive.Describe(RepositoryLayout.ReceivingFolderName), "pgkeep"));
        await WriteAsync(Path.Combine(directory.FullName, MadeUpArchive.Name(1, 8).ToString()), Content(1, length));

        Assert.Equal(isFetched ? FetchResult.Fetched : FetchResult.Absent, await RunAsync(2, pinned, hasTarget));
        if (isFetched)
        {
            await ExpectAsync(timeline: 1, Switch);
        }
        else
        {
            Assert.Equal(ErrorKind.Configuration, (await Assert.ThrowsAsync<PgkeepException>(() => RunAsync(1, pinned, hasTarget))).Kind);
        }
    }

    [Fact]
    public async Task A_recovery_along_it_may_have_stopped_before_the_switch_and_begun_a_third()
    {
        await MakeAsync(firstOfOld: 6, lastOfOld: 10);
        await _archive.AddHistoryAsync(3, Inside + "2\t0/840000\tbefore a time\n");

        Assert.Equal(FetchResult.Fetched, await RunAsync(3, hasTarget: true));
        await ExpectAsync(timeline: 1, 0x40000);
        Assert.Equal(FetchResult.Fetched, await RunAsync(2, hasTarget: true));
        await ExpectAsync(timeline: 1, Switch);
    }

    [Fact]
    public async Task Its_parent_may_have_begun_in_the_same_segment()
    {
        await MakeAsync(firstOfOld: 6, lastOfOld: 10);
        await _archive.AddHistoryAsync(3, Inside + "2\t0/8C0000\tno reason\n");
        await StorePartialAsync(2, Whole);

        Assert.Equal(FetchResult.Fetched, await RunAsync(3));

        await ExpectAsync(timeline: 2, 0xC0000);
    }

    [Theory]
    [InlineData("own", 0)]
    [InlineData("own", 2)]
    [InlineData("later", 0)]
    [InlineData("later", 2)]
    public async Task A_timeline_that_went_further_does_not_end_where_it_began(string stored, uint pinned)
    {
        await MakeAsync(firstOfOld: 6, lastOfOld: 10);
        await _archive.AddHistoryAsync(3, Inside + "2\t0/8C0000\tno reason\n");
        if (stored == "own")
        {
            await StorePartialAsync(2, Whole);
        }
        else
        {
            await _archive.AddAsync(3, 8, 8);
        }

        if (pinned == 0)
        {
            await ExpectRefusalAsync(2, hasTarget: true);
        }
        else
        {
            Assert.Equal(FetchResult.Absent, await RunAsync(2, pinned));
        }
    }

    [Fact]
    public async Task The_server_s_own_is_left_to_it()
    {
        await MakeAsync(firstOfOld: 6, lastOfOld: 10);
        await WriteAsync(_server.PathOf(MadeUpArchive.Name(2, 8).ToString()), Content(2, Whole));

        Assert.Equal(FetchResult.Absent, await RunAsync(2, pinned: 2));
    }

    [Fact]
    public async Task A_damaged_parent_makes_nothing()
    {
        await MakeAsync(firstOfOld: 6, lastOfOld: 10);
        var stored = _archive.PathOf(MadeUpArchive.Name(1, 8).ToString());
        await File.WriteAllBytesAsync(stored, (await File.ReadAllBytesAsync(stored, TestContext.Current.CancellationToken))[..^1], TestContext.Current.CancellationToken);

        await Assert.ThrowsAsync<PgkeepException>(() => RunAsync(2, pinned: 2));
        Assert.Empty(Directory.EnumerateFiles(_server.Path));
    }

    private async Task MakeAsync(int firstOfOld, int lastOfOld)
    {
        await _archive.AddAsync(1, firstOfOld, lastOfOld);
        await _archive.AddHistoryAsync(2, Inside);
    }

    private Task StorePartialAsync(uint timeline, int length) => _archive.StoreAsync(MadeUpArchive.Name(timeline, 8) + ".partial", Content(timeline, length));

    private static byte[] Content(uint timeline, int length)
    {
        var content = MadeUpArchive.Segment(MadeUpArchive.Name(timeline, 8));
        content.AsSpan(length).Clear();
        return content;
    }

    private static Task WriteAsync(string path, byte[] content) => File.WriteAllBytesAsync(path, content, TestContext.Current.CancellationToken);

    private async Task ExpectAsync(uint timeline, int length) =>
        Assert.Equal(Content(timeline, length), await File.ReadAllBytesAsync(Destination, TestContext.Current.CancellationToken));

    private async Task ExpectRefusalAsync(uint timeline, bool hasTarget = false)
    {
        var failure = await Assert.ThrowsAsync<PgkeepException>(() => RunAsync(timeline, hasTarget: hasTarget));
        Assert.Equal(ErrorKind.WalMissing, failure.Kind);
        Assert.Equal(["2", "1"], failure.Hints.Select(hint => hint.Split("--timeline ")[1].Split(' ')[0]));
        Assert.Empty(Directory.EnumerateFiles(_server.Path));
    }

    private async Task<FetchResult> RunAsync(uint timeline, uint pinned = 0, bool hasTarget = false)
    {
        var marked = new LocalStorage(_marked.Path);
        await RepositoryMarker.EnsureAsync(marked, MadeUpArchive.Identity, TimeProvider.System, TestContext.Current.CancellationToken);
        var fetch = new WalFetch(new ArchiveStores(_archive.Archive, [marked]), null, TimeProvider.System)
        {
            Pinned = pinned == 0 ? null : new TimelineId(pinned),
            HasTarget = () => hasTarget,
        };
        return await fetch.RunAsync(MadeUpArchive.Name(timeline, 8).ToString(), Destination, TestContext.Current.CancellationToken);
    }
}
