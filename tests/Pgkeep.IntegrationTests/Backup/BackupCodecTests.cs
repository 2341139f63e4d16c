using System.Text.Json;
using Pgkeep.IntegrationTests.Harness;
using Xunit;

namespace Pgkeep.IntegrationTests.Backup;

/// <summary>A backup in another codec than gzip is as good a backup, by hand and for PostgreSQL's own programs.</summary>
public sealed class BackupCodecTests : BackupTest
{
    private static readonly ServerOptions Small = new() { WalSegmentSizeInMiB = 1 };

    public static TheoryData<int, string> MajorsAndCodecs => new MatrixTheoryData<int, string>(PostgresServers.Majors, ["zstd", "none"]);

    public static TheoryData<string> Codecs => ["zstd", "none"];

    [Theory, MemberData(nameof(MajorsAndCodecs))]
    public async Task A_server_starts_on_a_backup_unpacked_by_hand_and_has_all_rows(int major, string codec)
    {
        var site = await StartFilledSiteAsync(major);
        var expected = await ClusterContent.ReadAsync(site.Cluster);
        (await site.BackupAsync("--compress", codec)).EnsureSuccess();
        var backup = site.Backups[^1];
        var target = site.Cluster.Workspace.PathOf("by-hand");

        (await TestAccount.RunAsync("sha256sum", ["--check", "--strict", "checksums.sha256"], new RunOptions { WorkingDirectory = backup })).EnsureSuccess();
        await HandRestore.UnpackAsync(backup, target, codec);
        await HandRestore.UnpackTablespacesAsync(backup, target, codec);
        await HandRestore.EditTablespaceMapAsync(target);
        await HandRestore.AppendSettingsAsync(target, "archive_mode = off");
        await using var server = PostgresCluster.Adopt(site.Cluster.Workspace, major, target);
        await server.StartAsync();

        Assert.Equal(expected, await ClusterContent.ReadAsync(server));
    }

