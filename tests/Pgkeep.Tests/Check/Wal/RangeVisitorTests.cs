using Pgkeep.Check.Wal;
using Pgkeep.Postgres;
using Pgkeep.Postgres.Wal;
using Pgkeep.Tests.Support;
using Xunit;

namespace Pgkeep.Tests.Check.Wal;

/// <summary>Ten transactions of one record each, a second apart, in one segment.</summary>
public sealed class RangeVisitorTests
{
    private static readonly DateTimeOffset Noon = new(2025, 1, 8, 12, 0, 0, TimeSpan.Zero);
    private static readonly Lsn Begin = new(0x30_0000);
    private static readonly Lsn End = new(0x40_0000);

    private readonly WalBuilder _wal = new(Begin);
    private readonly List<(Lsn Message, Lsn Commit)> _transactions = [];

    public RangeVisitorTests()
    {
        for (var i = 0u; i < 10; i++)
        {
            _transactions.Add((_wal.AddMessage(200, 700 + i), _wal.AddCommit(700 + i, Noon.AddSeconds(i))));
        }

        _wal.FillSegment();
    }

    [Fact]
    public void All_of_a_segment()
    {
        var visitor = Read(new ShownRange());

        Assert.Equal((20, 10), (visitor.Statistics.Total.Records, visitor.Statistics.Commits));
        Assert.Equal((700u, 709u), (visitor.Statistics.FirstCommit!.Value.Xid, visitor.Statistics.LastCommit!.Value.Xid));
        Assert.Equal(["Transaction: COMMIT 10", "LogicalMessage: MESSAGE 10"], visitor.Statistics.Managers.Select(manager => $"{manager.Name}: {string.Join(", ", manager.Operations.Select(operation => $"{operation.Name} {operation.Count.Records}"))}"));
        Assert.False(visitor.IsOver);
    }

    [Fact]
    public void Between_two_positions_lie_the_records_that_begin_and_end_there()
    {
        var visitor = Read(new ShownRange { From = _transactions[2].Message + 1, To = _transactions[5].Commit }, _transactions[5].Commit);

        Assert.Equal((_transactions[2].Commit, _transactions[5].Commit), visitor.Statistics.Range!.Value);
        Assert.Equal((6, 3), (visitor.Statistics.Total.Records, visitor.Statistics.Commits));
        Assert.True(visitor.IsOver);
    }

    /// <summary>A recovery stops before the first commit that is later, and has replayed what lies before it.</summary>
    [Fact]
    public void Between_two_moments_lies_what_is_replayed_between_them()
    {
        var visitor = Read(new ShownRange { FromTime = Noon.AddSeconds(3), ToTime = Noon.AddSeconds(4.5) });

        Assert.Equal((703u, 704u), (visitor.Statistics.FirstCommit!.Value.Xid, visitor.Statistics.LastCommit!.Value.Xid));
        Assert.Equal((_transactions[3].Message, _transactions[5].Commit), visitor.Statistics.Range!.Value);
        Assert.True(visitor.IsOver);
    }

    [Theory]
    [InlineData(null, 2, 3)]
    [InlineData(8, null, 2)]
    [InlineData(4, 4, 1)]
    public void Either_side_may_be_open(int? from, int? to, int commits)
    {
        var visitor = Read(new ShownRange { FromTime = from is { } begin ? Noon.AddSeconds(begin) : null, ToTime = to is { } end ? Noon.AddSeconds(end) : null });

        Assert.Equal(commits, visitor.Statistics.Commits);
    }

    [Fact]
    public void A_record_that_is_no_record_inside_is_told()
    {
        var wal = new WalBuilder(Begin);
        wal.AddMessage(200);
        var odd = wal.Add(10, 0, [40, 1, 2, 3]);
        wal.FillSegment();
        var visitor = new RangeVisitor(new ShownRange(), End);

        Reader().Read(wal.ToArray(), visitor);

        Assert.Equal($"has a record at {odd} that has a part of the unknown kind 40", visitor.Problem);
    }

    private static WalRecordReader Reader() => new(Begin, new WalSegmentSize(1024 * 1024), 8192, WalRecordBody.MaxHeaderLength);

    private RangeVisitor Read(ShownRange range, Lsn? end = null)
    {
        var visitor = new RangeVisitor(range, end ?? End);
        Reader().Read(_wal.ToArray(), visitor);
        return visitor;
    }
}
