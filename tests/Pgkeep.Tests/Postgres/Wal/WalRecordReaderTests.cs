using System.Buffers.Binary;
using Pgkeep.Postgres;
using Pgkeep.Postgres.Wal;
using Pgkeep.Tests.Support;
using Xunit;

namespace Pgkeep.Tests.Postgres.Wal;

public sealed class WalRecordReaderTests
{
    private const int Block = 8192;
    private const int Segment = 1024 * 1024;

    private static readonly Lsn Begin = new(0x1_0030_0000);

    private readonly RecordingVisitor _visitor = new();

    [Theory]
    [InlineData(1024)]
    [InlineData(4096)]
    [InlineData(8192)]
    [InlineData(65536)]
    public void Records_are_found_where_they_were_written_over_pages_and_segments(int block)
    {
        var wal = new WalBuilder(Begin) { BlockSize = block };
        var starts = Enumerable.Range(0, 400).Select(i => wal.AddMessage(27 + (i * 7919 % 15_000))).ToList();
        wal.FillSegment();

        var reader = Read(wal);

        Assert.Equal(starts, _visitor.Starts);
        Assert.Empty(_visitor.Problems);
        Assert.Equal((starts[0], new Lsn(0)), (reader.First!.Value.Start, reader.First.Value.Previous));
        Assert.Equal((starts[^1], 400), (reader.Last!.Value, reader.Records));
        Assert.Equal((WalStopKind.Zeros, reader.End), (reader.Stop!.Kind, reader.Stop.Position));
        Assert.Equal(_visitor.Records[^1].End, reader.End);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(128)]
    public void It_does_not_matter_how_many_pages_come_at_once(int pages)
    {
        var wal = Long();
        var bytes = wal.ToArray();
        var reader = Reader();
        for (var offset = 0; offset < bytes.Length; offset += pages * Block)
        {
            reader.Read(bytes.AsSpan(offset, Math.Min(pages * Block, bytes.Length - offset)), _visitor);
        }

        Assert.Equal(wal.Previous, _visitor.Starts.Last());
        Assert.All(_visitor.Records, record => Assert.Equal(record.Header.TotalLength, (uint)record.Bytes.Length));
    }

    /// <summary>Records begin at multiples of 8, so a header of 24 bytes is cut at 8 or 16.</summary>
    [Theory]
    [InlineData(8)]
    [InlineData(16)]
    [InlineData(24)]
    [InlineData(32)]
    public void A_header_may_be_cut_by_the_end_of_a_page(int here)
    {
        var wal = new WalBuilder(Begin);
        wal.AddMessage(Block - 40 - here);
        var cut = wal.AddMessage(300);
        Assert.Equal((ulong)here, Block - (cut.Value % Block));
        var last = wal.AddMessage(100);
        wal.FillSegment();

        Read(wal);

        Assert.Equal([cut, last], _visitor.Starts.Skip(1));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(5_000)]
    [InlineData(Segment)]
    [InlineData(3 * Segment)]
    public void What_begins_with_the_rest_of_a_record_is_read_from_the_next_one_on(int rest)
    {
        var wal = new WalBuilder(Begin);
        wal.AddMessage(Segment - 40 - (127 * 24) - 32);
        wal.AddMessage(32 + rest);
        var next = wal.AddMessage(50);
        wal.FillSegment();
        var reader = Reader(Begin + Segment);

        reader.Read(wal.ToArray().AsSpan(Segment), _visitor);

        Assert.Equal(next, Assert.Single(_visitor.Starts));
        Assert.Equal(((uint)rest, 0L), (reader.Head!.Total, reader.Head.Remaining));
        Assert.False(reader.IsInsideHead);
    }

