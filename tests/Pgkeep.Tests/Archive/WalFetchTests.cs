using System.Text;
using Pgkeep.Archive;
using Pgkeep.Diagnostics;
using Pgkeep.Repository;
using Pgkeep.Storage.Local;
using Pgkeep.Tests.Support;
using Xunit;

namespace Pgkeep.Tests.Archive;

/// <summary>Which files that are not stored are the end of the WAL, and which are a hole. Timeline 2 leaves 1 inside segment 8.</summary>
public sealed class WalFetchTests : IDisposable
{
    private const string SecondHistory = "1\t0/880000\tno reason\n";

    private readonly TemporaryDirectory _server = new();
    private readonly TemporaryDirectory _marked = new();
    private readonly MadeUpArchive _archive = new();

    public void Dispose()
    {
        _archive.Dispose();
        _marked.Dispose();
        _server.Dispose();
    }

    [Theory]
    [InlineData("000000010000000000000004", false)]
    [InlineData("000000010000000000000007", false)]
    [InlineData("000000010000000000000008", true)]
    [InlineData("000000010000000000000009", true)]
    [InlineData("000000020000000000000008", false)]
    [InlineData("000000020000000000000007", true)]
    [InlineData("00000002000000000000000B", true)]
    public async Task What_a_timeline_needs_of_the_one_that_it_left_is_no_end(string name, bool isAbsent)
    {
        await _archive.AddAsync(1, 1, 3);
        await _archive.AddHistoryAsync(2, SecondHistory);
        await _archive.AddAsync(2, 9, 10);

        await ExpectAsync(name, isAbsent);
    }

    [Fact]
    public async Task A_timeline_that_nothing_is_stored_of_needs_nothing()
    {
        await _archive.AddAsync(1, 1, 3);
        await _archive.AddHistoryAsync(2, SecondHistory);

        await ExpectAsync("000000010000000000000004", isAbsent: true);
    }

    [Fact]
    public async Task A_timeline_that_left_before_it_tells_nothing_of_a_segment()
    {
        await _archive.AddAsync(1, 1, 9);
        await _archive.AddHistoryAsync(2, SecondHistory);
        await _archive.AddAsync(2, 8, 12);

        await ExpectAsync("00000001000000000000000A", isAbsent: true);
    }

    [Fact]
    public async Task What_the_server_has_itself_may_be_missing_between_timelines()
    {
        await _archive.AddAsync(1, 1, 3);
        await _archive.AddHistoryAsync(2, SecondHistory);
        await _archive.AddAsync(2, 8, 9);
        await File.WriteAllBytesAsync(_server.PathOf("000000010000000000000004"), MadeUpArchive.Segment(MadeUpArchive.Name(1, 4)), TestContext.Current.CancellationToken);

        await ExpectAsync("000000010000000000000004", isAbsent: true);
    }

    [Theory]
    [InlineData("00000002.history", false)]
    [InlineData("00000003.history", false)]
    [InlineData("00000004.history", true)]
    [InlineData("00000001.history", true)]
    public async Task A_history_is_no_end_where_something_of_its_timeline_or_a_later_one_is_stored(string name, bool isAbsent)
    {
        await _archive.AddAsync(1, 1, 3);
        await _archive.AddAsync(3, 3, 3);

        await ExpectAsync(name, isAbsent);
    }

    [Fact]
    public async Task A_history_that_the_server_has_itself_may_be_missing()
    {
        await _archive.AddAsync(2, 3, 3);
        await File.WriteAllTextAsync(_server.PathOf("00000002.history"), SecondHistory, TestContext.Current.CancellationToken);

        await ExpectAsync("00000002.history", isAbsent: true);
    }

    [Theory]
    [InlineData("000000010000000000000005", "000000010000000000000006", false)]
    [InlineData("000000010000000000000005", "000000020000000000000008", false)]
    [InlineData("000000010000000000000005", "000000010000000000000003", true)]
    [InlineData("00000003.history", "000000030000000000000009", false)]
    public async Task What_a_receiver_has_is_behind_a_hole_too(string name, string received, bool isAbsent)
    {
        await _archive.AddAsync(1, 1, 4);
        await _archive.AddHistoryAsync(2, SecondHistory);
        var directory = Directory.CreateDirectory(Path.Combine(_archive.Archive.Describe(RepositoryLayout.ReceivingFolderName), "pgkeep"));
        await File.WriteAllBytesAsync(Path.Combine(directory.FullName, received), Encoding.ASCII.GetBytes("begun"), TestContext.Current.CancellationToken);

        await ExpectAsync(name, isAbsent);
    }

    [Theory]
    [InlineData(".gz", true)]
    [InlineData("", true)]
    [InlineData(".gz .", false)]
    public async Task Of_two_copies_the_sound_one_is_fetched(string damaged, bool isFetched)
    {
        await _archive.AddAsync(1, 1, 2);
        var (stored, content) = (_archive.PathOf("000000010000000000000002"), MadeUpArchive.Segment(MadeUpArchive.Name(1, 2)));
        await File.WriteAllBytesAsync(stored[..^3], content, TestContext.Current.CancellationToken);
        foreach (var path in damaged.Split(' ').Select(suffix => stored[..^3] + suffix.TrimEnd('.')))
        {
            await File.WriteAllBytesAsync(path, (await File.ReadAllBytesAsync(path, TestContext.Current.CancellationToken))[..^1], TestContext.Current.CancellationToken);
        }

        if (!isFetched)
        {
            await Assert.ThrowsAsync<PgkeepException>(() => RunAsync("000000010000000000000002"));
            return;
        }

        Assert.Equal(FetchResult.Fetched, await RunAsync("000000010000000000000002"));
        Assert.Equal(content, await File.ReadAllBytesAsync(_server.PathOf("RECOVERYXLOG"), TestContext.Current.CancellationToken));
    }

    private async Task<FetchResult> RunAsync(string name)
    {
        var marked = new LocalStorage(_marked.Path);
        await RepositoryMarker.EnsureAsync(marked, MadeUpArchive.Identity, TimeProvider.System, TestContext.Current.CancellationToken);
        return await new WalFetch(new ArchiveStores(_archive.Archive, [marked]), null, TimeProvider.System).RunAsync(name, _server.PathOf("RECOVERYXLOG"), TestContext.Current.CancellationToken);
    }

    private async Task ExpectAsync(string name, bool isAbsent)
    {
        if (isAbsent)
        {
            Assert.Equal(FetchResult.Absent, await RunAsync(name));
            return;
        }

        var failure = await Assert.ThrowsAsync<PgkeepException>(() => RunAsync(name));
        Assert.Equal(ErrorKind.WalMissing, failure.Kind);
    }
}
