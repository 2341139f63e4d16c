using Pgkeep.Archive;
using Pgkeep.Diagnostics;
using Pgkeep.Postgres;
using Pgkeep.Repository;
using Pgkeep.Storage.Local;
using Pgkeep.Tests.Support;
using Xunit;

namespace Pgkeep.Tests.Archive;

/// <summary>A recovery that follows timeline 2, which left timeline 1 inside segment 8; timeline 1's server went on and archived that.</summary>
public sealed class LeftTimelineTests : IDisposable
{
    private const string Inside = "1\t0/880000\tno reason\n";
    private const string Between = "1\t0/900000\tno reason\n";

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
    [InlineData(Inside, 7, 0x100000)]
    [InlineData(Inside, 8, 0x80000)]
    [InlineData(Between, 8, 0x100000)]
    public async Task A_segment_of_the_old_timeline_ends_where_that_was_left(string history, uint number, int length)
    {
        await MakeAsync(history);

        Assert.Equal(FetchResult.Fetched, await RunAsync(MadeUpArchive.Name(1, number), pinned: 2));

        await ExpectContentAsync(number, length);
    }

    [Theory]
    [InlineData(Inside, 9)]
    [InlineData(Between, 9)]
    [InlineData(Between, 10)]
    public async Task Behind_it_the_wal_ends_though_segments_are_stored(string history, uint number)
    {
        await MakeAsync(history);

        Assert.Equal(FetchResult.Absent, await RunAsync(MadeUpArchive.Name(1, number), pinned: 2));
        Assert.Empty(Directory.EnumerateFiles(_server.Path));
    }

