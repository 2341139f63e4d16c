using Pgkeep.Postgres;
using Pgkeep.Postgres.Wal;
using Pgkeep.Repository;
using Pgkeep.Tests.Support;
using Xunit;

namespace Pgkeep.Tests.Verify.Wal;

/// <summary>What is wrong with records, in a segment and from one to the next.</summary>
public sealed class RecordVerificationTests : IDisposable
{
    private const int Segment = 1024 * 1024;

    private readonly VerifiedArchive _archive = new();

    public void Dispose() => _archive.Dispose();

    [Fact]
    public async Task A_record_that_does_not_go_on_is_found_inside_a_segment()
    {
        await _archive.MakeAsync();
        _archive.Plant("000000010000000000000003", LongRecord(20_000), segment => segment.AsSpan(125 * MadeUpArchive.Page, MadeUpArchive.Page).CopyTo(segment.AsSpan(126 * MadeUpArchive.Page)));

        await _archive.ExpectAsync("000000010000000000000003", WalDamage.Page);
    }

    [Fact]
    public async Task A_record_that_does_not_go_on_is_found_between_segments()
    {
        await _archive.MakeAsync();
        _archive.Plant("000000010000000000000003", LongRecord(20_000)[..Segment], _ => { });

        var problem = await _archive.ExpectAsync("000000010000000000000004", WalDamage.Continuity, suffix: "");
        Assert.Equal("0/400000", problem.Position?.ToString());
    }

    [Fact]
    public async Task A_record_that_does_not_go_on_is_found_between_timelines()
    {
        await _archive.MakeAsync();
        _archive.Plant("000000010000000000000004", LongRecord(20_000, 4)[..Segment], _ => { });

        await _archive.ExpectAsync("000000020000000000000005", WalDamage.Continuity, suffix: "");
    }

    [Theory]
    [InlineData(8)]
    [InlineData(16)]
    [InlineData(20_000)]
    public async Task A_record_that_goes_on_over_many_pages_and_segments_is_sound(int inSegment)
    {
        await StoreLongRecordAsync(inSegment, _ => { });

        var result = await _archive.RunAsync();

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

        var result = await _archive.RunAsync();

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
        await _archive.MakeAsync();
        _archive.Plant("000000010000000000000003", MadeUpArchive.Segment(MadeUpArchive.Name(1, 3)), segment => segment[(5 * MadeUpArchive.Page) + offset] ^= 0x20);

        var problem = await _archive.ExpectAsync("000000010000000000000003", Enum.Parse<WalDamage>(damage));
        Assert.Equal("0/30A018", problem.Position?.ToString());
    }

    [Fact]
    public async Task A_segment_that_does_not_follow_the_one_before_is_found()
    {
        await _archive.MakeAsync();
        var other = MadeUpArchive.Begin(MadeUpArchive.Name(1, 3));
        for (other.Previous = new Lsn(0x2F_0018); other.Position.Value < 0x40_0000;)
        {
            other.FillPage();
        }

        _archive.Plant("000000010000000000000003", other.ToArray(), _ => { });

        var problem = await _archive.ExpectAsync("000000010000000000000003", WalDamage.Chain, suffix: "");
        Assert.Equal("0/300028", problem.Position?.ToString());
    }

    [Fact]
    public async Task A_segment_that_was_not_finished_and_is_not_the_last_is_found()
    {
        await _archive.MakeAsync();
        _archive.Plant("000000010000000000000003", MadeUpArchive.Segment(MadeUpArchive.Name(1, 3)), segment => segment.AsSpan(100 * MadeUpArchive.Page).Clear());

        var problem = await _archive.ExpectAsync("000000010000000000000003", WalDamage.Unfinished);
        Assert.Equal("0/3C8000", problem.Position?.ToString());
    }

    [Fact]
    public async Task The_records_of_an_unfinished_last_segment_are_sound_to_its_end()
    {
        await _archive.AddAsync(1, 1, 3);
        _archive.Plant("000000010000000000000003", MadeUpArchive.Segment(MadeUpArchive.Name(1, 3)), segment => segment.AsSpan(100 * MadeUpArchive.Page).Clear());

        var result = await _archive.RunAsync();

        Assert.Equal(WalDamage.Unfinished, Assert.Single(result.Problems).Damage);
        Assert.Equal((true, new Lsn(0x3C_8000)), (result.Records[0].ReachesEnd, result.Records[0].To));
    }

    [Fact]
    public async Task A_record_that_the_end_of_the_archive_cuts_is_no_damage()
    {
        await _archive.AddAsync(1, 1, 2);
        _archive.Plant("000000010000000000000003", LongRecord(20_000)[..Segment], _ => { });

        var result = await _archive.RunAsync();

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
        _archive.Plant("000000010000000000000003", third.ToArray()[..Segment], _ => { });
        _archive.Plant("000000010000000000000004", third.ToArray()[Segment..], _ => { });

        Assert.Empty((await _archive.RunAsync()).Problems);
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
            _archive.Plant(MadeUpArchive.Name(1, 3 + (ulong)i).ToString(), third.ToArray()[(i * Segment)..((i + 1) * Segment)], _ => { });
        }

        var result = await _archive.RunAsync();

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
            _archive.Plant(MadeUpArchive.Name(1, 3 + (ulong)i).ToString(), bytes[(i * Segment)..((i + 1) * Segment)], _ => { });
        }

        var result = await _archive.RunAsync();

        Assert.Empty(result.Problems);
        Assert.Equal((true, 128 + 3), (result.Records[0].ReachesEnd, (int)result.Records[0].Count));
    }

    [Fact]
    public async Task The_answer_says_how_far_each_timeline_is_sound_and_what_was_committed_last()
    {
        var noon = new DateTimeOffset(2025, 1, 8, 12, 0, 0, TimeSpan.Zero);
        await _archive.MakeAsync();
        var seventh = MadeUpArchive.Begin(MadeUpArchive.Name(2, 7));
        seventh.AddCommit(700, noon);
        var last = seventh.AddCommit(701, noon.AddSeconds(5));
        seventh.Switch();
        _archive.Plant("000000020000000000000007", seventh.ToArray(), _ => { });

        var result = await _archive.RunAsync(backups: [VerifiedArchive.EarlyBackup]);

        Assert.Empty(result.Problems);
        Assert.Equal(2, result.Records.Count);
        Assert.Equal((1u, new Lsn(0x50_0000), true), (result.Records[0].Timeline.Value, result.Records[0].To, result.Records[0].ReachesEnd));
        var second = result.Records[1];
        Assert.Equal((2u, VerifiedArchive.EarlyBackup.StartLsn, VerifiedArchive.EarlyBackup.Name, true), (second.Timeline.Value, second.From, second.Backup, second.ReachesEnd));
        Assert.Equal((last, 701u, noon.AddSeconds(5)), (second.LastCommit!.Value.Start, second.LastCommit.Value.Xid, second.LastCommit.Value.Time));
        Assert.Equal((5 * 128) + 3, second.Count);
    }

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
            _archive.Plant(MadeUpArchive.Name(1, 4 + (ulong)i).ToString(), wal[(i * Segment)..((i + 1) * Segment)], _ => { });
        }
    }
}
