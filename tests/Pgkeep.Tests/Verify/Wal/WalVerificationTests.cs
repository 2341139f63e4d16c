using System.IO.Compression;
using System.Text;
using Pgkeep.Postgres;
using Pgkeep.Postgres.Wal;
using Pgkeep.Repository;
using Pgkeep.Tests.Support;
using Pgkeep.Verify.Wal;
using Xunit;

namespace Pgkeep.Tests.Verify.Wal;

/// <summary>Each planted damage is found and named, and nothing else.</summary>
public sealed class WalVerificationTests : IDisposable
{
    private const int Segment = 1024 * 1024;

    private const string SecondHistory = "1\t0/580000\tno recovery target specified\n";

    private readonly MadeUpArchive _archive = new();

    public void Dispose() => _archive.Dispose();

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    public async Task A_sound_archive_with_a_switch_has_no_problem(int jobs)
    {
        await MakeAsync();

        var result = await RunAsync(jobs: jobs);

        Assert.Empty(result.Problems);
        Assert.Equal((10, 7), (result.Files, result.Segments));
        Assert.True(result.PlainBytes > 8 * 1024 * 1024);
    }

    [Theory]
    [InlineData(0.1)]
    [InlineData(0.5)]
    [InlineData(0.99)]
    public async Task A_flipped_byte_is_found(double position)
    {
        await MakeAsync();
        Change("000000010000000000000003", stored => stored[70 + (int)((stored.Length - 71) * position)] ^= 0x10);

        await ExpectAsync("000000010000000000000003", WalDamage.Damaged);
    }

    [Fact]
    public async Task A_broken_page_in_a_sound_gzip_is_found_with_its_position()
    {
        await MakeAsync();
        Plant("000000010000000000000003", MadeUpArchive.Segment(MadeUpArchive.Name(1, 3)), segment => segment[(5 * MadeUpArchive.Page) + 9] ^= 1);

        var problem = await ExpectAsync("000000010000000000000003", WalDamage.Page);
        Assert.Equal("0/30A000", problem.Position?.ToString());
    }

    [Fact]
    public async Task A_segment_under_another_name_is_found()
    {
        await MakeAsync();
        File.Copy(_archive.PathOf("000000010000000000000004"), _archive.PathOf("000000010000000000000003"), overwrite: true);

        await ExpectAsync("000000010000000000000003", WalDamage.WrongFile);
    }

