using Pgkeep.Postgres;
using Pgkeep.Postgres.Wal;
using Pgkeep.Postgres.Wal.Changes;
using Pgkeep.Postgres.Wal.Index;
using Pgkeep.Tests.Support;
using Xunit;

namespace Pgkeep.Tests.Postgres.Wal.Index;

public sealed class WalIndexBuilderTests
{
    private const byte Heap = 10;
    private const byte Heap2 = 9;
    private const byte HasInfo = 0x80;

    private static readonly Lsn Begin = new(0x30_0000);
    private static readonly DateTimeOffset Noon = new(2025, 1, 8, 12, 0, 0, 123, 456, TimeSpan.Zero);
    private static readonly byte[] Table = [0x7F, 6, 0, 0, 5, 0, 0, 0, 0, 64, 0, 0];

    private readonly WalBuilder _wal = new(Begin);

    [Fact]
    public void Rows_are_counted_by_relation()
    {
        _wal.Add(Heap, 0x00, Change(7, new byte[3]), 9);
        _wal.Add(Heap2, 0x50, Change(8, [0, 0, 100, 0]), 9);
        _wal.Add(Heap, 0x20, Change(8, new byte[14]), 9);
        _wal.Add(Heap, 0x40, Change(8, new byte[14]), 9);
        _wal.Add(Heap, 0x10, Change(9, new byte[8]), 9);
        _wal.Add(Heap, 0x10, Change(9, [0, 0, 0, 0, 0, 0, 0, 0x10]), 9);
        _wal.Add(Heap, 0x10, Change(9, [0, 0, 0, 0, 0, 0, 0, 0x08]), 9);
        _wal.Add(Heap, 0x70, Change(9, new byte[2]));
        _wal.Add(Heap, 0x60, Change(12, new byte[8]), 9);
        _wal.Switch();

        var relation = Assert.Single(IndexedSegment.Make(_wal, Begin).Relations);

        Assert.Equal("1663/5/16384", relation.Relation.ToString());
        Assert.Equal((101L, 2L, 1L, 1L, 1L, 2L), (relation.Inserts, relation.Updates, relation.Deletes, relation.Moves, relation.InPlace, relation.Others));
        Assert.Equal([7u, 8u, 9u, 12u], Assert.Single(relation.Forks).Blocks.ToList());
    }

    [Fact]
    public void Transactions_are_told_apart_by_how_they_end()
    {
        _wal.Add(Heap, 0x00, Change(7, new byte[3]), 100);
        _wal.Add(Heap, 0x00, Change(7, new byte[3]), 101);
        _wal.Add(Heap, 0x00, Change(7, new byte[3]), 102);
        _wal.Add(Heap, 0x00, Change(7, new byte[3]), 103);
        _wal.AddCommit(100, Noon);
        _wal.AddCommit(101, Noon.AddSeconds(-5), WalManagers.Abort);
        var late = _wal.AddCommit(50, Noon.AddSeconds(-10));
        var end = _wal.Add(1, WalManagers.Commit | HasInfo, WalBuilder.MainData([.. Time(Noon), 2, 0, 0, 0, 2, 0, 0, 0, 103, 0, 0, 0, 104, 0, 0, 0]), 60);
        _wal.Switch();

        var index = IndexedSegment.Make(_wal, Begin);

        Assert.Equal([50u, 60u, 100u, 103u, 104u], index.Committed.ToList());
        Assert.Equal([101u], index.Aborted.ToList());
        Assert.Equal([102u], index.Unfinished.ToList());
        Assert.Equal((50u, late, Noon.AddSeconds(-10)), Assert.Single(index.LateEndings) is var only ? (only.Moment.Xid, only.Moment.Start, only.Moment.Time) : default);
        Assert.Equal((3L, 1L, 100u, end), (index.Commits, index.Aborts, index.FirstCommit!.Value.Xid, index.LastCommit!.Value.Start));
        Assert.Equal((Noon.AddSeconds(-10), Noon), index.CommitTimes);
    }

    [Fact]
    public void What_a_late_ending_had_below_it_is_told()
    {
        var bytes = WalBuilder.MainData([.. Time(Noon), 2, 0, 0, 0, 2, 0, 0, 0, 103, 0, 0, 0, 104, 0, 0, 0]);
        _wal.Add(1, WalManagers.Abort | HasInfo, bytes, 60);
        _wal.Switch();

        var late = Assert.Single(IndexedSegment.Make(_wal, Begin).LateEndings);

        Assert.Equal((WalMomentKind.Abort, 60u), (late.Moment.Kind, late.Moment.Xid));
        Assert.Equal([103u, 104u], late.Subtransactions.ToList());
    }

