using Pgkeep.Check.Wal;
using Pgkeep.Postgres;
using Pgkeep.Repository;
using Pgkeep.Tests.Support;
using Xunit;

namespace Pgkeep.Tests.Check.Wal;

/// <summary>A backup that ends in segment 2 of timeline 1, at minute 0; segments of 1 MiB.</summary>
public sealed class RecoveryWindowsTests : IDisposable
{
    private static readonly DateTimeOffset Zero = new(2025, 1, 8, 12, 0, 0, TimeSpan.Zero);

    private readonly MadeUpArchive _archive = new();

    private readonly Dictionary<WalSegmentName, DateTimeOffset> _received = [];

    private BackupMetadata _backup = SampleMetadata.Create() with
    {
        Stopped = Zero,
        StartLsn = new Lsn(0x100028),
        StopLsn = new Lsn(0x200100),
        StartWal = MadeUpArchive.Name(1, 1),
        StopWal = MadeUpArchive.Name(1, 2),
        Cluster = SampleMetadata.Create().Cluster with { WalSegmentSize = MadeUpArchive.Identity.WalSegmentSize.Bytes },
    };

    public void Dispose() => _archive.Dispose();

    [Fact]
    public async Task It_reaches_from_the_backup_s_end_to_the_last_stored_segment()
    {
        await AddAsync(1, 1, 5);

        Assert.Equal(["1: 0 to 5"], await WindowsAsync());
    }

    [Fact]
    public async Task It_ends_before_a_hole_which_is_named()
    {
        await AddAsync(1, 1, 4);
        await AddAsync(1, 7, 9);

        Assert.Equal(["1: 0 to 4, without 000000010000000000000005"], await WindowsAsync());
    }

    [Fact]
    public async Task A_segment_that_the_backup_brings_itself_is_no_hole()
    {
        await AddAsync(1, 3, 5);

        Assert.Equal(["1: 0 to 5"], await WindowsAsync());
    }

    [Fact]
    public async Task A_standby_s_backup_needs_its_last_segment_from_the_archive()
    {
        _backup = _backup with { BackupFrom = BackupMetadata.FromStandby };
        await AddAsync(1, 3, 5);

        Assert.Equal(["1: 0 to 0, without 000000010000000000000002"], await WindowsAsync());
    }

    [Fact]
    public async Task Without_archive_there_is_one_moment()
    {
        _backup = _backup with { Wal = BackupMetadata.WalFromSlot };

        Assert.Equal(["1: 0 to 0"], await WindowsAsync());
    }

    [Fact]
    public async Task A_timeline_takes_over_when_it_began()
    {
        await AddAsync(1, 1, 9);
        await _archive.AddHistoryAsync(2, "1\t0/480000\tno reason\n", Zero.AddMinutes(20));
        await AddAsync(2, 4, 5, later: 20);

        Assert.Equal(["1: 0 to 9", "2: 20 to 25"], await WindowsAsync());
    }

    [Fact]
    public async Task What_was_written_on_the_old_timeline_after_the_new_one_began_is_not_promised()
    {
        await AddAsync(1, 1, 9);
        await _archive.AddHistoryAsync(2, "1\t0/480000\tno reason\n", Zero.AddMinutes(6));
        await AddAsync(2, 4, 5, later: 20);

        Assert.Equal(["1: 0 to 6, then 2", "2: 6 to 25"], await WindowsAsync());
    }

    [Fact]
    public async Task The_timeline_of_an_undone_restore_is_passed_over_with_what_comes_of_it()
    {
        await AddAsync(1, 1, 9);
        await _archive.AddHistoryAsync(2, "1\t0/480000\tno reason\n", Zero.AddMinutes(6));
        await AddAsync(2, 4, 5, later: 20);
        await _archive.AddHistoryAsync(3, "1\t0/480000\tno reason\n2\t0/500000\tno reason\n", Zero.AddMinutes(30));
        await AddAsync(3, 5, 9, later: 30);

        Assert.Equal(["1: 0 to 9"], await WindowsAsync(undone: 2));
    }

    [Fact]
    public async Task A_timeline_that_left_before_the_backup_s_end_leads_nowhere()
    {
        await AddAsync(1, 1, 5);
        await _archive.AddHistoryAsync(2, "1\t0/200080\tno reason\n", Zero.AddMinutes(3));
        await AddAsync(2, 2, 9, later: 20);

        Assert.Equal(["1: 0 to 5"], await WindowsAsync());
    }

