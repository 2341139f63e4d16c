using System.Formats.Tar;
using System.IO.Compression;
using System.Net;
using System.Net.Sockets;
using Pgkeep.IntegrationTests.Harness;
using Xunit;

namespace Pgkeep.IntegrationTests.Restore;

/// <summary>Restores that fail on the way, with no server running before: everything is put back as it was.</summary>
public sealed class RestoreFaultTests : IntegrationTest, IClassFixture<StoppedSite>
{
    private readonly StoppedSite _stopped;

    public RestoreFaultTests(StoppedSite stopped) => _stopped = stopped;

    private RestoreSite Site => _stopped.Site;

    [Theory]
    [InlineData("../escaped")]
    [InlineData("/tmp/pgkeep-escaped")]
    [InlineData("a/../../escaped")]
    [InlineData("link")]
    [InlineData("PG_VERSION")]
    [InlineData("nowhere/at/all")]
    public async Task A_hostile_member_creates_nothing_outside_and_the_old_cluster_comes_back(string member)
    {
        var repository = await Site.CopyRepositoryAsync($"doctored-{Guid.NewGuid():N}");
        await RestoreSite.DoctorAsync(Path.Combine(repository, Path.GetFileName(Site.Latest)), "base.tar.gz", path => Append(path, member));

        var byIndex = await Site.RestoreAsync("--backup-dir", repository, "--jobs", "2");
        await _stopped.AssertRefusedAsync(byIndex, 16, "base.tar.gz", "by its index");
        var whole = await Site.RestoreAsync("--backup-dir", repository, "--jobs", "1");
        await _stopped.AssertRefusedAsync(whole, 16, member == "nowhere/at/all" ? "nowhere/at" : member, "base.tar.gz");

        Assert.False(File.Exists(Site.Workspace.PathOf("escaped")));
        Assert.False(File.Exists("/tmp/pgkeep-escaped"));
    }

    [Theory]
    [InlineData("fsync:error=EIO:when=1", 31)]
    [InlineData("syncfs:error=EIO", 31)]
    [InlineData("renameat2:error=EBUSY:when=2", 31)]
    [InlineData("renameat2:error=ENOSPC:when=1", 32)]
    public async Task A_disk_that_fails_leaves_the_old_cluster_in_its_place(string fault, int exitCode)
    {
        await using var running = Site.Start(
            Site.RestoreWords(), wrapper: ["strace", "-f", "-qq", "-o", "/dev/null", "-e", $"trace={fault.Split(':')[0]}", "-e", $"inject={fault}"]);

        var result = await running.WaitAsync();

        result.EnsureExitCode(exitCode);
        Assert.DoesNotContain("   at Pgkeep", result.Stderr, StringComparison.Ordinal);
        Assert.Equal(_stopped.Fingerprint, await Site.FingerprintAsync());
        Assert.Empty(Site.Asides);
    }

    [Fact]
    public async Task A_target_after_the_last_commit_is_refused_with_that_commit_and_a_hint_that_works()
    {
        var now = DateTime.UtcNow.ToString("yyyy-MM-dd HH:mm:ss.ffffff+00", System.Globalization.CultureInfo.InvariantCulture);

        var result = await Site.RestoreAsync("--target-time", now);

        await _stopped.AssertRefusedAsync(result, 51, "the last commit in the archive is at", "leave it out");
    }

    [Fact]
    public async Task A_damaged_segment_in_the_middle_stops_the_recovery_and_is_named()
    {
        var repository = await Site.CopyRepositoryAsync($"damaged-{Guid.NewGuid():N}");
        var segment = Path.Combine(repository, "wal_archive", _stopped.Later[1] + ".gz");
        await using (var stream = new FileStream(segment, FileMode.Open))
        {
            stream.Position = stream.Length / 2;
            var value = stream.ReadByte();
            stream.Position--;
            stream.WriteByte((byte)(value ^ 0x10));
        }

        var result = await Site.RestoreAsync("--backup-dir", repository);

        await _stopped.AssertRefusedAsync(result, 24, _stopped.Later[1]);
    }

    [Fact]
    public async Task A_recovery_that_takes_too_long_is_given_up()
    {
        using var wall = await WalWall.BuildAsync(Site);

        var result = await Site.RestoreAsync("--recovery-timeout", "1s");

        await wall.DisposeAsync();
        await _stopped.AssertRefusedAsync(result, 24, "within 1 s", "--recovery-timeout");
    }

    [Fact]
    public async Task A_port_that_is_taken_meanwhile_leaves_the_restored_cluster_and_tells_where_the_old_one_is()
    {
        await using var running = Site.Start(Site.RestoreWords());
        await Poll.UntilAsync(() => running.HasEnded || Site.Asides.Count > 0, "the old cluster is aside");
        using var other = new TcpListener(IPAddress.Loopback, Site.Cluster.Port);
        other.Start();

        var result = await running.WaitAsync();

        result.EnsureExitCode(24);
        Assert.Contains("the cluster is restored and recovered, but", result.Stderr, StringComparison.Ordinal);
        Assert.Contains(Assert.Single(Site.Asides), result.Stderr, StringComparison.Ordinal);
        (await Site.RollbackAsync()).EnsureSuccess();
        await RemoveUndoneAsync();
        Assert.Equal(_stopped.Fingerprint, await Site.FingerprintAsync());
    }

    [Fact]
    public async Task A_rollback_without_a_restore_is_refused()
    {
        var result = await Site.RollbackAsync();

        result.EnsureExitCode(2);
        Assert.Contains("there is no journal", result.Stderr, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_rollback_whose_old_cluster_was_removed_does_not_claim_success()
    {
        var workspace = await GetWorkspaceAsync();
        var data = await workspace.CreateDirectoryAsync("data");
        var journal = $$"""
            { "data_directory": "{{data}}", "places": [ { "path": "{{data}}", "aside": "{{data}}.before-1", "had_content": true } ],
              "started": "2026-01-01T00:00:00+00:00", "is_over": true }
            """;
        await workspace.WriteFileAsync("data.before-1.journal", journal);

        var result = await Site.RunAsync(["restore", "rollback", "--yes", "--pgdata", data]);

        result.EnsureExitCode(2);
        Assert.Contains($"{data}.before-1", result.Stderr, StringComparison.Ordinal);
    }

    private async Task RemoveUndoneAsync() =>
        (await TestAccount.RunAsync("sh", ["-c", "rm -rf \"$1\"/*.undone-* \"$1\"/tablespace-elsewhere/*.undone-*", "sh", Site.Workspace.Root])).EnsureSuccess();

    private static void Append(string archive, string member)
    {
        using var content = new MemoryStream();
        using (var gzip = new GZipStream(File.OpenRead(archive), CompressionMode.Decompress))
        {
            gzip.CopyTo(content);
        }

        using var output = new GZipStream(File.Create(archive), CompressionMode.Compress);
        using (var hostile = new MemoryStream())
        {
            using (var tar = new TarWriter(hostile, TarEntryFormat.Ustar, leaveOpen: true))
            {
                TarEntry entry = member == "link"
                    ? new UstarTarEntry(TarEntryType.SymbolicLink, member) { LinkName = "/etc" }
                    : new UstarTarEntry(TarEntryType.RegularFile, member) { DataStream = new MemoryStream("hostile"u8.ToArray()) };
                tar.WriteEntry(entry);
            }

            output.Write(hostile.ToArray().AsSpan(0, (int)hostile.Length - 1024));
        }

        output.Write(content.ToArray());
    }
}
