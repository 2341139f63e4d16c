using Pgkeep.IntegrationTests.Harness;
using Xunit;

namespace Pgkeep.IntegrationTests.Restore;

/// <summary>A restore takes the codec from the backup, and a damaged archive of any codec is told as such.</summary>
public sealed class RestoreCodecTests : IntegrationTest
{
    public static TheoryData<int, string> MajorsAndCodecs => new MatrixTheoryData<int, string>(PostgresServers.Majors, ["zstd", "none"]);

    [Theory, MemberData(nameof(MajorsAndCodecs))]
    public async Task A_restore_brings_every_row_back_and_leaves_a_cluster_that_works(int major, string codec)
    {
        var site = await RestoreSite.StartAsync(await GetWorkspaceAsync(), major);
        (await site.RunAsync(["backup", "--compress", codec])).EnsureSuccess();
        await site.AddOrdersAsync();
        var before = await site.ContentAsync();

        (await site.RestoreAsync("--stop-server")).EnsureSuccess();

        Assert.Equal(before, await site.ContentAsync());
        await site.BackupAsync();
    }

    [Theory]
    [InlineData("gzip", "1", "ends")]
    [InlineData("zstd", "1", "cannot be decompressed")]
    [InlineData("none", "1", "ends")]
    [InlineData("gzip", "2", "does not decompress")]
    [InlineData("zstd", "2", "does not decompress")]
    [InlineData("none", "2", "does not decompress")]
    public async Task An_archive_cut_before_it_was_listed_puts_the_old_cluster_back(string codec, string jobs, string problem)
    {
        var site = await RestoreSite.StartAsync(await GetWorkspaceAsync(), PostgresServers.Newest);
        (await site.RunAsync(["backup", "--compress", codec])).EnsureSuccess();
        await site.Cluster.StopAsync();
        var before = await site.FingerprintAsync();

        await RestoreSite.DoctorAsync(site.Latest, $"base.tar{HandRestore.SuffixOf(codec)}", Cut);
        var result = await site.RestoreAsync("--jobs", jobs);

        result.EnsureExitCode(16);
        Assert.Contains(problem, result.Stderr, StringComparison.Ordinal);
        Assert.Contains("base.tar", result.Stderr, StringComparison.Ordinal);
        Assert.Equal(before, await site.FingerprintAsync());
        Assert.Empty(site.Asides);
    }

    /// <summary>Whatever happened between the check of the stored bytes and their use: gzip's own checksum over all of it stands behind the tar.</summary>
    [Theory]
    [InlineData("1", "base.tar.gz\" cannot be decompressed")]
    [InlineData("2", "the checksum and the length at its end are not those of its content")]
    public async Task The_checksum_behind_the_tar_is_compared(string jobs, string problem)
    {
        var site = await RestoreSite.StartAsync(await GetWorkspaceAsync(), PostgresServers.Newest);
        await site.BackupAsync();
        await site.Cluster.StopAsync();
        await RestoreSite.DoctorAsync(site.Latest, "base.tar.gz", ChangeChecksum);

        var result = await site.RestoreAsync("--jobs", jobs);

        result.EnsureExitCode(16);
        Assert.Contains(problem, result.Stderr, StringComparison.Ordinal);
    }

    private static void Cut(string path)
    {
        using var archive = new FileStream(path, FileMode.Open);
        archive.SetLength((archive.Length / 2) + 77);
    }

    /// <summary>The last eight bytes are CRC-32 and length.</summary>
    private static void ChangeChecksum(string path)
    {
        using var archive = new FileStream(path, FileMode.Open);
        archive.Position = archive.Length - 8;
        var value = archive.ReadByte();
        archive.Position--;
        archive.WriteByte((byte)(value ^ 1));
    }
}