    [Fact]
    public async Task A_segment_under_another_name_without_its_identity_is_found()
    {
        await MakeAsync();
        Plant("000000010000000000000003", MadeUpArchive.Segment(MadeUpArchive.Name(1, 4)), _ => { });

        await ExpectAsync("000000010000000000000003", WalDamage.WrongFile);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_segment_of_another_cluster_is_found(bool withIdentity)
    {
        await MakeAsync();
        File.Delete(_archive.PathOf("000000010000000000000003"));
        var foreign = MadeUpArchive.Segment(MadeUpArchive.Name(1, 3), new SystemIdentifier(42));
        if (withIdentity)
        {
            await _archive.StoreAsync("000000010000000000000003", foreign, new SystemIdentifier(42));
        }
        else
        {
            Plant("000000010000000000000003", foreign, _ => { });
        }

        await ExpectAsync("000000010000000000000003", WalDamage.OtherCluster);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(5)]
    [InlineData(30)]
    [InlineData(200)]
    [InlineData(-1)]
    public async Task A_cut_file_is_found(int length)
    {
        await MakeAsync();
        Change("000000010000000000000003", stored => { }, stored => stored[..(length < 0 ? stored.Length + length : length)]);

        await ExpectAsync("000000010000000000000003", WalDamage.Damaged);
    }

    [Theory]
    [InlineData("00000002.history")]
    [InlineData("000000010000000000000005.partial")]
    [InlineData("000000010000000000000002.00000028.backup")]
    public async Task The_other_files_are_read_too(string name)
    {
        await MakeAsync();
        Change(name, stored => stored[^6] ^= 1);

        await ExpectAsync(name, WalDamage.Damaged);
    }

    [Fact]
    public async Task A_missing_segment_in_the_middle_is_found()
    {
        await MakeAsync();
        File.Delete(_archive.PathOf("000000010000000000000003"));

        var problem = await ExpectAsync("000000010000000000000003", WalDamage.Missing, suffix: "");
        Assert.Equal("0/300000", problem.Position?.ToString());
    }

    [Fact]
    public async Task A_gap_before_the_oldest_backup_is_a_note()
    {
        await MakeAsync();
        File.Delete(_archive.PathOf("000000010000000000000003"));
        var backup = SampleMetadata.Create() with { StartWal = MadeUpArchive.Name(1, 4), StopWal = MadeUpArchive.Name(1, 4) };

        var result = await RunAsync(backups: [backup]);

        Assert.Empty(result.Problems);
        Assert.Contains("000000010000000000000003 missing", Assert.Single(result.Notes), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0, "000000010000000000000002")]
    [InlineData(5, "000000010000000000000004")]
    public async Task What_the_only_backup_needs_and_is_lost_is_found(int firstLeft, string missing)
    {
        if (firstLeft > 0)
        {
            await _archive.AddAsync(1, firstLeft, 9);
        }

        var result = await RunAsync(backups: [EarlyBackup]);

        var problem = Assert.Single(result.Problems);
        Assert.Equal((_archive.Archive.Describe(missing), WalDamage.Missing), (problem.File, problem.Damage));
    }

    [Theory]
    [InlineData(2, 3)]
    [InlineData(4, 9)]
    [InlineData(3, 3)]
    public async Task A_backup_that_ends_where_the_archive_ends_or_goes_on_has_lost_nothing(int first, int last)
    {
        await _archive.AddAsync(1, first, last);

        Assert.Empty((await RunAsync(backups: [EarlyBackup])).Problems);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(7)]
    public async Task A_backup_that_needs_nothing_of_the_archive_loses_nothing_with_it(int firstLeft)
    {
        if (firstLeft > 0)
        {
            await _archive.AddAsync(1, firstLeft, 9);
        }

        Assert.Empty((await RunAsync(backups: [EarlyBackup with { Wal = BackupMetadata.WalFromSlot }])).Problems);
    }

    [Fact]
    public async Task A_hole_that_is_a_gap_and_behind_a_backup_is_one_problem()
    {
        await _archive.AddAsync(1, 1, 2);
        await _archive.AddAsync(1, 6, 9);

        var problem = Assert.Single((await RunAsync(backups: [EarlyBackup])).Problems);
        Assert.Equal(_archive.Archive.Describe("000000010000000000000003"), problem.File);
    }

    [Fact]
    public async Task A_missing_history_is_found()
    {
        await MakeAsync();
        File.Delete(_archive.PathOf("00000002.history"));

        await ExpectAsync("00000002.history", WalDamage.Missing, suffix: "");
    }

    [Fact]
    public async Task A_history_that_contradicts_its_parent_s_is_found()
    {
        await MakeAsync();
        await _archive.AddHistoryAsync(3, "1\t0/480000\tno reason\n2\t0/800000\tno reason\n");

        await ExpectAsync("00000003.history", WalDamage.Timeline, suffix: "");
    }

    [Fact]
    public async Task A_page_of_a_timeline_that_the_history_does_not_have_there_is_found()
    {
        await MakeAsync();
        Plant("000000020000000000000006", MadeUpArchive.Segment(MadeUpArchive.Name(2, 6), timelineOf: address => address.Value < 0x610000 ? 1u : 2u), _ => { });

        var problem = await ExpectAsync("000000020000000000000006", WalDamage.Timeline);
        Assert.Equal("0/600000", problem.Position?.ToString());
    }

    [Fact]
    public async Task A_record_that_does_not_go_on_is_found_inside_a_segment()
    {
        await MakeAsync();
        Plant("000000010000000000000003", LongRecord(20_000), segment => segment.AsSpan(125 * MadeUpArchive.Page, MadeUpArchive.Page).CopyTo(segment.AsSpan(126 * MadeUpArchive.Page)));

        await ExpectAsync("000000010000000000000003", WalDamage.Page);
    }

    [Fact]
    public async Task A_record_that_does_not_go_on_is_found_between_segments()
    {
        await MakeAsync();
        Plant("000000010000000000000003", LongRecord(20_000)[..Segment], _ => { });

        var problem = await ExpectAsync("000000010000000000000004", WalDamage.Continuity, suffix: "");
        Assert.Equal("0/400000", problem.Position?.ToString());
    }

    [Fact]
    public async Task A_record_that_does_not_go_on_is_found_between_timelines()
    {
        await MakeAsync();
        Plant("000000010000000000000004", LongRecord(20_000, 4)[..Segment], _ => { });

        await ExpectAsync("000000020000000000000005", WalDamage.Continuity, suffix: "");
    }

    [Theory]
    [InlineData(8)]
    [InlineData(16)]
    [InlineData(20_000)]
    public async Task A_record_that_goes_on_over_many_pages_and_segments_is_sound(int inSegment)
    {
        await StoreLongRecordAsync(inSegment, _ => { });

        var result = await RunAsync();

        Assert.Empty(result.Problems);
        Assert.Equal((true, new Lsn(0x70_0000), 3), (result.Records[0].ReachesEnd, result.Records[0].To, result.Segments));
    }

    [Theory]
    [InlineData(8)]
    [InlineData(16)]
    [InlineData(20_000)]
    public async Task Damage_in_a_record_that_two_segments_have_is_found(int inSegment)
    {
        await StoreLongRecordAsync(inSegment, wal => wal[Segment + 60_000] ^= 1);

        var result = await RunAsync();

        var problem = Assert.Single(result.Problems);
        Assert.Equal((WalDamage.Record, new Lsn(0x50_0000 - (ulong)inSegment)), (problem.Damage, problem.Position));
        Assert.EndsWith("000000010000000000000006", problem.File, StringComparison.Ordinal);
        Assert.Equal((false, new Lsn(0x50_0000 - (ulong)inSegment)), (result.Records[0].ReachesEnd, result.Records[0].To));
    }

    [Theory]
    [InlineData(3000, nameof(WalDamage.Record))]
    [InlineData(24 + 8, nameof(WalDamage.Chain))]
    [InlineData(24 + 17, nameof(WalDamage.Record))]
    public async Task A_damaged_record_is_named_with_its_position(int offset, string damage)
    {
        await MakeAsync();
        Plant("000000010000000000000003", MadeUpArchive.Segment(MadeUpArchive.Name(1, 3)), segment => segment[(5 * MadeUpArchive.Page) + offset] ^= 0x20);

        var problem = await ExpectAsync("000000010000000000000003", Enum.Parse<WalDamage>(damage));
        Assert.Equal("0/30A018", problem.Position?.ToString());
    }

    [Fact]
    public async Task A_segment_that_does_not_follow_the_one_before_is_found()
    {
        await MakeAsync();
        var other = MadeUpArchive.Begin(MadeUpArchive.Name(1, 3));
        for (other.Previous = new Lsn(0x2F_0018); other.Position.Value < 0x40_0000;)
        {
            other.FillPage();
        }

        Plant("000000010000000000000003", other.ToArray(), _ => { });

        var problem = await ExpectAsync("000000010000000000000003", WalDamage.Chain, suffix: "");
        Assert.Equal("0/300028", problem.Position?.ToString());
    }

    [Fact]
    public async Task A_segment_that_was_not_finished_and_is_not_the_last_is_found()
    {
        await MakeAsync();
        Plant("000000010000000000000003", MadeUpArchive.Segment(MadeUpArchive.Name(1, 3)), segment => segment.AsSpan(100 * MadeUpArchive.Page).Clear());

        var problem = await ExpectAsync("000000010000000000000003", WalDamage.Unfinished);
        Assert.Equal("0/3C8000", problem.Position?.ToString());
    }

    [Fact]
    public async Task The_records_of_an_unfinished_last_segment_are_sound_to_its_end()
    {
        await _archive.AddAsync(1, 1, 3);
        Plant("000000010000000000000003", MadeUpArchive.Segment(MadeUpArchive.Name(1, 3)), segment => segment.AsSpan(100 * MadeUpArchive.Page).Clear());

        var result = await RunAsync();

        Assert.Equal(WalDamage.Unfinished, Assert.Single(result.Problems).Damage);
        Assert.Equal((true, new Lsn(0x3C_8000)), (result.Records[0].ReachesEnd, result.Records[0].To));
    }

    [Fact]
    public async Task A_record_that_the_end_of_the_archive_cuts_is_no_damage()
    {
        await _archive.AddAsync(1, 1, 2);
        Plant("000000010000000000000003", LongRecord(20_000)[..Segment], _ => { });

        var result = await RunAsync();

        Assert.Empty(result.Problems);
        Assert.True(result.Records[0].ReachesEnd);
        Assert.True(result.Records[0].To < new Lsn(0x40_0000));
    }

    [Fact]
    public async Task A_switch_ends_a_segment_early()
    {
        var third = MadeUpArchive.Begin(MadeUpArchive.Name(1, 3));
        third.AddMessage(1000);
        third.Switch();
        third.AddMessage(500);
        third.Switch();
        await _archive.AddAsync(1, 2, 2);
        Plant("000000010000000000000003", third.ToArray()[..Segment], _ => { });
        Plant("000000010000000000000004", third.ToArray()[Segment..], _ => { });

        Assert.Empty((await RunAsync()).Problems);
    }

    /// <summary>Then the next one has nothing but its end.</summary>
    [Theory]
    [InlineData(8)]
    [InlineData(16)]
    public async Task A_switch_may_begin_at_the_very_end_of_a_segment(int inSegment)
    {
        var third = MadeUpArchive.Begin(MadeUpArchive.Name(1, 3));
        third.AddMessage(Segment - 40 - (127 * 24) - inSegment);
        Assert.Equal((ulong)Segment - (ulong)inSegment, third.Switch().Value - 0x30_0000);
        third.AddMessage(500);
        third.Switch();
        await _archive.AddAsync(1, 2, 2);
        for (var i = 0; i < 3; i++)
        {
            Plant(MadeUpArchive.Name(1, 3 + (ulong)i).ToString(), third.ToArray()[(i * Segment)..((i + 1) * Segment)], _ => { });
        }

        var result = await RunAsync();

        Assert.Empty(result.Problems);
        Assert.True(result.Records[0].ReachesEnd);
        Assert.Equal(128 + 4, result.Records[0].Count);
    }

    /// <summary>After a crash in the middle of a record of which the archive has the beginning: up to the end of a segment, or into the next.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_record_whose_rest_never_came_is_no_damage(bool goesOn)
    {
        var wal = MadeUpArchive.Begin(MadeUpArchive.Name(1, 3));
        wal.AddMessage(Segment - 40_000);
        wal.Add(WalBuilder.LogicalMessage, 0, new byte[5 * Segment], cutAt: goesOn ? Segment + 50_000 : Segment - (int)(wal.Position.Value % Segment) - (4 * 24));
        wal.Overwrite();
        wal.Add(WalManagers.Log, WalBuilder.OverwriteContinuation, WalBuilder.MainData(new byte[16]));
        wal.Switch();
        await _archive.AddAsync(1, 2, 2);
        var bytes = wal.ToArray();
        for (var i = 0; i < bytes.Length / Segment; i++)
        {
            Plant(MadeUpArchive.Name(1, 3 + (ulong)i).ToString(), bytes[(i * Segment)..((i + 1) * Segment)], _ => { });
        }

        var result = await RunAsync();

        Assert.Empty(result.Problems);
        Assert.Equal((true, 128 + 3), (result.Records[0].ReachesEnd, (int)result.Records[0].Count));
    }

    [Fact]
    public async Task The_answer_says_how_far_each_timeline_is_sound_and_what_was_committed_last()
    {
        var noon = new DateTimeOffset(2025, 1, 8, 12, 0, 0, TimeSpan.Zero);
        await MakeAsync();
        var seventh = MadeUpArchive.Begin(MadeUpArchive.Name(2, 7));
        seventh.AddCommit(700, noon);
        var last = seventh.AddCommit(701, noon.AddSeconds(5));
        seventh.Switch();
        Plant("000000020000000000000007", seventh.ToArray(), _ => { });

        var result = await RunAsync(backups: [EarlyBackup]);

        Assert.Empty(result.Problems);
        Assert.Equal(2, result.Records.Count);
        Assert.Equal((1u, new Lsn(0x50_0000), true), (result.Records[0].Timeline.Value, result.Records[0].To, result.Records[0].ReachesEnd));
        var second = result.Records[1];
        Assert.Equal((2u, EarlyBackup.StartLsn, EarlyBackup.Name, true), (second.Timeline.Value, second.From, second.Backup, second.ReachesEnd));
        Assert.Equal((last, 701u, noon.AddSeconds(5)), (second.LastCommit!.Value.Start, second.LastCommit.Value.Xid, second.LastCommit.Value.Time));
        Assert.Equal((5 * 128) + 3, second.Count);
    }

    [Fact]
    public async Task A_plain_file_and_one_of_another_tool_are_read_too()
    {
        await MakeAsync();
        Plant("000000010000000000000003", MadeUpArchive.Segment(MadeUpArchive.Name(1, 3)), _ => { });
        File.Delete(_archive.PathOf("000000010000000000000004"));
        File.WriteAllBytes(_archive.PathOf("000000010000000000000004")[..^3], MadeUpArchive.Segment(MadeUpArchive.Name(1, 4)));

        Assert.Empty((await RunAsync()).Problems);
    }

    [Theory]
    [InlineData(".gz")]
    [InlineData("")]
    public async Task Every_copy_of_a_segment_is_read_and_named(string damaged)
    {
        await MakeAsync();
        var stored = _archive.PathOf("000000010000000000000003");
        File.WriteAllBytes(stored[..^3], MadeUpArchive.Segment(MadeUpArchive.Name(1, 3)));
        Assert.Contains("000000010000000000000003 is another copy of 000000010000000000000003.gz", Assert.Single((await RunAsync()).Notes), StringComparison.Ordinal);
        File.WriteAllBytes(stored[..^3] + damaged, File.ReadAllBytes(stored[..^3] + damaged)[..^1]);

        await ExpectAsync("000000010000000000000003", damaged.Length == 0 ? WalDamage.Page : WalDamage.Damaged, suffix: damaged);
    }

    /// <summary>Of the segments 2 and 3.</summary>
    private static BackupMetadata EarlyBackup => SampleMetadata.Create() with { StartLsn = new Lsn(0x200028), StopLsn = new Lsn(0x300100), StartWal = MadeUpArchive.Name(1, 2), StopWal = MadeUpArchive.Name(1, 3) };

    /// <summary>Segment 3, or another of timeline 1, and more behind it: its last record begins with so many bytes in it.</summary>
    private static byte[] LongRecord(int inSegment, ulong number = 3)
    {
        var name = MadeUpArchive.Name(1, number);
        var wal = MadeUpArchive.Begin(name);
        var end = name.Next(MadeUpArchive.Identity.WalSegmentSize).StartLsn(MadeUpArchive.Identity.WalSegmentSize);
        while (end - wal.Position > 4 * MadeUpArchive.Page)
        {
            wal.FillPage();
        }

        wal.AddMessage((int)(end - wal.Position) - inSegment - (24 * (4 - ((inSegment - 1) / MadeUpArchive.Page))));
        wal.AddMessage(inSegment + (3 * Segment / 2));
        while (wal.Position.Value % Segment != 0)
        {
            wal.FillPage();
        }

        return wal.ToArray();
    }

    /// <summary>Segments 4 to 6: a record begins in the first and ends in the last.</summary>
    private async Task StoreLongRecordAsync(int inSegment, Action<byte[]> damage)
    {
        await _archive.AddAsync(1, 4, 4);
        var wal = LongRecord(inSegment, 4);
        damage(wal);
        for (var i = 0; i < 3; i++)
        {
            Plant(MadeUpArchive.Name(1, 4 + (ulong)i).ToString(), wal[(i * Segment)..((i + 1) * Segment)], _ => { });
        }
    }

    /// <summary>Timeline 2 leaves 1 in the middle of segment 5.</summary>
    private async Task MakeAsync()
    {
        await _archive.AddAsync(1, 1, 4);
        await _archive.AddAsync(2, 6, 7);
        await _archive.StoreAsync("000000020000000000000005", MadeUpArchive.Segment(MadeUpArchive.Name(2, 5), timelineOf: address => address.Value < 0x580000 ? 1u : 2u));
        await _archive.AddHistoryAsync(2, SecondHistory);
        var partial = MadeUpArchive.Segment(MadeUpArchive.Name(1, 5));
        partial[(100 * MadeUpArchive.Page) + 9] ^= 1;
        await _archive.StoreAsync("000000010000000000000005.partial", partial);
        await _archive.StoreAsync("000000010000000000000002.00000028.backup", Encoding.ASCII.GetBytes("START WAL LOCATION: 0/200028 (file 000000010000000000000002)\nSTOP WAL LOCATION: 0/200100 (file 000000010000000000000002)\n"));
    }

    /// <summary>Stores other content as another tool would: a sound gzip without our identity.</summary>
    private void Plant(string name, byte[] content, Action<byte[]> change)
    {
        change(content);
        using var gzip = new GZipStream(File.Create(_archive.PathOf(name)), CompressionLevel.Fastest);
        gzip.Write(content);
    }

    private void Change(string name, Action<byte[]> change, Func<byte[], byte[]>? cut = null)
    {
        var stored = File.ReadAllBytes(_archive.PathOf(name));
        change(stored);
        File.WriteAllBytes(_archive.PathOf(name), cut?.Invoke(stored) ?? stored);
    }

    private Task<WalVerificationResult> RunAsync(int jobs = 2, IReadOnlyList<BackupMetadata>? backups = null) =>
        WalVerification.RunAsync(_archive.Archive, MadeUpArchive.Identity, backups ?? [], jobs, TestContext.Current.CancellationToken);

    private async Task<WalProblem> ExpectAsync(string name, WalDamage damage, string suffix = ".gz")
    {
        var result = await RunAsync();

        var problem = Assert.Single(result.Problems);
        Assert.Equal((_archive.Archive.Describe(name + suffix), damage), (problem.File, problem.Damage));
        Assert.Equal(result.Problems.Count, result.ProblemCount);
        return problem;
    }
}