    [Fact]
    public async Task Behind_it_nothing_ends_where_the_new_timeline_s_own_wal_follows()
    {
        await MakeAsync(Between);
        await _archive.AddAsync(2, 11, 11);

        var failure = await Assert.ThrowsAsync<PgkeepException>(() => RunAsync(MadeUpArchive.Name(1, 9), pinned: 2));

        Assert.Equal(ErrorKind.WalMissing, failure.Kind);
        Assert.Contains("000000020000000000000009\" is missing", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Behind_it_the_server_s_own_segment_is_not_left_to_the_recovery()
    {
        await MakeAsync(Between);
        await KeepAsync(9);

        var failure = await Assert.ThrowsAsync<PgkeepException>(() => RunAsync(MadeUpArchive.Name(1, 9), pinned: 2));

        Assert.Equal(ErrorKind.WalInvalid, failure.Kind);
    }

    [Fact]
    public async Task The_server_s_own_segment_ends_there_too()
    {
        await _archive.AddHistoryAsync(2, Inside);
        await KeepAsync(8);

        Assert.Equal(FetchResult.Fetched, await RunAsync(MadeUpArchive.Name(1, 8), pinned: 2));

        await ExpectContentAsync(8, 0x80000);
    }

    [Fact]
    public async Task What_lies_behind_it_makes_no_hole()
    {
        await _archive.AddAsync(1, 9, 10);
        await _archive.AddHistoryAsync(2, Inside);

        Assert.Equal(FetchResult.Absent, await RunAsync(MadeUpArchive.Name(1, 8), pinned: 2));
    }

    [Fact]
    public async Task A_recovery_that_follows_the_old_timeline_gets_all_of_it()
    {
        await MakeAsync(Inside);

        Assert.Equal(FetchResult.Fetched, await RunAsync(MadeUpArchive.Name(1, 8), pinned: 1));
        await ExpectContentAsync(8, 0x100000);
        Assert.Equal(FetchResult.Fetched, await RunAsync(MadeUpArchive.Name(1, 9), pinned: 1));
    }

    [Theory]
    [InlineData(Inside, 8, 0, false)]
    [InlineData(Between, 9, 0, false)]
    [InlineData(Between, 9, 2, true)]
    [InlineData(Inside, 9, 0, true)]
    [InlineData("1\t0/B80000\tno reason\n", 11, 0, true)]
    public async Task Where_nobody_said_what_is_followed_the_new_timeline_s_first_segment_must_be_there(string history, uint number, uint pinned, bool isAbsent)
    {
        await MakeAsync(history);

        if (isAbsent)
        {
            Assert.Equal(FetchResult.Absent, await RunAsync(MadeUpArchive.Name(2, number), pinned));
            return;
        }

        var failure = await Assert.ThrowsAsync<PgkeepException>(() => RunAsync(MadeUpArchive.Name(2, number), pinned));
        Assert.Equal(ErrorKind.WalMissing, failure.Kind);
        Assert.Contains(failure.Hints, hint => hint.Contains("--timeline 2", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(0x80000, 0, 0x80000)]
    [InlineData(0x60000, 0, 0x60000)]
    [InlineData(0x100000, 1, 0x100000)]
    [InlineData(0x100000, 2, 0x80000)]
    public async Task What_was_received_is_served_where_it_is_clear_whose_it_is(int received, uint pinned, int length)
    {
        await _archive.AddHistoryAsync(2, Inside);
        await ReceiveAsync(8, received);

        Assert.Equal(FetchResult.Fetched, await RunAsync(MadeUpArchive.Name(1, 8), pinned));

        await ExpectContentAsync(8, length);
    }

    [Theory]
    [InlineData(0x82000, 0)]
    [InlineData(0x60000, 0x100000)]
    public async Task What_goes_on_behind_a_switch_is_refused_where_nobody_said_what_is_followed(int received, int own)
    {
        await _archive.AddHistoryAsync(2, Inside);
        await _archive.AddHistoryAsync(3, "1\t0/7F0000\tbefore the segment\n");
        await _archive.AddHistoryAsync(4, "1\t0/B80000\tbehind it\n");
        await ReceiveAsync(8, received);
        if (own > 0)
        {
            await KeepAsync(8);
        }

        var failure = await Assert.ThrowsAsync<PgkeepException>(() => RunAsync(MadeUpArchive.Name(1, 8), pinned: 0));

        Assert.Equal(ErrorKind.Configuration, failure.Kind);
        Assert.Contains("0/880000", failure.Message, StringComparison.Ordinal);
        Assert.Equal(["1", "2", "4"], failure.Hints.Select(hint => hint.Split("--timeline ")[1].Split(' ')[0]));
        Assert.All(failure.Hints, hint => Assert.Contains("recovery_target_timeline = '", hint, StringComparison.Ordinal));
        Assert.False(File.Exists(Destination));
    }

    private async Task MakeAsync(string history)
    {
        await _archive.AddAsync(1, 6, 10);
        await _archive.AddHistoryAsync(2, history);
    }

    /// <summary>A restore put it there.</summary>
    private Task KeepAsync(uint number) => File.WriteAllBytesAsync(
        _server.PathOf(MadeUpArchive.Name(1, number).ToString()), MadeUpArchive.Segment(MadeUpArchive.Name(1, number)), TestContext.Current.CancellationToken);

    /// <summary>A receiver has so much of it.</summary>
    private async Task ReceiveAsync(uint number, int length)
    {
        var directory = Directory.CreateDirectory(Path.Combine(_archive.Archive.Describe(RepositoryLayout.ReceivingFolderName), "pgkeep"));
        var content = MadeUpArchive.Segment(MadeUpArchive.Name(1, number));
        content.AsSpan(length).Clear();
        await File.WriteAllBytesAsync(Path.Combine(directory.FullName, MadeUpArchive.Name(1, number).ToString()), content, TestContext.Current.CancellationToken);
    }

    private async Task ExpectContentAsync(uint number, int length)
    {
        var content = MadeUpArchive.Segment(MadeUpArchive.Name(1, number));
        content.AsSpan(length).Clear();
        Assert.Equal(content, await File.ReadAllBytesAsync(Destination, TestContext.Current.CancellationToken));
    }

    private async Task<FetchResult> RunAsync(WalSegmentName segment, uint pinned)
    {
        var marked = new LocalStorage(_marked.Path);
        await RepositoryMarker.EnsureAsync(marked, MadeUpArchive.Identity, TimeProvider.System, TestContext.Current.CancellationToken);
        var fetch = new WalFetch(new ArchiveStores(_archive.Archive, [marked]), null, TimeProvider.System) { Pinned = pinned == 0 ? null : new TimelineId(pinned) };
        return await fetch.RunAsync(segment.ToString(), Destination, TestContext.Current.CancellationToken);
    }
}
