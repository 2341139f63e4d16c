using Pgkeep.Postgres;
using Pgkeep.Postgres.Wal;
using Pgkeep.Tests.Support;
using Xunit;

namespace Pgkeep.Tests.Postgres.Wal;

/// <summary>A segment that a server of 18 wrote, and the same one with each defect: Fixtures/wal.</summary>
public sealed class WalDefectTests
{
    private static readonly WalSegmentName Name = new(TimelineId.First, 0, 9);

    [Fact]
    public void A_sound_segment_is_read_to_its_switch()
    {
        var (scan, visitor) = Read("sound");

        Assert.Null(scan.Stop);
        Assert.Empty(visitor.Problems);
        Assert.Equal((147, "0/90C0D8"), (visitor.Records.Count, visitor.Starts.Last().ToString()));
    }

    [Theory]
    [InlineData("record-body", nameof(WalStopKind.Record), "0/900548")]
    [InlineData("record-header", nameof(WalStopKind.Record), "0/900548")]
    [InlineData("record-length", nameof(WalStopKind.Record), "0/900548")]
    [InlineData("previous-record", nameof(WalStopKind.Previous), "0/900548")]
    [InlineData("page-header", nameof(WalStopKind.Page), "0/908000")]
    [InlineData("missing-page", nameof(WalStopKind.Zeros), "0/906000")]
    [InlineData("page-of-another-place", nameof(WalStopKind.Page), "0/906000")]
    [InlineData("continuation-length", nameof(WalStopKind.Continuation), "0/908000")]
    [InlineData("unfinished", nameof(WalStopKind.Zeros), "0/900548")]
    [InlineData("recycled-tail", nameof(WalStopKind.Zeros), "0/900548")]
    public void A_defect_ends_the_reading_where_it_is(string fixture, string kind, string position)
    {
        var (scan, visitor) = Read(fixture);

        Assert.Equal((kind, position), (scan.Stop!.Kind.ToString(), scan.Stop.Position.ToString()));
        Assert.Contains(position, scan.Stop.Problem, StringComparison.Ordinal);
        Assert.Empty(visitor.Problems);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(20)]
    [InlineData(8192)]
    [InlineData(300_000)]
    public void A_cut_segment_is_told(int length)
    {
        var scan = new WalScan(new WalSegmentSize(1024 * 1024), null, 1024);

        Assert.False(scan.Read(Name, new MemoryStream(Fixture.Unzipped("wal/sound.gz")[..length]), new RecordingVisitor(), TestContext.Current.CancellationToken));

        Assert.Equal(WalStopKind.Page, scan.Stop!.Kind);
    }

    [Fact]
    public void A_segment_of_another_cluster_or_place_is_told()
    {
        var bytes = Fixture.Unzipped("wal/sound.gz");
        var foreign = new WalScan(new WalSegmentSize(1024 * 1024), new SystemIdentifier(7), 1024);
        var misplaced = new WalScan(new WalSegmentSize(1024 * 1024), null, 1024);
        var resized = new WalScan(new WalSegmentSize(2 * 1024 * 1024), null, 1024);

        Assert.False(foreign.Read(Name, new MemoryStream(bytes), new RecordingVisitor(), TestContext.Current.CancellationToken));
        Assert.False(misplaced.Read(Name with { Segment = 10 }, new MemoryStream(bytes), new RecordingVisitor(), TestContext.Current.CancellationToken));
        Assert.False(resized.Read(Name, new MemoryStream(bytes), new RecordingVisitor(), TestContext.Current.CancellationToken));

        Assert.Contains("of the cluster", foreign.Stop!.Problem, StringComparison.Ordinal);
        Assert.Contains("segments of 1 MB", resized.Stop!.Problem, StringComparison.Ordinal);
        Assert.NotNull(misplaced.Stop);
    }

    private static (WalScan Scan, RecordingVisitor Visitor) Read(string fixture)
    {
        var (scan, visitor) = (new WalScan(new WalSegmentSize(1024 * 1024), null, 100_000), new RecordingVisitor());
        scan.Read(Name, new TrickleStream(Fixture.Unzipped($"wal/{fixture}.gz"), 10_000), visitor, TestContext.Current.CancellationToken);
        return (scan, visitor);
    }
}
