using Pgkeep.Commands;
using Pgkeep.Commands.Walk;
using Pgkeep.Options;
using Pgkeep.Postgres;
using Pgkeep.Postgres.Wal;
using Pgkeep.Search;
using Pgkeep.Search.Names;
using Pgkeep.Tests.Support;
using Xunit;

namespace Pgkeep.Tests.Commands.Walk;

public sealed class WalkMomentsTests
{
    private static readonly DateTimeOffset Noon = new(2025, 1, 8, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public void Everything_found_is_one_timeline_in_the_order_of_the_WAL()
    {
        var near = new CommitsNear(Noon.AddMinutes(2));
        near.Add(Commit(100, 1));
        near.Add(Commit(200, 2));
        near.Add(Commit(300, 3));
        var unfinished = Deleting(900, 0) with { Outcome = TransactionOutcome.Unfinished, Time = null, End = null, Before = null };

        var moments = Moments(Result([unfinished, Deleting(200, 2)], [new FoundRestorePoint("midway", Noon, new Lsn(250))], near));

        Assert.Equal(["restored", "orders -1,234 +5", "restore point midway", "not restored", "unfinished: orders -1,234 +5"], moments.Select(moment => moment.Summary));
        Assert.Equal(["100", "200", "", "300", "900"], moments.Select(moment => moment.Xid));
        Assert.Equal(3, moments.Beginning);
    }

    [Fact]
    public void Transaction_has_the_command_that_find_prints_and_the_one_for_right_after_it()
    {
        var moment = Moments(Result([Deleting(200, 2)], [], null))[0];

        Assert.Equal(
            [new("before", "pgkeep restore --target-xid 200 --target-exclusive --target-timeline 1 --backup-dir /backups"), new("after", "pgkeep restore --target-xid 200 --target-timeline 1 --backup-dir /backups")],
            moment.Commands);
        Assert.Equal(["shop.public.orders: 1,234 rows deleted, 5 rows inserted"], moment.Did);
        Assert.EndsWith(", transaction 200", moment.Description[0], StringComparison.Ordinal);
        Assert.Equal("at 0/C8, and right before it 0/C0", moment.Description[1]);
    }

    [Fact]
    public void Before_a_dropped_database_is_a_position_and_after_it_its_commit()
    {
        var dropping = Deleting(200, 2) with { Relations = [], DroppedDatabases = [new FoundDatabase(new Oid(5), "shop", new Lsn(0x50))] };

        var moment = Moments(Result([dropping], [], null))[0];

        Assert.Equal("database shop dropped", moment.Summary);
        Assert.Equal("pgkeep restore --target-lsn 0/50 --target-exclusive --target-timeline 1 --backup-dir /backups", moment.Commands[0].Text);
        Assert.Equal("pgkeep restore --target-xid 200 --target-timeline 1 --backup-dir /backups", moment.Commands[1].Text);
    }

    [Fact]
    public void What_was_rolled_back_needs_no_restore()
    {
        var moment = Moments(Result([Deleting(200, 2) with { Outcome = TransactionOutcome.RolledBack }], [], null))[0];

        Assert.Empty(moment.Commands);
        Assert.Equal("rolled back: orders -1,234 +5", moment.Summary);
    }

    private static WalkMoments Moments(FindResult result)
    {
        var commandLine = CommandLineParser.Parse(FindCommand.Definition, ["--backup-dir", "/backups"]);
        var values = new OptionResolver(commandLine.Options, _ => null, () => "/").Resolve(FindCommand.Definition.Options, null);
        var context = new CommandContext(commandLine, values, new Surroundings(new RecordingOutput(), _ => null, () => "/", TimeProvider.System));
        return new WalkMoments(result, new FoundText(new FindQuery(), TimeProvider.System), new RestoreCommandLine(context, result), TimeProvider.System);
    }

    private static WalMoment Commit(uint xid, int minute) => new(WalMomentKind.Commit, new Lsn(xid), new Lsn(xid + 1), xid, Noon.AddMinutes(minute));

    private static FoundTransaction Deleting(uint xid, int minute) => new()
    {
        Xid = xid,
        Outcome = TransactionOutcome.Committed,
        Time = Noon.AddMinutes(minute),
        End = new Lsn(xid),
        Before = new Lsn(xid - 8),
        IsPrepared = false,
        MayHaveBegunBefore = false,
        DroppedDatabases = [],
        Relations =
        [
            new FoundRelation
            {
                Name = new RelationName("shop", "public", "orders"),
                File = null,
                Oid = new Oid(16384),
                Kind = 'r',
                IsInternal = false,
                Inserted = 5,
                Updated = 0,
                Deleted = 1234,
                Fate = RelationFate.None,
            },
        ],
    };

    private static FindResult Result(IReadOnlyList<FoundTransaction> transactions, IReadOnlyList<FoundRestorePoint> points, CommitsNear? near) => new()
    {
        Archive = "/backups/wal_archive",
        Timeline = new TimelineId(1),
        OtherTimelines = [],
        Segments = 1,
        SegmentsRead = 1,
        First = default,
        Last = default,
        Transactions = transactions,
        TransactionCount = transactions.Count,
        RestorePoints = points,
        Near = near,
        FirstCommit = null,
        LastCommit = null,
        NamesFrom = null,
        RestoresFrom = null,
        NameProblems = [],
        Ownerless = null,
        KnownInstead = null,
        Problem = null,
    };
}
