using Pgkeep.Postgres;
using Pgkeep.Repository;
using Pgkeep.Tests.Support;
using Xunit;

namespace Pgkeep.Tests.Verify.Wal;

/// <summary>What is wrong with whole files, pages, timelines and gaps.</summary>
public sealed class WalVerificationTests : IDisposable
{
    private readonly VerifiedArchive _archive = new();

    public void Dispose() => _archive.Dispose();

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    public async Task A_sound_archive_with_a_switch_has_no_problem(int jobs)
    {
        await _archive.MakeAsync();

        var result = await _archive.RunAsync(jobs: jobs);

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
        await _archive.MakeAsync();
        _archive.Change("000000010000000000000003", stored => stored[70 + (int)((stored.Length - 71) * position)] ^= 0x10);

        await _archive.ExpectAsync("000000010000000000000003", WalDamage.Damaged);
    }

    [Fact]
    public async Task A_broken_page_in_a_sound_gzip_is_found_with_its_position()
    {
        await _archive.MakeAsync();
        _archive.Plant("000000010000000000000003", MadeUpArchive.Segment(MadeUpArchive.Name(1, 3)), segment => segment[(5 * MadeUpArchive.Page) + 9] ^= 1);

        var problem = await _archive.ExpectAsync("000000010000000000000003", WalDamage.Page);
        Assert.Equal("0/30A000", problem.Position?.ToString());
    }

    [Fact]
    public async Task A_segment_under_another_name_is_found()
    {
        await _archive.MakeAsync();
        File.Copy(_archive.PathOf("000000010000000000000004"), _archive.PathOf("000000010000000000000003"), overwrite: true);

        await _archive.ExpectAsync("000000010000000000000003", WalDamage.WrongFile);
    }

