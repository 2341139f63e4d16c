using Pgkeep.Repository;
using Pgkeep.Tests.Support;
using Pgkeep.Verify;
using Pgkeep.Verify.Deep;
using Xunit;

namespace Pgkeep.Tests.Verify;

/// <summary>What is damaged is named, and only that.</summary>
public sealed class DeepVerificationTests : IDisposable
{
    private readonly BackupOnDisk _backup = new();

    public void Dispose() => _backup.Dispose();

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    public async Task A_sound_backup_has_no_problem(int jobs)
    {
        _backup.Make();

        var result = await RunAsync(_backup.Seal(), jobs);

        Assert.Empty(result.Problems);
        Assert.Equal(9, result.Deep!.Files);
        Assert.Equal(305, result.Deep.PagesChecked);
        Assert.Empty(result.Deep.Notes);
    }

    [Theory]
    [InlineData("zstd")]
    [InlineData("none")]
    public async Task Each_codec_is_read_with_its_index_and_without(string codec)
    {
        _backup.Metadata = _backup.Metadata with { Compression = codec };
        _backup.Make();

        var result = await RunAsync(_backup.Seal());
        File.Delete(_backup.PathOf("base.index.gz"));
        var sequential = await RunAsync(_backup.Seal());

        Assert.Empty(result.Problems.Concat(sequential.Problems));
        Assert.Equal((9, 305), (result.Deep!.Files, result.Deep.PagesChecked));
        Assert.Equal((9, 305), (sequential.Deep!.Files, sequential.Deep.PagesChecked));
    }

    [Theory]
    [InlineData("zstd", 0.5)]
    [InlineData("zstd", 0.9)]
    [InlineData("none", 0.5)]
    public async Task Damage_is_found_whatever_the_codec(string codec, double position)
    {
        _backup.Metadata = _backup.Metadata with { Compression = codec };
        _backup.Make();
        var archive = _backup.PathOf(_backup.Metadata.Archives.Main);
        var content = File.ReadAllBytes(archive);
        content[(int)(content.Length * position)] ^= 0x10;
        File.WriteAllBytes(archive, content);

        Assert.NotEmpty((await RunAsync(_backup.Seal())).Problems);
    }

    [Fact]
    public async Task Without_an_index_the_same_is_found()
    {
        _backup.Make();
        File.Delete(_backup.PathOf("base.index.gz"));

        var result = await RunAsync(_backup.Seal());

        Assert.Empty(result.Problems);
        Assert.Equal((9, 305), (result.Deep!.Files, result.Deep.PagesChecked));
        Assert.Single(result.Deep.Notes);
    }

