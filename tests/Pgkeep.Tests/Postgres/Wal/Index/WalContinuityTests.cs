using Pgkeep.Postgres;
using Pgkeep.Postgres.Wal;
using Pgkeep.Postgres.Wal.Index;
using Pgkeep.Tests.Support;
using Xunit;

namespace Pgkeep.Tests.Postgres.Wal.Index;

public sealed class WalContinuityTests
{
    private const int Segment = 1024 * 1024;

    private static readonly Lsn Begin = new(0x30_0000);
    private static readonly Lsn Boundary = Begin + Segment;

    [Fact]
    public void A_server_continues_its_own_segment()
    {
        var wal = FilledTo(8000);
        wal.AddMessage(12_000);
        wal.AddMessage(100);
        wal.Switch();

        Assert.Null(Compare(wal, wal));
        Assert.NotNull(IndexedSegment.Make(wal, Begin).Ends.Open);
    }

    [Fact]
    public void A_switch_is_continued_with_a_record_that_names_it()
    {
        var wal = FilledTo(8000);
        wal.Switch();
        wal.AddMessage(100);
        wal.Switch();

        Assert.Null(Compare(wal, wal));
    }

    [Fact]
    public void A_switch_of_another_server_is_not_continued()
    {
        var (one, other) = (FilledTo(8000), FilledTo(16_000));
        foreach (var wal in new[] { one, other })
        {
            wal.Switch();
            wal.AddMessage(100);
            wal.Switch();
        }

        Assert.Contains("the one before it begins at", Compare(one, other), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(12_000, 13_000, "bytes are left of the one at")]
    [InlineData(12_000, 0, "begins with a record")]
    [InlineData(0, 12_000, "none goes on from there")]
    public void A_record_that_another_server_began_is_not_continued(int length, int otherLength, string problem)
    {
        var (one, other) = (FilledTo(8000), FilledTo(8000));
        foreach (var (wal, crossing) in new[] { (one, length), (other, otherLength) })
        {
            if (crossing == 0)
            {
                wal.Switch();
            }
            else
            {
                wal.AddMessage(crossing);
            }

            wal.AddMessage(100);
            wal.Switch();
        }

        Assert.Contains(problem, Compare(one, other), StringComparison.Ordinal);
    }

    /// <summary>Two copies that do the same work: only the crossing record's checksum tells.</summary>
    [Fact]
    public void A_record_of_the_same_length_with_other_content_is_not_continued()
    {
        var (one, other) = (FilledTo(8000), FilledTo(8000));
        foreach (var (wal, data) in new[] { (one, (byte)1), (other, (byte)2) })
        {
            wal.Add(WalBuilder.LogicalMessage, 0, WalBuilder.MainData([.. Enumerable.Repeat(data, 12_000)]), 9);
            wal.AddMessage(100);
            wal.Switch();
        }

        Assert.Contains("checksum does not fit", Compare(one, other), StringComparison.Ordinal);
        Assert.Null(Compare(one, one));
    }

    /// <summary>The server crashed while it was writing a record over the boundary, and has begun anew behind it.</summary>
    [Theory]
    [InlineData(0)]
    [InlineData(5_000)]
    [InlineData(20_000)]
    [InlineData(40_000)]
    public void A_crash_within_the_crossing_record_is_no_break(int behindTheBoundary)
    {
        var before = FilledTo(8000);
        before.AddMessage(60_000);
        before.FillSegment();
        var wal = FilledTo(8000);
        wal.Add(WalBuilder.LogicalMessage, 0, WalBuilder.MainData(new byte[60_000]), 9, cutAt: (int)(Boundary - wal.Position) + behindTheBoundary);
        wal.Overwrite();
        wal.Add(WalManagers.Log, WalBuilder.OverwriteContinuation, WalBuilder.MainData(new byte[16]));
        wal.Switch();

        Assert.Null(Compare(before, wal));
    }

    [Fact]
    public void The_first_record_after_pg_resetwal_names_none_and_is_no_break()
    {
        var wal = FilledTo(8000);
        wal.Switch();
        var reset = FilledTo(8000);
        reset.Switch();
        reset.Previous = default;
        reset.AddMessage(100);
        reset.Switch();

        Assert.Null(Compare(wal, reset));
    }

    [Fact]
    public void The_beginning_of_a_segment_is_enough()
    {
        var wal = FilledTo(8000);
        wal.AddMessage(12_000);
        wal.AddMessage(100);
        wal.Switch();
        var bytes = wal.ToArray();
        var read = 0L;

        var beginning = WalContinuity.ReadBeginning(
            WalSegmentName.FromLsn(TimelineId.First, Boundary, wal.SegmentSize),
            wal.SegmentSize,
            wal.BlockSize,
            Segment,
            (target, offset) =>
            {
                bytes.AsSpan(Segment + (int)offset, target.Length).CopyTo(target);
                read += target.Length;
            });

        Assert.Null(WalContinuity.FindBreak(IndexedSegment.Make(wal, Begin).Ends, beginning!));
        Assert.InRange(read, 8192, 3 * 8192);
    }

    private static string? Compare(WalBuilder before, WalBuilder next) =>
        WalContinuity.FindBreak(IndexedSegment.Make(before, Begin).Ends, IndexedSegment.Make(next, Begin, 1).Ends);

    /// <summary>A segment of records up to so many bytes before its end.</summary>
    private static WalBuilder FilledTo(int left)
    {
        var wal = new WalBuilder(Begin);
        while (wal.Position + (ulong)left < Boundary)
        {
            wal.AddMessage(1000);
        }

        return wal;
    }
}
