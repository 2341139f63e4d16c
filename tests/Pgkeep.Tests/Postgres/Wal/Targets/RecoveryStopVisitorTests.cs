using Pgkeep.Postgres;
using Pgkeep.Postgres.Wal;
using Pgkeep.Postgres.Wal.Targets;
using Pgkeep.Tests.Support;
using Xunit;

namespace Pgkeep.Tests.Postgres.Wal.Targets;

/// <summary>Where a server stops, of a stretch of WAL with the transactions 10, 11 and so on, one a minute from noon on.</summary>
public sealed class RecoveryStopVisitorTests
{
    private static readonly DateTimeOffset Noon = new(2025, 1, 8, 12, 0, 0, TimeSpan.Zero);

    private readonly WalBuilder _wal = new(new Lsn(0x100000));
    private readonly List<Lsn> _commits = [];

    public RecoveryStopVisitorTests()
    {
        for (var i = 0; i < 10; i++)
        {
            _wal.AddMessage(200);
            _commits.Add(_wal.AddCommit((uint)(10 + i), Noon.AddMinutes(i), i == 7 ? WalManagers.Abort : WalManagers.Commit));
        }
    }

    [Theory]
    [InlineData(3.5, false, 4, "11 12 13", "14 15 16")]
    [InlineData(3.0, false, 4, "11 12 13", "14 15 16")]
    [InlineData(3.0, true, 3, "10 11 12", "13 14 15")]
    [InlineData(6.5, false, 7, "14 15 16", "18 19")]
    [InlineData(9.0, true, 9, "15 16 18", "19")]
    [InlineData(-1.0, false, 0, "", "10 11 12")]
    public void A_time_stops_before_the_first_end_of_a_transaction_that_is_later(double minutes, bool isExclusive, int stop, string before, string after)
    {
        var visitor = Read(RecoveryTarget.OfTime(Noon.AddMinutes(minutes), isExclusive));

        Assert.Equal((_commits[stop], false), (visitor.Stop!.Record, visitor.Stop.IsReplayed));
        Assert.Equal((before, after), (Xids(visitor.Before), Xids(visitor.After)));
    }

    [Theory]
    [InlineData(9.0, false)]
    [InlineData(9.5, true)]
    public void A_time_after_the_last_end_stops_nowhere(double minutes, bool isExclusive) =>
        Assert.Null(Read(RecoveryTarget.OfTime(Noon.AddMinutes(minutes), isExclusive)).Stop);

    [Fact]
    public void A_restore_point_s_time_is_none_that_a_recovery_stops_at()
    {
        _wal.AddRestorePoint("later", Noon.AddHours(1));

        Assert.Null(Read(RecoveryTarget.OfTime(Noon.AddMinutes(30))).Stop);
    }

    [Theory]
    [InlineData(false, "11 12 13", "14 15 16")]
    [InlineData(true, "10 11 12", "13 14 15")]
    public void A_transaction_is_in_or_the_first_that_is_out(bool isExclusive, string before, string after)
    {
        var visitor = Read(RecoveryTarget.OfXid(13, isExclusive));

        Assert.Equal((_commits[3], !isExclusive), (visitor.Stop!.Record, visitor.Stop.IsReplayed));
        Assert.Equal((before, after), (Xids(visitor.Before), Xids(visitor.After)));
    }

    [Fact]
    public void An_aborted_transaction_is_an_end_too() => Assert.Equal(WalMomentKind.Abort, Read(RecoveryTarget.OfXid(17)).Stop!.Moment!.Value.Kind);

    [Fact]
    public void A_checkpoint_before_it_tells_a_number_s_epoch()
    {
        _wal.AddCheckpoint((5ul << 32) + 40);
        _wal.AddCommit(41, Noon.AddMinutes(20));
        _wal.AddCheckpoint((5ul << 32) + 50);

        var stop = Read(RecoveryTarget.OfXid(41)).Stop!;

        Assert.Equal(new FullTransactionId((5ul << 32) + 41), stop.FullXid);
        Assert.False(stop.IsOfOtherEpoch(RecoveryTarget.OfXid(41)));
        Assert.False(stop.IsOfOtherEpoch(RecoveryTarget.OfXid(new FullTransactionId((5ul << 32) + 41))));
        Assert.True(stop.IsOfOtherEpoch(RecoveryTarget.OfXid(new FullTransactionId((4ul << 32) + 41))));
        Assert.Null(Read(RecoveryTarget.OfXid(13)).Stop!.FullXid);
        Assert.False(Read(RecoveryTarget.OfXid(new FullTransactionId((1ul << 32) + 13))).Stop!.IsOfOtherEpoch(RecoveryTarget.OfXid(new FullTransactionId((1ul << 32) + 13))));
    }

