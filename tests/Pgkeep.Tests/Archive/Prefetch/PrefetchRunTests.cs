using Pgkeep.Archive.Prefetch;
using Pgkeep.Diagnostics;
using Pgkeep.Postgres;
using Pgkeep.Repository.Prefetch;
using Pgkeep.Tests.Support;
using Xunit;

namespace Pgkeep.Tests.Archive.Prefetch;

public sealed class PrefetchRunTests : IDisposable
{
    private readonly TemporaryDirectory _home = new();
    private readonly PrefetchDirectory _directory;

    public PrefetchRunTests()
    {
        _directory = PrefetchDirectory.Of(_home.PathOf("main"), null);
        _directory.TryCreate();
    }

    public void Dispose() => _home.Dispose();

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    public async Task The_segments_that_follow_are_fetched_and_no_more(int jobs)
    {
        await RunAsync(await ArchiveAsync(1, 2, 3, 4, 5), taken: 1, count: 3, jobs);

        Assert.Equal([2, 3, 4], Ready());
        Assert.Equal(StoredSegments.ContentOf(Segment(3)), await File.ReadAllBytesAsync(_directory.PathOf(Segment(3)), TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task The_first_that_is_not_stored_is_the_end()
    {
        await RunAsync(await ArchiveAsync(1, 2, 3, 5, 6), taken: 1, count: 8, jobs: 1);

        Assert.Equal([2, 3], Ready());
    }

    [Fact]
    public async Task What_lies_behind_the_point_where_the_recovery_leaves_the_timeline_is_not_fetched()
    {
        var archive = await ArchiveAsync(1, 2, 3, 4, 5);
        await File.WriteAllTextAsync(Path.Combine(Path.GetDirectoryName(archive.PathOf(Segment(1)))!, "00000002.history"), "1\t0/380000\tx\n", TestContext.Current.CancellationToken);

        await new PrefetchRun(archive.Stores, _directory, 1) { Pinned = new TimelineId(2) }.RunAsync(Segment(1), 4, TestContext.Current.CancellationToken);

        Assert.Equal([2, 3], Ready());
    }

    [Fact]
    public async Task What_recovery_has_passed_goes_and_what_is_there_is_not_fetched_again()
    {
        await RunAsync(await ArchiveAsync(1, 2, 3, 4, 5), taken: 1, count: 3, jobs: 1);
        var before = File.GetLastWriteTimeUtc(_directory.PathOf(Segment(3)));

        await RunAsync(await ArchiveAsync(), taken: 2, count: 3, jobs: 1);

        Assert.Equal([3, 4, 5], Ready());
        Assert.Equal(before, File.GetLastWriteTimeUtc(_directory.PathOf(Segment(3))));
    }

    [Fact]
    public async Task What_a_killed_one_left_half_written_goes()
    {
        await File.WriteAllTextAsync(_directory.TemporaryPathOf(Segment(2)), "half", TestContext.Current.CancellationToken);

        await RunAsync(await ArchiveAsync(1, 2), taken: 1, count: 3, jobs: 1);

        Assert.Equal([2], Ready());
        Assert.Single(Directory.EnumerateFiles(_directory.Path));
    }

    [Fact]
    public async Task With_nothing_to_fetch_the_directory_goes()
    {
        await RunAsync(await ArchiveAsync(1), taken: 1, count: 3, jobs: 1);

        Assert.False(_directory.Exists);
    }

    [Fact]
    public async Task One_fetches_at_a_time()
    {
        using var other = _directory.TryLock();

        await RunAsync(await ArchiveAsync(1, 2), taken: 1, count: 3, jobs: 1);

        Assert.Empty(Ready());
    }

    [Fact]
    public async Task A_damaged_segment_is_not_kept()
    {
        var archive = await ArchiveAsync(1, 2, 3);
        Damage(archive.PathOf(Segment(2)));

        await Assert.ThrowsAsync<PgkeepException>(() => RunAsync(archive, taken: 1, count: 3, jobs: 1));

        Assert.Empty(Directory.EnumerateFiles(_directory.Path));
    }

    [Fact]
    public async Task A_segment_that_says_nothing_of_itself_is_not_fetched_ahead()
    {
        var archive = await ArchiveAsync(1, 3);
        await File.WriteAllBytesAsync(archive.PathOf(Segment(2))[..^".gz".Length], StoredSegments.ContentOf(Segment(2)), TestContext.Current.CancellationToken);

        await RunAsync(archive, taken: 1, count: 3, jobs: 1);

        Assert.Empty(Ready());
    }

    [Fact]
    public async Task A_segment_is_handed_out_once()
    {
        var archive = await ArchiveAsync(1, 2);
        await RunAsync(archive, taken: 1, count: 3, jobs: 1);

        Assert.True(await TakeAsync(archive, 2));
        Assert.Equal(StoredSegments.ContentOf(Segment(2)), await File.ReadAllBytesAsync(Target, TestContext.Current.CancellationToken));
        Assert.False(await TakeAsync(archive, 2));
    }

    [Theory]
    [InlineData("bit")]
    [InlineData("cut")]
    [InlineData("long")]
    [InlineData("empty")]
    [InlineData("other")]
    public async Task What_is_not_what_is_stored_is_not_handed_out(string damage)
    {
        var archive = await ArchiveAsync(1, 2, 3);
        await RunAsync(archive, taken: 1, count: 3, jobs: 1);
        var path = _directory.PathOf(Segment(2));
        var content = await File.ReadAllBytesAsync(path, TestContext.Current.CancellationToken);
        content[500_000] ^= damage == "bit" ? (byte)1 : (byte)0;
        await File.WriteAllBytesAsync(
            path,
            damage switch { "cut" => content[..^8192], "long" => [.. content, 0], "empty" => [], "other" => StoredSegments.ContentOf(Segment(3)), _ => content },
            TestContext.Current.CancellationToken);

        Assert.False(await TakeAsync(archive, 2));
        Assert.False(File.Exists(Target));
        Assert.Equal([3], Ready());
    }

    [Fact]
    public async Task What_is_stored_as_something_else_meanwhile_is_not_handed_out()
    {
        var archive = await ArchiveAsync(1, 2);
        await RunAsync(archive, taken: 1, count: 3, jobs: 1);
        File.Delete(archive.PathOf(Segment(2)));

        Assert.False(await TakeAsync(archive, 2));
    }

    private string Target => _home.PathOf("RECOVERYXLOG");

    private static WalSegmentName Segment(uint number) => new(new TimelineId(1), 0, number);

    private static void Damage(string path)
    {
        using var file = File.OpenWrite(path);
        file.Position = file.Length / 2;
        file.Write("damage"u8);
    }

    private Task<StoredSegments> ArchiveAsync(params uint[] numbers) => StoredSegments.CreateAsync(_home.PathOf("repository"), numbers.Select(Segment));

    private Task RunAsync(StoredSegments archive, uint taken, int count, int jobs) =>
        new PrefetchRun(archive.Stores, _directory, jobs).RunAsync(Segment(taken), count, TestContext.Current.CancellationToken);

    private async Task<bool> TakeAsync(StoredSegments archive, uint number)
    {
        Assert.True(WalFileName.TryParse(Segment(number).ToString(), out var file));
        return await new PrefetchedSegment(_directory, archive.Wal, TimeProvider.System).TryTakeAsync(file, Target, TestContext.Current.CancellationToken);
    }

    private IEnumerable<uint> Ready() => Enumerable.Range(0, 16).Select(i => (uint)i).Where(number => _directory.Has(Segment(number)));
}