    [Theory]
    [InlineData("base/1/16384", 200, "base/1/16384 block 200 is damaged")]
    [InlineData("base/1/16384.1", 1, "base/1/16384.1 block 1 is damaged")]
    [InlineData("base/1/16384_fsm", 2, "base/1/16384_fsm block 2 is damaged")]
    public async Task A_page_that_does_not_fit_is_named(string file, int block, string problem)
    {
        _backup.Change(file, content => content[(block * BackupOnDisk.BlockSize) + 100] ^= 1);
        _backup.Make();

        Assert.Contains(problem, Assert.Single((await RunAsync(_backup.Seal())).Problems), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Pages_that_the_backup_knows_of_are_no_problem()
    {
        _backup.Change("base/1/16384", content => content[(7 * BackupOnDisk.BlockSize) + 100] ^= 1);
        _backup.Change("base/1/16384", content => content[(9 * BackupOnDisk.BlockSize) + 100] ^= 1);
        _backup.Metadata = _backup.Metadata with { ExcusedPages = ["base/1/16384 block 7"], Findings = ["base/1/16384 block 9 is damaged: its checksum does not fit"] };
        _backup.Make();

        var result = await RunAsync(_backup.Seal());

        Assert.Empty(result.Problems);
        Assert.Equal(_backup.Metadata.Findings, result.Deep!.Findings);
        Assert.Equal(1, result.Deep.ExcusedPages);
    }

    [Fact]
    public async Task Without_data_checksums_no_page_is_looked_at()
    {
        _backup.Change("base/1/16384", content => content[100] ^= 1);
        _backup.Metadata = _backup.Metadata with { Cluster = _backup.Metadata.Cluster with { DataChecksums = false } };
        _backup.Make();

        var result = await RunAsync(_backup.Seal());

        Assert.Empty(result.Problems);
        Assert.Equal(0, result.Deep!.PagesChecked);
    }

    [Fact]
    public async Task A_file_that_is_not_what_the_manifest_says_is_named()
    {
        _backup.Make();
        _backup.Change("postgresql.auto.conf", content => content[3] ^= 1);
        _backup.Make(keepManifest: true);

        Assert.Contains("postgresql.auto.conf is damaged: its checksum is", Assert.Single((await RunAsync(_backup.Seal())).Problems), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_index_of_another_archive_is_named_and_the_archive_is_read_without_it()
    {
        _backup.Make();
        _backup.Add("base/1/16385", BackupOnDisk.Pages(40, 0));
        _backup.Make(keepIndex: true);

        var result = await RunAsync(_backup.Seal());

        Assert.Contains("base.index.gz\" does not fit its archive", Assert.Single(result.Problems), StringComparison.Ordinal);
        Assert.Equal((10, 345), (result.Deep!.Files, result.Deep.PagesChecked));
    }

    [Fact]
    public async Task A_file_exchanged_behind_an_index_that_does_not_fit_is_named_too()
    {
        _backup.Make();
        _backup.Change("postgresql.auto.conf", content => content[3] ^= 1);
        _backup.Add("base/1/16384_vm", new byte[BackupOnDisk.BlockSize]);
        _backup.Make(keepManifest: true, keepIndex: true);

        var result = await RunAsync(_backup.Seal());

        Assert.Equal(3, result.Problems.Count);
        Assert.Contains(result.Problems, problem => problem.Contains("postgresql.auto.conf is damaged", StringComparison.Ordinal));
        Assert.Contains(result.Problems, problem => problem.Contains("has base/1/16384_vm, which is not in", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_damaged_frame_is_named_with_the_files_in_it()
    {
        _backup.Make();
        var sound = _backup.Seal();
        Damage("base.tar.gz", content => content[content.Length / 2] ^= 0x10);

        var result = await RunAsync(sound);

        Assert.Contains(result.Problems, problem => problem.Contains("base.tar.gz\" is damaged: its checksum is", StringComparison.Ordinal));
        Assert.Contains(result.Problems, problem => problem.Contains("base/1/16384", StringComparison.Ordinal));
        Assert.DoesNotContain(result.Problems, problem => problem.Contains("index", StringComparison.Ordinal));
    }

    [Fact]
    public async Task An_archive_damaged_anywhere_is_never_sound()
    {
        _backup.Make();
        var sound = _backup.Seal();
        var whole = File.ReadAllBytes(_backup.PathOf("base.tar.gz"));
        foreach (var damaged in Mutation.Of(whole, 60).Where(damaged => !damaged.AsSpan().SequenceEqual(whole)))
        {
            File.WriteAllBytes(_backup.PathOf("base.tar.gz"), damaged);

            Assert.NotEmpty((await RunAsync(sound)).Problems);
        }
    }

    [Fact]
    public async Task An_archive_damaged_anywhere_behind_fitting_checksums_is_never_sound()
    {
        _backup.Make();
        var whole = File.ReadAllBytes(_backup.PathOf("base.tar.gz"));
        foreach (var damaged in Mutation.Of(whole, 60).Where(damaged => !damaged.AsSpan().SequenceEqual(whole)))
        {
            File.WriteAllBytes(_backup.PathOf("base.tar.gz"), damaged);

            Assert.NotEmpty((await RunAsync(_backup.Seal())).Problems);
        }
    }

    [Fact]
    public async Task A_cut_archive_does_not_accuse_what_it_has_lost_twice()
    {
        _backup.Make();
        var sound = _backup.Seal();
        Damage("base.tar.gz", content => content, keep: 0.5);

        var result = await RunAsync(sound);

        Assert.Contains(result.Problems, problem => problem.Contains("is cut short", StringComparison.Ordinal));
        Assert.DoesNotContain(result.Problems, problem => problem.Contains("no archive", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("base.tar.gz")]
    [InlineData("backup_manifest")]
    [InlineData("pg_wal.tar.gz")]
    [InlineData("base.index.gz")]
    public async Task A_file_that_is_missing_is_named_once(string name)
    {
        _backup.Make();
        var sound = _backup.Seal();
        File.Delete(_backup.PathOf(name));

        var result = await RunAsync(sound);

        Assert.Single(result.Problems, problem => problem.Contains($"{name}\" is missing", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_segment_that_is_not_there_is_named()
    {
        _backup.Make(segments: ["000000010000000000000002"]);

        Assert.Contains("lacks 000000010000000000000003", Assert.Single((await RunAsync(_backup.Seal())).Problems), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_history_that_is_not_there_is_named()
    {
        _backup.Metadata = _backup.Metadata with { Timeline = new(2) };
        _backup.Make();

        Assert.Contains("lacks 00000002.history", Assert.Single((await RunAsync(_backup.Seal())).Problems), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Pg_control_must_be_the_last_file()
    {
        _backup.Make(endsWithControl: false);

        Assert.Contains("does not end with global/pg_control", Assert.Single((await RunAsync(_backup.Seal())).Problems), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Problems_without_number_become_a_readable_number_of_lines()
    {
        _backup.Change("base/1/16384", content => Array.Fill(content, (byte)7));
        _backup.Make();

        var problems = (await RunAsync(_backup.Seal())).Problems;

        Assert.Equal(ProblemList.MaxLines + 1, problems.Count);
        Assert.Equal("and 280 more", problems[^1]);
    }

    [Fact]
    public async Task A_cancelled_verification_ends()
    {
        _backup.Make();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => DeepVerification.RunAsync(_backup.Seal(), 2, new CancellationToken(canceled: true)));
    }

    private void Damage(string name, Func<byte[], object> change, double keep = 1)
    {
        var content = File.ReadAllBytes(_backup.PathOf(name));
        change(content);
        File.WriteAllBytes(_backup.PathOf(name), content[..(int)(content.Length * keep)]);
    }

    private static Task<VerificationResult> RunAsync(StoredBackup backup, int jobs = 2) => DeepVerification.RunAsync(backup, jobs, TestContext.Current.CancellationToken);
}
