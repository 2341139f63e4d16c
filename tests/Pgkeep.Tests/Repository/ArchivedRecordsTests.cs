using Pgkeep.Diagnostics;
using Pgkeep.Postgres;
using Pgkeep.Repository;
using Pgkeep.Tests.Support;
using Xunit;

namespace Pgkeep.Tests.Repository;

public sealed class ArchivedRecordsTests : IDisposable
{
    private const int PagesOfSegment = 128;

    private readonly MadeUpArchive _archive = new();
    private readonly RecordingVisitor _visitor = new();

    public void Dispose() => _archive.Dispose();

    [Fact]
    public async Task Records_come_along_the_history_of_a_timeline()
    {
        await _archive.AddAsync(1, 1, 6);
        await _archive.StoreAsync("000000020000000000000004", MadeUpArchive.Segment(MadeUpArchive.Name(2, 4), timelineOf: address => address.Value < 0x480000 ? 1u : 2u));
        await _archive.AddAsync(2, 5, 5);
        await _archive.AddHistoryAsync(2, "1\t0/480000\tno recovery target specified\n");

        var end = await (await OpenAsync(2)).ReadAsync(1, 5, 1024, _visitor, TestContext.Current.CancellationToken);

        Assert.Null(end);
        Assert.Equal(5 * PagesOfSegment, _visitor.Records.Count);
        Assert.Equal([1uL, 2, 3, 4, 5], (await OpenAsync(2)).Numbers());
        Assert.Equal([1uL, 2, 3, 4, 5, 6], (await OpenAsync(1)).Numbers());
    }

    [Fact]
    public async Task They_end_before_a_segment_that_is_missing()
    {
        await _archive.AddAsync(1, 1, 2);
        await _archive.AddAsync(1, 4, 4);

        var end = await (await OpenAsync(1)).ReadAsync(1, 4, 1024, _visitor, TestContext.Current.CancellationToken);

        Assert.Equal((MadeUpArchive.Name(1, 3), false), (end!.Segment, end.IsUnwritten));
        Assert.Equal(2 * PagesOfSegment, _visitor.Records.Count);
    }

    [Fact]
    public async Task They_end_where_nothing_was_written_yet()
    {
        await _archive.AddAsync(1, 1, 1);
        var last = MadeUpArchive.Segment(MadeUpArchive.Name(1, 2));
        last.AsSpan(10 * MadeUpArchive.Page).Clear();
        await _archive.StoreAsync("000000010000000000000002", last);

        var end = await (await OpenAsync(1)).ReadAsync(1, 2, 1024, _visitor, TestContext.Current.CancellationToken);

        Assert.True(end!.IsUnwritten);
        Assert.Equal(PagesOfSegment + 10, _visitor.Records.Count);
    }

    [Fact]
    public async Task A_file_under_another_name_is_refused()
    {
        await _archive.AddAsync(1, 1, 3);
        File.Copy(_archive.PathOf("000000010000000000000003"), _archive.PathOf("000000010000000000000002"), overwrite: true);
        var records = await OpenAsync(1);

        var thrown = await Assert.ThrowsAsync<PgkeepException>(() => records.ReadAsync(1, 3, 1024, _visitor, TestContext.Current.CancellationToken));

        Assert.Equal(ErrorKind.RepositoryCorrupt, thrown.Kind);
    }

    [Theory]
    [InlineData(-1, 1)]
    [InlineData(2, 2)]
    [InlineData(3, 4)]
    [InlineData(9, 6)]
    [InlineData(13, null)]
    public async Task The_first_segment_of_a_moment_is_found_by_the_server_s_times(int minute, int? expected)
    {
        foreach (var number in (ulong[])[1, 2, 4, 5, 6, 7])
        {
            var name = MadeUpArchive.Name(1, number);
            await _archive.StoreAsync(name.ToString(), MadeUpArchive.Segment(name), writtenAt: DateTimeOffset.UnixEpoch.AddMinutes(number > 5 ? 12 : number));
        }

        var found = await (await OpenAsync(1)).FindAsync(DateTimeOffset.UnixEpoch.AddMinutes(minute), TestContext.Current.CancellationToken);

        Assert.Equal((ulong?)expected, found);
    }

    private async Task<ArchivedRecords> OpenAsync(uint timeline)
    {
        var inventory = await _archive.Archive.ListAsync(TestContext.Current.CancellationToken);
        var histories = await WalHistories.ReadAsync(_archive.Archive, inventory, TestContext.Current.CancellationToken);
        var coverage = new WalCoverage(inventory, histories.ByTimeline, MadeUpArchive.Identity.WalSegmentSize);
        return new ArchivedRecords(_archive.Archive, inventory, coverage, coverage.HistoryOf(new TimelineId(timeline)), MadeUpArchive.Identity);
    }
}