    [Theory, MemberData(nameof(Codecs))]
    public async Task The_names_say_the_codec_and_verify_wants_every_archive(string codec)
    {
        var site = await StartFilledSiteAsync(PostgresServers.Newest);
        (await site.BackupAsync("--compress", codec)).EnsureSuccess();
        var backup = site.Backups[^1];
        var suffix = HandRestore.SuffixOf(codec);

        Assert.Equal(
            [$"16384.tar{suffix}", $"base.tar{suffix}", $"pg_wal.tar{suffix}"],
            Directory.GetFiles(backup, "*.tar*").Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal));
        Assert.Equal(["16384.index.gz", "base.index.gz", "catalog.json.gz"], Directory.GetFiles(backup, "*.gz").Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal));
        using var metadata = JsonDocument.Parse(await File.ReadAllBytesAsync(Path.Combine(backup, "backup_metadata.json"), TestContext.Current.CancellationToken));
        Assert.Equal(codec, metadata.RootElement.GetProperty("compression").GetString());
        Assert.Equal($"16384.tar{suffix}", metadata.RootElement.GetProperty("tablespaces")[0].GetProperty("archive").GetString());
        (await PgkeepBinary.RunAsync(["verify"], new RunOptions { Environment = site.Environment })).EnsureSuccess();

        (await TestAccount.RunAsync("sed", ["-i", $"/ base.tar{suffix}$/d", Path.Combine(backup, "checksums.sha256")])).EnsureSuccess();
        var refused = await PgkeepBinary.RunAsync(["verify"], new RunOptions { Environment = site.Environment });
        refused.EnsureExitCode(16);
        Assert.Contains($"base.tar{suffix}\" is not in checksums.sha256", refused.Stderr, StringComparison.Ordinal);
    }

    /// <summary>The many frames of a file are what pg_verifybackup must read on over.</summary>
    [Theory, EachMajor(Min = 18)]
    public async Task A_zstd_backup_of_many_frames_passes_pg_verifybackup_as_it_lies(int major)
    {
        await VerifyAsItLiesAsync(major, "zstd");
    }

    [Theory, EachMajor(Min = 18)]
    public async Task A_plain_backup_passes_pg_verifybackup_as_it_lies(int major)
    {
        await VerifyAsItLiesAsync(major, "none");
    }

    [Fact]
    public async Task A_zstd_archive_is_a_row_of_frames_with_checksums_and_nothing_else()
    {
        var site = await StartFilledSiteAsync(PostgresServers.Newest);
        (await site.BackupAsync("--compress", "zstd")).EnsureSuccess();
        var archive = Path.Combine(site.Backups[^1], "base.tar.zst");

        (await TestAccount.RunAsync("zstd", ["--test", "--quiet", archive])).EnsureSuccess();
        var listing = (await TestAccount.RunAsync("zstd", ["--list", "-v", archive])).EnsureSuccess().Stdout;
        var index = (await TestAccount.RunAsync("sh", ["-c", "zcat \"$1\" | grep -c '^f '", "sh", Path.Combine(site.Backups[^1], "base.index.gz")])).EnsureSuccess().Stdout.Trim();

        Assert.True(int.Parse(index, System.Globalization.CultureInfo.InvariantCulture) > 10, listing);
        Assert.Contains($"Zstandard Frames: {index}\n", listing.Replace("# ", "", StringComparison.Ordinal), StringComparison.Ordinal);
        Assert.Contains("Check: XXH64", listing, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_the_library_for_zstd_a_backup_is_refused_before_it_begins()
    {
        var site = await StartSiteAsync(options: Small with { ArchiveCommand = "true" });

        var result = await WithoutAsync(site, "libzstd.so.1", "backup", "--compress", "zstd");

        AssertRefusal(result, 10, "libzstd.so.1", "libzstd1");
        Assert.Empty(site.VisibleNames);
    }

    [Fact]
    public async Task Without_the_library_for_zstd_a_restore_is_refused_and_a_gzip_backup_is_not()
    {
        var site = await StartSiteAsync();
        (await site.BackupAsync("--compress", "zstd")).EnsureSuccess();
        var target = site.Cluster.Workspace.PathOf("restored");

        AssertRefusal(await WithoutAsync(site, "libzstd.so.1", "restore", "--pgdata", target, "--yes"), 10, "libzstd.so.1", "libzstd1");
        Assert.False(Path.Exists(target));
        (await WithoutAsync(site, "libzstd.so.1", "backup")).EnsureSuccess();
    }

    [Fact]
    public async Task Without_ISA_L_a_gzip_backup_warns_once_and_is_whole()
    {
        var site = await StartSiteAsync();

        var result = (await WithoutAsync(site, "libisal.so.2", "backup")).EnsureSuccess();

        var log = await File.ReadAllLinesAsync(Path.Combine(site.Repository, "backup.log"), TestContext.Current.CancellationToken);
        Assert.Contains("install Debian's package libisal2", Assert.Single(log, line => line.Contains("WARNING: ", StringComparison.Ordinal)), StringComparison.Ordinal);
        Assert.Single(result.Stderr.Split('\n'), line => line.Contains("WARNING: ", StringComparison.Ordinal));
        (await TestAccount.RunAsync("gunzip", ["-t", Path.Combine(site.Backups[^1], "base.tar.gz")])).EnsureSuccess();
    }

    [Theory]
    [InlineData("libisal.so.2", "zstd", 3)]
    [InlineData("libisal.so.2", "gzip", 6)]
    [InlineData("libnone.so", "gzip", 1)]
    public async Task A_backup_that_is_as_fast_as_it_can_be_does_not_warn(string missing, string codec, int level)
    {
        var site = await StartSiteAsync();

        (await WithoutAsync(site, missing, "backup", "--compress", codec, "--compress-level", $"{level}")).EnsureSuccess();

        Assert.DoesNotContain("WARNING", await File.ReadAllTextAsync(Path.Combine(site.Repository, "backup.log"), TestContext.Current.CancellationToken), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("gzip", 10, "1 to 9")]
    [InlineData("gzip", 19, "1 to 9")]
    [InlineData("zstd", 20, "1 to 19")]
    public async Task A_level_that_the_codec_does_not_have_is_refused_with_the_range(string codec, int level, string range)
    {
        var site = await StartSiteAsync(options: Small with { ArchiveCommand = "true" });

        var result = await WithLevelAsync(site, codec, level);

        result.EnsureExitCode(10);
        Assert.Contains(range, result.Stderr, StringComparison.Ordinal);
        Assert.Empty(site.VisibleNames);
    }

    private static Task<ProgramResult> WithLevelAsync(RepositorySite site, string codec, int level) => PgkeepBinary.RunAsync(
        ["backup"],
        new RunOptions { Environment = new Dictionary<string, string>(site.Environment) { ["PGKEEP_COMPRESS"] = codec, ["PGKEEP_COMPRESS_LEVEL"] = $"{level}" } });

    /// <summary>The loader takes the first file of the name that it finds, and an empty one is no library.</summary>
    private static async Task<ProgramResult> WithoutAsync(RepositorySite site, string library, params string[] words)
    {
        var directory = await site.Cluster.Workspace.CreateDirectoryAsync("libraries");
        await site.Cluster.Workspace.WriteFileAsync($"libraries/{library}", "");
        return await PgkeepBinary.RunAsync(words, new RunOptions { Environment = new Dictionary<string, string>(site.Environment) { ["LD_LIBRARY_PATH"] = directory } });
    }

    private async Task VerifyAsItLiesAsync(int major, string codec)
    {
        var site = await StartFilledSiteAsync(major);
        (await site.BackupAsync("--compress", codec)).EnsureSuccess();
        var backup = site.Backups[^1];
        string[] ours = ["checksums.sha256", "backup_metadata.json", "catalog.json.gz", .. Directory.GetFiles(backup, "*.index.gz").Select(path => Path.GetFileName(path))];

        var result = await site.Cluster.RunClientAsync("pg_verifybackup", ["-n", .. ours.SelectMany(name => new[] { "-i", name }), backup]);

        Assert.Contains("backup successfully verified", result.EnsureSuccess().Stdout, StringComparison.Ordinal);
        Assert.Equal("", result.Stderr);
    }

    /// <summary>With a file of some frames, one for each tablespace, and nothing that changes while it is read.</summary>
    private async Task<RepositorySite> StartFilledSiteAsync(int major)
    {
        var site = await StartSiteAsync(major, Small);
        await site.Cluster.CreateTablespaceAsync("side");
        await site.Cluster.ExecuteAsync(
            """
            CREATE TABLE plain AS SELECT i, md5(i::text) AS t FROM generate_series(1, 60000) i;
            CREATE TABLE elsewhere TABLESPACE side AS SELECT i, md5(i::text) AS t FROM generate_series(1, 30000) i;
            """);
        return site;
    }
}