    [Theory]
    [InlineData(8, 100)]
    [InlineData(16, 100)]
    [InlineData(16, 16)]
    [InlineData(24, 40)]
    [InlineData(64, 40)]
    [InlineData(5_000, 100_000)]
    [InlineData(5_000, 3_000_000)]
    public void A_record_is_checked_from_what_two_readings_have_of_it(int here, int rest)
    {
        var wal = new WalBuilder(Begin);
        wal.AddMessage(Segment - 40 - (127 * 24) - here);
        var record = wal.AddMessage(here + rest);
        Assert.Equal((ulong)here, Segment - (record - Begin));
        wal.AddMessage(50);
        wal.FillSegment();
        var bytes = wal.ToArray();
        foreach (var damaged in (int[])[-1, Segment - 1, Segment + 40, Segment + 44])
        {
            var copy = (byte[])bytes.Clone();
            if (damaged >= 0)
            {
                copy[damaged] ^= 1;
            }

            var first = Reader();
            first.Read(copy.AsSpan(0, Segment), _visitor);
            var assembly = first.Open!.Clone();
            for (var offset = Segment; assembly.Remaining > 0; offset += Segment)
            {
                var next = Reader(Begin + (ulong)offset);
                next.Read(copy.AsSpan(offset, Segment), _visitor);
                Assert.Equal(assembly.Remaining, next.Head!.Total);
                next.Head.AppendTo(assembly);
            }

            Assert.Equal(record, assembly.Start);
            Assert.Equal(damaged < 0, assembly.IsSound);
        }
    }

    [Fact]
    public void A_switch_ends_a_segment()
    {
        var wal = new WalBuilder(Begin);
        wal.AddMessage(20_000);
        wal.Switch();
        var next = wal.AddMessage(100);
        wal.FillSegment();

        var reader = Read(wal);

        Assert.Equal((3, next), (_visitor.Records.Count, _visitor.Starts.Last()));
        Assert.Equal(WalStopKind.Zeros, reader.Stop!.Kind);
    }

    [Fact]
    public void A_record_whose_rest_never_came_is_passed_over()
    {
        var wal = new WalBuilder(Begin);
        var before = wal.AddMessage(500);
        wal.Add(WalBuilder.LogicalMessage, 0, new byte[50_000], cutAt: 20_000);
        wal.Overwrite();
        var overwrite = wal.Add(WalManagers.Log, WalBuilder.OverwriteContinuation, WalBuilder.MainData(new byte[16]));
        wal.FillSegment();

        Read(wal);

        Assert.Equal([before, overwrite], _visitor.Starts);
        Assert.Equal(before, _visitor.Records[^1].Header.Previous);
    }

    [Fact]
    public void A_page_that_says_so_ends_a_record_of_an_earlier_segment_too()
    {
        var wal = new WalBuilder(Begin);
        wal.Add(WalBuilder.LogicalMessage, 0, new byte[2 * Segment], cutAt: Segment + 5_000);
        wal.Overwrite();
        var overwrite = wal.Add(WalManagers.Log, WalBuilder.OverwriteContinuation, WalBuilder.MainData(new byte[16]));
        wal.FillSegment();
        var reader = Reader(Begin + Segment);

        reader.Read(wal.ToArray().AsSpan(Segment), _visitor);

        Assert.True(reader.IsHeadOverwritten);
        Assert.Equal(overwrite, Assert.Single(_visitor.Starts));
    }

    [Fact]
    public void Only_so_much_of_a_record_is_held_as_was_asked_for()
    {
        var wal = Long();
        var reader = Reader(held: 100);

        reader.Read(wal.ToArray(), _visitor);

        Assert.Equal(wal.Previous, _visitor.Starts.Last());
        Assert.Equal(100, _visitor.Records.Min(record => record.Header.TotalLength > 2 * Block ? record.Bytes.Length : int.MaxValue));
    }

    [Fact]
    public void Reading_ends_when_the_visitor_wants_no_more()
    {
        var visitor = new RecordingVisitor { StopAfter = 5 };
        var reader = Reader();

        Assert.False(reader.Read(Long().ToArray(), visitor));

        Assert.Equal(5, visitor.Records.Count);
        Assert.Null(reader.Stop);
    }

    [Fact]
    public void Older_pages_behind_the_end_of_a_recycled_segment_end_it()
    {
        var wal = new WalBuilder(Begin);
        wal.AddMessage(3 * Block);
        wal.FillSegment();
        var bytes = wal.ToArray();
        var older = new WalBuilder(new Lsn(0x10_0000));
        older.AddMessage(Segment - 8192);
        older.FillSegment();
        older.ToArray().AsSpan(4 * Block).CopyTo(bytes.AsSpan(4 * Block));
        var reader = Reader();

        reader.Read(bytes, _visitor);

        // The page on which the end lies is the server's own, and zero behind it.
        Assert.Equal((WalStopKind.Zeros, reader.End), (reader.Stop!.Kind, reader.Stop.Position));
        Assert.Single(_visitor.Records);
    }