    [Fact]
    public async Task It_goes_on_into_the_segment_that_is_being_received()
    {
        await AddAsync(1, 1, 5);
        _received.Add(MadeUpArchive.Name(1, 6), Zero.AddMinutes(7));

        Assert.Equal(["1: 0 to 7"], await WindowsAsync());
    }

    private async Task AddAsync(uint timeline, int first, int last, int later = 0)
    {
        for (var number = first; number <= last; number++)
        {
            var name = MadeUpArchive.Name(timeline, (ulong)number);
            await _archive.StoreAsync(name.ToString(), MadeUpArchive.Segment(name), writtenAt: Zero.AddMinutes(number + later));
        }
    }

    [Fact]
    public async Task The_last_commit_is_found_from_the_end_backwards()
    {
        await AddAsync(1, 1, 3);
        await AddCommitsAsync(1, 4, 70, 71);
        await AddAsync(1, 5, 6);

        var window = Assert.Single(await ReadAsync());

        Assert.Equal((71u, Zero.AddMinutes(71), true), (window.LastCommit!.Value.Xid, window.LastCommit.Value.Time, window.IsLastCommitKnown));
    }

    [Fact]
    public async Task Where_a_timeline_takes_over_what_was_committed_later_does_not_count()
    {
        await AddAsync(1, 1, 5);
        await AddCommitsAsync(1, 6, 6, 8);
        await _archive.AddHistoryAsync(2, "1\t0/480000\tno reason\n", Zero.AddMinutes(6.5));
        await AddAsync(2, 4, 5, later: 20);

        Assert.Equal([6u, null], (await ReadAsync()).Select(window => window.LastCommit?.Xid));
    }

    [Fact]
    public async Task A_commit_before_the_backup_s_end_is_none_and_nobody_looks_back_for_ever()
    {
        await AddCommitsAsync(1, 1, 1);
        await AddAsync(1, 2, 10);
        var near = Assert.Single(await ReadAsync());
        await AddAsync(1, 11, 20);
        var far = Assert.Single(await ReadAsync());

        Assert.Equal((null, true), (near.LastCommit, near.IsLastCommitKnown));
        Assert.Equal((null, false), (far.LastCommit, far.IsLastCommitKnown));
    }

    [Fact]
    public async Task An_end_that_cannot_be_read_is_told()
    {
        await AddAsync(1, 1, 5);
        File.Copy(_archive.PathOf(MadeUpArchive.Name(1, 4).ToString()), _archive.PathOf(MadeUpArchive.Name(1, 5).ToString()), overwrite: true);

        var window = Assert.Single(await ReadAsync());

        Assert.Contains("was stored as", window.Problem, StringComparison.Ordinal);
        Assert.False(window.IsLastCommitKnown);
    }

    /// <summary>Each commit has the minute as its transaction's number.</summary>
    private async Task AddCommitsAsync(uint timeline, ulong number, params uint[] minutes)
    {
        var name = MadeUpArchive.Name(timeline, number);
        var segment = MadeUpArchive.Begin(name);
        foreach (var minute in minutes)
        {
            segment.AddCommit(minute, Zero.AddMinutes(minute));
        }

        segment.Switch();
        await _archive.StoreAsync(name.ToString(), segment.ToArray(), writtenAt: Zero.AddMinutes(Math.Max(number, minutes[^1])));
    }

    /// <summary>In minutes since the backup's end.</summary>
    private async Task<IEnumerable<string>> WindowsAsync(params uint[] undone) => (await ReadAsync(undone)).Select(window =>
        $"{window.Timeline}: {(window.From - Zero).TotalMinutes} to {(window.To - Zero).TotalMinutes}{(window.Next is { } next ? $", then {next}" : "")}{(window.Missing is { } missing ? $", without {missing}" : "")}");

    private async Task<IReadOnlyList<RecoveryWindow>> ReadAsync(params uint[] undone)
    {
        var cancel = TestContext.Current.CancellationToken;
        var inventory = await _archive.Archive.ListAsync(cancel);
        var histories = await WalHistories.ReadAsync(_archive.Archive, inventory, cancel);
        var coverage = new WalCoverage(inventory, histories.ByTimeline, MadeUpArchive.Identity.WalSegmentSize, [.. _received.Keys]);
        var wal = new RecoverableWal(_archive.Archive, inventory, MadeUpArchive.Identity, new HashSet<WalSegmentName>(), []);
        return await new RecoveryWindows(_archive.Archive, inventory, coverage, histories, wal, _received).OfAsync(_backup, undone.Select(timeline => new TimelineId(timeline)).ToHashSet(), cancel);
    }
}
