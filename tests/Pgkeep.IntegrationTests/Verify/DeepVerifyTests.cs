using System.Globalization;
using System.Text;
using System.Text.Json;
using Pgkeep.IntegrationTests.Backup;
using Pgkeep.IntegrationTests.Harness;
using Xunit;

namespace Pgkeep.IntegrationTests.Verify;

/// <summary><c>verify --deep</c> on backups of real servers, and on copies of them in which one thing is wrong.</summary>
public sealed class DeepVerifyTests : BackupTest, IClassFixture<SampleBackups>
{
    private const int BlockSize = 8192;

    private readonly SampleBackups _samples;

    public DeepVerifyTests(SampleBackups samples) => _samples = samples;

    [Theory, EachMajor]
    public async Task A_sound_backup_with_a_tablespace_is_sound_to_the_last_page(int major)
    {
        var sample = await _samples.GetAsync(major);

        var result = (await PgkeepBinary.RunAsync(["verify", "--deep", "--json"], new RunOptions { Environment = sample.Site.Environment })).EnsureSuccess();

        using var answer = JsonDocument.Parse(result.Stdout);
        using var metadata = JsonDocument.Parse(await File.ReadAllTextAsync(Path.Combine(sample.Directory, "backup_metadata.json"), TestContext.Current.CancellationToken));
        var deep = answer.RootElement.GetProperty("deep");
        Assert.Equal(metadata.RootElement.GetProperty("sizes").GetProperty("files").GetInt64(), deep.GetProperty("files").GetInt64());
        Assert.Equal(metadata.RootElement.GetProperty("sizes").GetProperty("plain_bytes").GetInt64(), deep.GetProperty("bytes").GetInt64());
        Assert.Equal(metadata.RootElement.GetProperty("pages_checked").GetInt64(), deep.GetProperty("pages_checked").GetInt64());
        Assert.True(deep.GetProperty("pages_checked").GetInt64() > 0);
        Assert.Single(Directory.EnumerateFiles(sample.Directory, "*.tar.gz"), path => char.IsAsciiDigit(Path.GetFileName(path)[0]));
    }

    [Theory, EachMajor]
    public async Task A_flipped_byte_is_found_and_what_it_costs_is_named(int major)
    {
        var backup = await CopyAsync(major);
        backup.Rewrite("base.tar.gz", content =>
        {
            content[content.Length / 2] ^= 0x55;
            return content;
        });

        var result = (await backup.VerifyAsync("--deep")).EnsureExitCode(16);

        Assert.Contains("base.tar.gz\" is damaged: its checksum is", result.Stderr, StringComparison.Ordinal);
        Assert.Contains("base/", result.Stderr.Replace("base.tar.gz", "", StringComparison.Ordinal), StringComparison.Ordinal);
        AssertReadable(result);
    }

    [Theory, EachMajor]
    public async Task An_archive_that_was_cut_is_told_with_what_is_lost(int major)
    {
        var backup = await CopyAsync(major);
        backup.Rewrite("base.tar.gz", content => content[..(content.Length * 2 / 3)]);

        var result = (await backup.VerifyAsync("--deep")).EnsureExitCode(16);

        Assert.Contains("base.tar.gz\" is cut short", result.Stderr, StringComparison.Ordinal);
        Assert.Contains("cannot be read", result.Stderr, StringComparison.Ordinal);
        AssertReadable(result);
    }

    [Theory, EachMajor]
    public async Task A_file_that_was_exchanged_behind_fitting_checksums_is_named(int major)
    {
        var backup = await CopyAsync(major);
        backup.RewritePlain("base.tar.gz", tar =>
        {
            "surprise"u8.CopyTo(tar.AsSpan(DoctoredBackup.ContentOf(tar, "postgresql.auto.conf")));
            return tar;
        });
        backup.Seal();

        (await backup.VerifyAsync()).EnsureSuccess();
        var result = (await backup.VerifyAsync("--deep")).EnsureExitCode(16);

        Assert.Contains("postgresql.auto.conf is damaged: its checksum is", result.Stderr, StringComparison.Ordinal);
        AssertReadable(result);
    }

    [Theory, EachMajor]
    public async Task A_page_that_was_damaged_behind_fitting_checksums_is_named(int major)
    {
        var backup = await CopyAsync(major);
        var file = await BiggestRelationAsync(major);
        backup.RewritePlain("base.tar.gz", tar =>
        {
            tar[DoctoredBackup.ContentOf(tar, file) + (3 * BlockSize) + 5000] ^= 0xFF;
            return tar;
        });
        backup.Seal();

        (await backup.VerifyAsync()).EnsureSuccess();
        var result = (await backup.VerifyAsync("--deep")).EnsureExitCode(16);

        Assert.Contains($"{file} block 3 is damaged: its checksum does not fit", result.Stderr, StringComparison.Ordinal);
        Assert.Contains($"{file} is damaged: its checksum is", result.Stderr, StringComparison.Ordinal);
    }