    [Fact]
    public void Files_databases_and_marks_have_their_place()
    {
        var created = _wal.Add(2, 0x10, WalBuilder.MainData([.. Table, 0, 0, 0, 0]), 9);
        var truncated = _wal.Add(2, 0x20, WalBuilder.MainData([3, 0, 0, 0, .. Table, 7, 0, 0, 0]), 0);
        var dropped = _wal.Add(4, 0x20, WalBuilder.MainData([5, 0, 0, 0, 1, 0, 0, 0, 0x7F, 6, 0, 0]), 9);
        var emptied = _wal.Add(Heap, 0x30, WalBuilder.MainData([5, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 64, 0, 0]), 9);
        var map = _wal.Add(7, 0, WalBuilder.MainData([5, 0, 0, 0, 0x7F, 6, 0, 0, 8, 0, 0, 0, 0x17, 0x27, 0x59, 0, 0, 0, 0, 0]), 9);
        var unlinked = _wal.Add(1, WalManagers.Commit | HasInfo, WalBuilder.MainData([.. Time(Noon), 4, 0, 0, 0, 1, 0, 0, 0, .. Table]), 9);
        var checkpoint = _wal.Add(0, 0x10, WalBuilder.MainData([0, 0, 0x30, 0, 0, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, .. new byte[72]]));
        var ended = _wal.Add(0, 0x90, WalBuilder.MainData([.. Time(Noon), 3, 0, 0, 0, 2, 0, 0, 0]));
        var point = _wal.Add(0, WalManagers.LogRestorePoint, WalBuilder.MainData([.. Time(Noon), .. "before upgrade"u8, .. new byte[50]]));
        _wal.Switch();

        var index = IndexedSegment.Make(_wal, Begin);

        Assert.Equal((created, RelationFork.Main, 9u), Assert.Single(index.CreatedFiles) is var file ? (file.At, file.Fork, file.Xid) : default);
        Assert.Equal((truncated, 3u), Assert.Single(index.TruncatedFiles) is var cut ? (cut.At, cut.Blocks) : default);
        Assert.Equal((dropped, DatabaseOperation.Drop, new Oid(5)), Assert.Single(index.Databases) is var change ? (change.At, change.Operation, change.Database) : default);
        Assert.Equal((emptied, new Oid(16384)), Assert.Single(index.TruncatedTables) is var table ? (table.At, table.Relation) : default);
        Assert.Equal((map, new Oid(5)), Assert.Single(index.RelationMaps) is var changed ? (changed.At, changed.Database) : default);
        Assert.Equal((unlinked, true, 9u), Assert.Single(index.UnlinkedFiles) is var gone ? (gone.At, gone.IsCommit, gone.Xid) : default);
        Assert.Equal([(CheckpointKind.Online, checkpoint, Begin, 2u), (CheckpointKind.EndOfRecovery, ended, ended, 3u)], index.Checkpoints.Select(item => (item.Kind, item.At, item.Redo, item.Timeline.Value)));
        Assert.Equal(("before upgrade", point, Noon), Assert.Single(index.RestorePoints) is var mark ? (mark.Name, mark.At, mark.Time) : default);
        Assert.Empty(index.Relations);
    }

    [Fact]
    public void A_record_of_two_segments_is_put_together_from_their_indexes()
    {
        while (_wal.Position < Begin + ((1024 * 1024) - 100))
        {
            _wal.AddMessage((int)Math.Clamp((long)(Begin + (1024 * 1024) - _wal.Position) - 120, 60, 4000));
        }

        var start = _wal.Add(Heap, 0x00, Change(77, new byte[200]), 9);
        _wal.Switch();
        var (one, two) = (IndexedSegment.Make(_wal, Begin), IndexedSegment.Make(_wal, Begin, 1));

        var whole = one.Ends.Open!.Clone();
        two.Ends.Head!.AppendTo(whole);

        Assert.Equal((start, true, true), (whole.Start, whole.IsSound, whole.Held.Length == whole.TotalLength));
        Assert.Empty(one.Relations);
        Assert.Empty(two.Relations);
    }

    [Fact]
    public void Unfinished_and_damaged_segments_have_none()
    {
        _wal.AddMessage(200);
        _wal.FillSegment();
        var (unfinished, damaged) = (IndexedSegment.TryMake(_wal, Begin), new WalIndexBuilder(WalSegmentName.FromLsn(TimelineId.First, Begin, _wal.SegmentSize)));

        damaged.Add(new byte[8192]);

        Assert.Null(unfinished);
        Assert.Null(damaged.Build(0));
        Assert.NotEmpty(damaged.Problem!);
        Assert.Null(new WalIndexBuilder(default).Build(0));
    }

    /// <summary>A block of the table, no data of it, and main data.</summary>
    private static byte[] Change(byte block, byte[] main) => [0, 0, 0, 0, .. Table, block, 0, 0, 0, .. WalBuilder.MainData(main)];

    private static byte[] Time(DateTimeOffset time) => BitConverter.GetBytes((time - new DateTimeOffset(2000, 1, 1, 0, 0, 0, TimeSpan.Zero)).Ticks / 10);
}
