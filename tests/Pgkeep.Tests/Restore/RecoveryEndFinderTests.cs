using Pgkeep.Diagnostics;
using Pgkeep.Postgres;
using Pgkeep.Postgres.Wal;
using Pgkeep.Postgres.Wal.Targets;
using Pgkeep.Repository;
using Pgkeep.Restore;
using Pgkeep.Tests.Support;
using Xunit;

namespace Pgkeep.Tests.Restore;

/// <summary>A backup in the segments 1 and 2 of 1 MiB; each segment n has the transaction n, committed at minute n, and the restore point "p" in 4 and 6.</summary>
public sealed class RecoveryEndFinderTests : IDisposable
{
    private static readonly DateTimeOffset Zero = new(2025, 1, 8, 12, 0, 0, TimeSpan.Zero);

    private readonly MadeUpArchive _archive = new();
    private readonly Dictionary<ulong, Lsn> _commits = [];

    private readonly BackupMetadata _backup = SampleMetadata.Create() with
    {
        Stopped = Zero.AddMinutes(2.5),
        StartLsn = new Lsn(0x100028),
        StopLsn = new Lsn(0x200100),
        StartWal = MadeUpArchive.Name(1, 1),
        StopWal = MadeUpArchive.Name(1, 2),
        Cluster = SampleMetadata.Create().Cluster with { WalSegmentSize = MadeUpArchive.Identity.WalSegmentSize.Bytes },
    };

    public void Dispose() => _archive.Dispose();

    [Theory]
    [InlineData(4.0, false, 5)]
    [InlineData(4.0, true, 4)]
    [InlineData(4.5, false, 5)]
    [InlineData(6.9, false, 7)]
    public async Task A_moment_ends_before_the_first_commit_that_is_later(double minute, bool isExclusive, ulong expected)
    {
        await MakeAsync();

        var end = await FindAsync(RecoveryTarget.OfTime(Zero.AddMinutes(minute), isExclusive));

        Assert.Equal((_commits[expected], false), (end.Stop!.Record, end.Stop.IsReplayed));
        Assert.Equal(end.Stop.End, end.NeededUntil);
        Assert.Equal(["" + (expected - 2), "" + (expected - 1)], end.LastIn.Select(commit => $"{commit.Xid}").TakeLast(2));
        Assert.Equal($"{expected}", $"{end.FirstOut[0].Xid}");
        Assert.Equal(8u, end.LastCommit?.Xid);
    }

    [Fact]
    public async Task A_moment_behind_all_is_told_as_the_latest()
    {
        await MakeAsync();

        var end = await FindAsync(RecoveryTarget.OfTime(Zero.AddMinutes(8.2)));

        end.RequireReached(_backup);
        Assert.True(end.IsBehindAll);
        Assert.Equal((RecoveryTarget.Latest, null, 8u), (end.Told, end.NeededUntil, end.LastCommit!.Value.Xid));
        Assert.Equal([6u, 7u, 8u], end.LastIn.Select(commit => commit.Xid));
    }

    [Theory]
    [InlineData(null)]
    [InlineData(5ul)]
    public async Task A_transaction_is_found_wherever_it_is(ulong? knownIn)
    {
        await MakeAsync();

        var end = await FindAsync(RecoveryTarget.OfXid(5), knownIn is { } number ? _commits[number] : null);

        Assert.Equal((_commits[5], true), (end.Stop!.Record, end.Stop.IsReplayed));
        Assert.Equal([3u, 4u, 5u], end.LastIn.Select(commit => commit.Xid));
        Assert.Equal([6u, 7u, 8u], end.FirstOut.Select(commit => commit.Xid));
    }