    [Theory, EachMajor]
    public async Task A_file_that_is_not_in_the_manifest_is_named(int major)
    {
        var backup = await CopyAsync(major);
        backup.Rewrite("backup_manifest", content =>
        {
            var lines = Encoding.UTF8.GetString(content).Split('\n').Where(line => !line.Contains("\"postgresql.auto.conf\"", StringComparison.Ordinal)).ToList();
            var text = string.Join('\n', lines[..^2]) + "\n";
            return Encoding.UTF8.GetBytes(text + $"\"Manifest-Checksum\": \"{Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(Encoding.UTF8.GetBytes(text)))}\"}}\n");
        });
        backup.Seal();

        (await backup.VerifyAsync()).EnsureSuccess();
        var result = (await backup.VerifyAsync("--deep")).EnsureExitCode(16);

        Assert.Contains("has postgresql.auto.conf, which is not in", result.Stderr, StringComparison.Ordinal);
        AssertReadable(result);
    }

    [Theory, EachMajor]
    public async Task A_file_that_no_archive_has_is_named(int major)
    {
        var backup = await CopyAsync(major);
        backup.RewritePlain("base.tar.gz", tar => DoctoredBackup.WithoutMember(tar, "postgresql.auto.conf"));
        backup.Seal();

        var result = (await backup.VerifyAsync("--deep")).EnsureExitCode(16);

        Assert.Contains("postgresql.auto.conf is missing", result.Stderr, StringComparison.Ordinal);
    }

    [Theory, EachMajor]
    public async Task A_segment_that_the_backup_lacks_is_named(int major)
    {
        var backup = await CopyAsync(major);
        using var metadata = JsonDocument.Parse(await File.ReadAllTextAsync(backup.PathOf("backup_metadata.json"), TestContext.Current.CancellationToken));
        var segment = metadata.RootElement.GetProperty("start_wal").GetString()!;
        backup.RewritePlain("pg_wal.tar.gz", tar => DoctoredBackup.WithoutMember(tar, segment));
        backup.Seal();

        (await backup.VerifyAsync()).EnsureSuccess();
        var result = (await backup.VerifyAsync("--deep")).EnsureExitCode(16);

        Assert.Contains($"pg_wal.tar.gz\" lacks {segment}", result.Stderr, StringComparison.Ordinal);
    }

    [Theory, EachMajor]
    public async Task Without_its_index_an_archive_is_as_sound(int major)
    {
        var backup = await CopyAsync(major);
        File.Delete(backup.PathOf("base.index.gz"));
        backup.Seal();

        var result = (await backup.VerifyAsync("--deep")).EnsureSuccess();

        Assert.Contains("is sound", result.Stdout, StringComparison.Ordinal);
        Assert.Contains("base.tar.gz\" has no index, which it is whole without", result.Stderr, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_index_that_is_damaged_is_told_and_the_archive_is_read_without_it()
    {
        var backup = await CopyAsync(PostgresServers.Newest);
        backup.RewritePlain("base.index.gz", text => [.. text[..^40], .. "f 1 2 3\n"u8]);
        backup.Seal();

        var result = (await backup.VerifyAsync("--deep")).EnsureExitCode(16);

        Assert.Contains("base.index.gz\"", result.Stderr, StringComparison.Ordinal);
        Assert.DoesNotContain("base/", result.Stderr.Replace("base.index.gz", "", StringComparison.Ordinal), StringComparison.Ordinal);
    }

    [Theory, EachMajor]
    public async Task A_page_that_the_backup_had_found_damaged_is_told_again_and_no_failure(int major)
    {
        var site = await StartSiteAsync(major);
        await site.Cluster.ExecuteAsync("CREATE TABLE t AS SELECT i, repeat('x', 1000) AS x FROM generate_series(1, 2000) i");
        await site.Cluster.ExecuteAsync("CHECKPOINT");
        var file = await site.Cluster.ScalarAsync<string>("SELECT pg_relation_filepath('t')");
        var offset = ((7 * BlockSize) + 4000).ToString(CultureInfo.InvariantCulture);
        (await TestAccount.RunAsync("dd", ["if=/dev/urandom", $"of={Path.Combine(site.Cluster.DataDirectory, file)}", "bs=1", "count=16", $"seek={offset}", "conv=notrunc"])).EnsureSuccess();
        (await site.BackupAsync()).EnsureExitCode(3);

        var result = (await PgkeepBinary.RunAsync(["verify", "--deep"], new RunOptions { Environment = site.Environment })).EnsureSuccess();

        Assert.Contains($"look: {file} block 7 is damaged: its checksum does not fit (known since the backup)", result.Stdout, StringComparison.Ordinal);
    }

    private static void AssertReadable(ProgramResult result)
    {
        Assert.DoesNotContain("   at ", result.Stderr, StringComparison.Ordinal);
        Assert.InRange(result.Stderr.Split('\n').Length, 2, 30);
    }

    private async Task<DoctoredBackup> CopyAsync(int major) => await DoctoredBackup.CopyAsync(await _samples.GetAsync(major));

    private async Task<string> BiggestRelationAsync(int major) =>
        await (await _samples.GetAsync(major)).Site.Cluster.ScalarAsync<string>("SELECT pg_relation_filepath('plain')");
}