    [Fact]
    public async Task A_segment_under_another_name_without_its_identity_is_found()
    {
        await _archive.MakeAsync();
        _archive.Plant("000000010000000000000003", MadeUpArchive.Segment(MadeUpArchive.Name(1, 4)), _ => { });

        await _archive.ExpectAsync("000000010000000000000003", WalDamage.WrongFile);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_segment_of_another_cluster_is_found(bool withIdentity)
    {
        await _archive.MakeAsync();
        File.Delete(_archive.PathOf("000000010000000000000003"));
        var foreign = MadeUpArchive.Segment(MadeUpArchive.Name(1, 3), new SystemIdentifier(42));
        if (withIdentity)
        {
            await _archive.StoreAsync("000000010000000000000003", foreign, new SystemIdentifier(42));
        }
        else
        {
            _archive.Plant("000000010000000000000003", foreign, _ => { });
        }

        await _archive.ExpectAsync("000000010000000000000003", WalDamage.OtherCluster);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(5)]
    [InlineData(30)]
    [InlineData(200)]
    [InlineData(-1)]
    public async Task A_cut_file_is_found(int length)
    {
        await _archive.MakeAsync();
        _archive.Change("000000010000000000000003", stored => { }, stored => stored[..(length < 0 ? stored.Length + length : length)]);

        await _archive.ExpectAsync("000000010000000000000003", WalDamage.Damaged);
    }

    [Theory]
    [InlineData("00000002.history")]
    [InlineData("000000010000000000000005.partial")]
    [InlineData("000000010000000000000002.00000028.backup")]
    public async Task The_other_files_are_read_too(string name)
    {
        await _archive.MakeAsync();
        _archive.Change(name, stored => stored[^6] ^= 1);

        await _archive.ExpectAsync(name, WalDamage.Damaged);
    }

    [Fact]
    public async Task A_missing_segment_in_the_middle_is_found()
    {
        await _archive.MakeAsync();
        File.Delete(_archive.PathOf("000000010000000000000003"));

        var problem = await _archive.ExpectAsync("000000010000000000000003", WalDamage.Missing, suffix: "");
        Assert.Equal("0/300000", problem.Position?.ToString());
    }

    [Fact]
    public async Task A_gap_before_the_oldest_backup_is_a_note()
    {
        await _archive.MakeAsync();
        File.Delete(_archive.PathOf("000000010000000000000003"));
        var backup = SampleMetadata.Create() with { StartWal = MadeUpArchive.Name(1, 4), StopWal = MadeUpArchive.Name(1, 4) };

        var result = await _archive.RunAsync(backups: [backup]);

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

        var result = await _archive.RunAsync(backups: [VerifiedArchive.EarlyBackup]);

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

        Assert.Empty((await _archive.RunAsync(backups: [VerifiedArchive.EarlyBackup])).Problems);
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

        Assert.Empty((await _archive.RunAsync(backups: [VerifiedArchive.EarlyBackup with { Wal = BackupMetadata.WalFromSlot }])).Problems);
    }

    [Fact]
    public async Task A_hole_that_is_a_gap_and_behind_a_backup_is_one_problem()
    {
        await _archive.AddAsync(1, 1, 2);
        await _archive.AddAsync(1, 6, 9);

        var problem = Assert.Single((await _archive.RunAsync(backups: [VerifiedArchive.EarlyBackup])).Problems);
        Assert.Equal(_archive.Archive.Describe("000000010000000000000003"), problem.File);
    }

    [Fact]
    public async Task A_missing_history_is_found()
    {
        await _archive.MakeAsync();
        File.Delete(_archive.PathOf("00000002.history"));

        await _archive.ExpectAsync("00000002.history", WalDamage.Missing, suffix: "");
    }

    [Fact]
    public async Task A_history_that_contradicts_its_parent_s_is_found()
    {
        await _archive.MakeAsync();
        await _archive.AddHistoryAsync(3, "1\t0/480000\tno reason\n2\t0/800000\tno reason\n");

        await _archive.ExpectAsync("00000003.history", WalDamage.Timeline, suffix: "");
    }

    [Fact]
    public async Task A_page_of_a_timeline_that_the_history_does_not_have_there_is_found()
    {
        await _archive.MakeAsync();
        _archive.Plant("000000020000000000000006", MadeUpArchive.Segment(MadeUpArchive.Name(2, 6), timelineOf: address => address.Value < 0x610000 ? 1u : 2u), _ => { });

        var problem = await _archive.ExpectAsync("000000020000000000000006", WalDamage.Timeline);
        Assert.Equal("0/600000", problem.Position?.ToString());
    }

    [Fact]
    public async Task A_plain_file_and_one_of_another_tool_are_read_too()
    {
        await _archive.MakeAsync();
        _archive.Plant("000000010000000000000003", MadeUpArchive.Segment(MadeUpArchive.Name(1, 3)), _ => { });
        File.Delete(_archive.PathOf("000000010000000000000004"));
        File.WriteAllBytes(_archive.PathOf("000000010000000000000004")[..^3], MadeUpArchive.Segment(MadeUpArchive.Name(1, 4)));

        Assert.Empty((await _archive.RunAsync()).Problems);
    }

    [Theory]
    [InlineData(".gz")]
    [InlineData("")]
    public async Task Every_copy_of_a_segment_is_read_and_named(string damaged)
    {
        await _archive.MakeAsync();
        var stored = _archive.PathOf("000000010000000000000003");
        File.WriteAllBytes(stored[..^3], MadeUpArchive.Segment(MadeUpArchive.Name(1, 3)));
        Assert.Contains("000000010000000000000003 is another copy of 000000010000000000000003.gz", Assert.Single((await _archive.RunAsync()).Notes), StringComparison.Ordinal);
        File.WriteAllBytes(stored[..^3] + damaged, File.ReadAllBytes(stored[..^3] + damaged)[..^1]);

        await _archive.ExpectAsync("000000010000000000000003", damaged.Length == 0 ? WalDamage.Page : WalDamage.Damaged, suffix: damaged);
    }
}