    [Fact]
    public async Task A_transaction_that_has_no_end_is_refused()
    {
        await MakeAsync();

        var thrown = Refused(await FindAsync(RecoveryTarget.OfXid(500)));

        Assert.Equal(ErrorKind.TargetUnreachable, thrown.Kind);
        Assert.Contains("never committed", thrown.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task One_that_was_aborted_is_refused_with_its_time()
    {
        await MakeAsync(abort: 5);

        var thrown = Refused(await FindAsync(RecoveryTarget.OfXid(5)));

        Assert.Contains("it was aborted at", thrown.Message, StringComparison.Ordinal);
        Assert.Contains($"--target-lsn {_commits[5]}", thrown.Hints[0], StringComparison.Ordinal);
    }

    [Fact]
    public async Task One_that_committed_while_the_backup_was_taken_is_refused()
    {
        await MakeAsync();

        var thrown = Refused(await FindAsync(RecoveryTarget.OfXid(1)));

        Assert.Contains("between the start and the end", thrown.Message, StringComparison.Ordinal);
        Assert.Contains("--target-immediate", thrown.Hints[1], StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_restore_point_is_the_first_of_its_name()
    {
        await MakeAsync();

        var end = await FindAsync(RecoveryTarget.OfName("p"));

        Assert.Equal(4ul, end.Stop!.Record.Value >> 20);
        Assert.Equal(6ul, Assert.Single(end.Repeats).Start.Value >> 20);
    }

    [Fact]
    public async Task A_position_behind_the_last_record_is_refused()
    {
        await MakeAsync();

        Refused(await FindAsync(RecoveryTarget.OfLsn(new Lsn(0x8FFFF8))));
        (await FindAsync(RecoveryTarget.OfLsn(_commits[8]))).RequireReached(_backup);
    }

    [Fact]
    public async Task Immediate_needs_no_more_than_the_backup_s_own()
    {
        await MakeAsync();

        var end = await FindAsync(RecoveryTarget.Immediate);

        Assert.Equal((_backup.StopLsn, null), (end.NeededUntil, end.Stop));
        Assert.Equal([3u, 4u, 5u], end.FirstOut.Select(commit => commit.Xid));
    }

    [Fact]
    public async Task What_only_the_backup_has_is_not_looked_for()
    {
        await MakeAsync(first: 3);

        Assert.Equal(_commits[5], (await FindAsync(RecoveryTarget.OfXid(5))).Stop!.Record);
    }

    [Fact]
    public async Task Damage_before_the_target_is_told_as_such()
    {
        await MakeAsync();
        var name = MadeUpArchive.Name(1, 5);
        File.Delete(_archive.PathOf(name.ToString()));
        var segment = MadeUpArchive.Segment(name);
        segment[(5 * MadeUpArchive.Page) + 3000] ^= 1;
        await _archive.StoreAsync(name.ToString(), segment);

        var thrown = await Assert.ThrowsAsync<PgkeepException>(async () => await FindAsync(RecoveryTarget.OfXid(7)));

        Assert.Equal(ErrorKind.WalInvalid, thrown.Kind);
        Assert.Equal(_commits[4], (await FindAsync(RecoveryTarget.OfXid(4))).Stop!.Record);
    }

    private async Task MakeAsync(int first = 1, ulong? abort = null)
    {
        for (var number = (ulong)first; number <= 8; number++)
        {
            var name = MadeUpArchive.Name(1, number);
            var segment = MadeUpArchive.Begin(name);
            _commits[number] = segment.AddCommit((uint)number, Zero.AddMinutes(number), abort == number ? WalManagers.Abort : WalManagers.Commit);
            if (number is 4 or 6)
            {
                segment.AddRestorePoint("p", Zero.AddMinutes(number + 0.1));
            }

            while (segment.Position < name.Next(segment.SegmentSize).StartLsn(segment.SegmentSize))
            {
                segment.FillPage();
            }

            await _archive.StoreAsync(name.ToString(), segment.ToArray(), writtenAt: Zero.AddMinutes(number + 0.5));
        }
    }

    private PgkeepException Refused(RecoveryEnd end) => Assert.Throws<PgkeepException>(() => end.RequireReached(_backup));

    private async Task<RecoveryEnd> FindAsync(RecoveryTarget target, Lsn? known = null)
    {
        var inventory = await _archive.Archive.ListAsync(TestContext.Current.CancellationToken);
        var wal = new RecoverableWal(_archive.Archive, inventory, MadeUpArchive.Identity, new HashSet<WalSegmentName>(), []);
        return await new RecoveryEndFinder(wal, _backup, number => MadeUpArchive.Name(1, number), 8).FindAsync(target, known, isForPlan: true, TestContext.Current.CancellationToken);
    }
}