    [Fact]
    public void A_subtransaction_has_the_end_of_its_parent_and_is_no_stop()
    {
        _wal.AddCommit(40, Noon.AddMinutes(20), WalManagers.Commit, 41, 42);
        _wal.AddCommit(50, Noon.AddMinutes(21));

        var visitor = Read(RecoveryTarget.OfXid(42));

        Assert.Null(visitor.Stop);
        Assert.Equal(40u, visitor.Parent?.Xid);
        Assert.Null(Read(RecoveryTarget.OfXid(43)).Parent);
    }

    [Theory]
    [InlineData(0, false, 3, "11 12 13")]
    [InlineData(0, true, 3, "10 11 12")]
    [InlineData(-8, false, 3, "11 12 13")]
    public void A_position_is_that_of_the_first_record_which_begins_there_or_behind(int offset, bool isExclusive, int stop, string before)
    {
        var visitor = Read(RecoveryTarget.OfLsn(new Lsn(_commits[3].Value + (ulong)offset), isExclusive));

        Assert.Equal((_commits[stop], !isExclusive), (visitor.Stop!.Record, visitor.Stop.IsReplayed));
        Assert.Equal(before, Xids(visitor.Before));
    }

    [Fact]
    public void A_position_inside_a_record_is_that_of_the_next_one()
    {
        var visitor = Read(RecoveryTarget.OfLsn(new Lsn(_commits[3].Value + 1)));

        Assert.Null(visitor.Stop!.Moment);
        Assert.True(visitor.Stop.Record > _commits[3] && visitor.Stop.Record < _commits[4]);
        Assert.Equal(("11 12 13", "14 15 16"), (Xids(visitor.Before), Xids(visitor.After)));
    }

    [Fact]
    public void A_restore_point_is_replayed_and_the_same_name_behind_it_is_told()
    {
        _wal.AddRestorePoint("other", Noon.AddMinutes(20));
        var first = _wal.AddRestorePoint("wanted", Noon.AddMinutes(21));
        _wal.AddCommit(30, Noon.AddMinutes(22));
        _wal.AddCommit(31, Noon.AddMinutes(23));
        _wal.AddCommit(32, Noon.AddMinutes(24));
        _wal.AddCommit(33, Noon.AddMinutes(25));
        var second = _wal.AddRestorePoint("wanted", Noon.AddMinutes(26));

        var visitor = Read(RecoveryTarget.OfName("wanted"));

        Assert.Equal((first, true), (visitor.Stop!.Record, visitor.Stop.IsReplayed));
        Assert.Equal(second, Assert.Single(visitor.Repeats).Start);
        Assert.Equal("30 31 32", Xids(visitor.After));
    }

    [Fact]
    public void A_name_is_compared_as_a_whole()
    {
        _wal.AddRestorePoint("wanted", Noon);

        Assert.Null(Read(RecoveryTarget.OfName("want")).Stop);
        Assert.Null(Read(RecoveryTarget.OfName("Wanted")).Stop);
    }

    [Fact]
    public void What_lies_before_the_begin_of_the_recovery_is_not_looked_at()
    {
        Assert.Null(Read(RecoveryTarget.OfXid(12), from: _commits[4]).Stop);
        Assert.Equal("14 15", Xids(Read(RecoveryTarget.OfXid(15), from: _commits[4]).Before));
    }

    [Fact]
    public void The_latest_and_immediate_stop_at_no_record()
    {
        Assert.Null(Read(RecoveryTarget.Latest).Stop);
        Assert.Null(Read(RecoveryTarget.Immediate).Stop);
    }

    [Fact]
    public void Without_commits_to_keep_reading_ends_with_the_stop()
    {
        var visitor = Read(RecoveryTarget.OfXid(13), near: 0);

        Assert.Equal(visitor.Stop!.End, visitor.End);
        Assert.Empty(visitor.Before);
    }

    private static string Xids(IEnumerable<WalMoment> commits) => string.Join(' ', commits.Select(commit => commit.Xid));

    private RecoveryStopVisitor Read(RecoveryTarget target, Lsn from = default, int near = 3)
    {
        _wal.FillSegment();
        var visitor = new RecoveryStopVisitor(target, from, near);
        new WalRecordReader(new Lsn(0x100000), _wal.SegmentSize, _wal.BlockSize, RecoveryStopVisitor.HeldLength).Read(_wal.ToArray(), visitor);
        return visitor;
    }
}