    [Fact]
    public void A_timeline_may_change_to_a_later_one_and_never_back()
    {
        var wal = new WalBuilder(Begin) { TimelineOf = address => address < Begin + (5 * Block) ? 1u : address < Begin + (9 * Block) ? 3u : 2u };
        wal.AddMessage(12 * Block);
        wal.FillSegment();

        var reader = Read(wal);

        Assert.Equal((WalStopKind.Page, Begin + (9 * Block)), (reader.Stop!.Kind, reader.Stop.Position));
    }

    [Theory]
    [InlineData(5, 100, nameof(WalStopKind.Record))] // body of a record inside a page
    [InlineData(5, 20, nameof(WalStopKind.Record))] // xl_crc
    [InlineData(5, 4, nameof(WalStopKind.Record))] // xl_xid
    [InlineData(5, 17, nameof(WalStopKind.Record))] // xl_rmid
    [InlineData(5, 8, nameof(WalStopKind.Previous))]
    [InlineData(5, 0, nameof(WalStopKind.Record))]
    [InlineData(5, 3, nameof(WalStopKind.Record))]
    public void Damage_in_a_record_is_named(int index, int offset, string expected)
    {
        var wal = new WalBuilder(Begin);
        var starts = Enumerable.Range(0, 20).Select(_ => wal.AddMessage(300)).ToList();
        wal.FillSegment();
        var bytes = wal.ToArray();
        bytes[(int)(starts[index] - Begin) + offset] ^= 0x40;

        var reader = Reader();
        reader.Read(bytes, _visitor);

        Assert.Equal((expected, starts[index]), (reader.Stop!.Kind.ToString(), reader.Stop.Position));
        Assert.Equal((index, starts[index]), (_visitor.Records.Count, reader.End));
    }

    [Theory]
    [InlineData(0, nameof(WalStopKind.Page))]
    [InlineData(2, nameof(WalStopKind.Continuation))]
    [InlineData(3, nameof(WalStopKind.Page))]
    [InlineData(9, nameof(WalStopKind.Page))]
    [InlineData(16, nameof(WalStopKind.Continuation))]
    public void Damage_in_a_page_header_is_named(int offset, string expected)
    {
        var bytes = Long().ToArray();
        bytes[(6 * Block) + offset] ^= 1;

        var reader = Reader();
        reader.Read(bytes, _visitor);

        Assert.Equal(expected, reader.Stop!.Kind.ToString());
        Assert.Equal(Begin + (6 * Block), reader.Stop.Position);
    }

    [Fact]
    public void A_missing_page_is_named()
    {
        var bytes = Long().ToArray();
        bytes.AsSpan(6 * Block, Block).Clear();

        var reader = Reader();
        reader.Read(bytes, _visitor);

        Assert.Equal((WalStopKind.Zeros, Begin + (6 * Block)), (reader.Stop!.Kind, reader.Stop.Position));
    }

    [Fact]
    public void A_length_that_reaches_too_far_is_noticed_on_the_next_page()
    {
        var wal = new WalBuilder(Begin);
        wal.AddMessage(100);
        var second = wal.AddMessage(100);
        wal.AddMessage(3 * Block);
        wal.FillSegment();
        var bytes = wal.ToArray();
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan((int)(second - Begin)), 900_000);

        var reader = Reader();
        reader.Read(bytes, _visitor);

        Assert.Equal(WalStopKind.Continuation, reader.Stop!.Kind);
        Assert.Contains($"a record at {second} of which", reader.Stop.Problem, StringComparison.Ordinal);
    }

    /// <summary>Records over several pages, in one segment.</summary>
    private static WalBuilder Long()
    {
        var wal = new WalBuilder(Begin);
        for (var i = 0; i < 25; i++)
        {
            wal.AddMessage(30_000);
        }

        wal.FillSegment();
        return wal;
    }

    private static WalRecordReader Reader(Lsn? begin = null, int block = Block, int held = 8 * Segment) => new(begin ?? Begin, new WalSegmentSize(Segment), block, held);

    private WalRecordReader Read(WalBuilder wal)
    {
        var reader = Reader(block: wal.BlockSize);
        reader.Read(wal.ToArray(), _visitor);
        return reader;
    }
}
