using Pgkeep.IntegrationTests.Archive;
using Pgkeep.IntegrationTests.Harness;
using Xunit;

namespace Pgkeep.IntegrationTests.Restore;

/// <summary>Restores with a repository into which a standby archives that was promoted in the middle of a segment.</summary>
public sealed class FailoverTests : IntegrationTest
{
    [Theory, EachMajor]
    public async Task What_the_old_server_wrote_behind_a_promotion_stays_in_its_own_data_directory(int major)
    {
        var site = await StartAsync(major);
        await site.Primary.ExecuteAsync("ALTER SYSTEM SET archive_command = 'false'");
        await site.Primary.ExecuteAsync("SELECT pg_reload_conf()");
        await site.Primary.WaitForReplayAsync(site.Standby);
        var end = await site.PromoteAsync();
        await site.WaitForAsync("00000002.history");
        await site.Standby.KillAsync();
        await site.Primary.ExecuteAsync("INSERT INTO t VALUES ('old'); CREATE TABLE also AS SELECT i, md5(i::text) FROM generate_series(1, 30000) i");
        await site.Primary.SwitchWalAsync();
        await site.Primary.KillAsync();
        var own = SegmentsOf(site.Primary.DataDirectory).Where(name => string.CompareOrdinal(name, end) > 0).ToList();
        Assert.NotEmpty(own);

        var restored = (await site.RestoreAsync()).EnsureSuccess();

        Assert.Equal(["both"], await site.Primary.QueryAsync<string>("SELECT origin FROM t"));
        Assert.Contains("no part of this restore, and kept in the old data directory only", restored.Stderr, StringComparison.Ordinal);
        var aside = Assert.Single(Directory.EnumerateDirectories(site.Primary.Workspace.Root, "data.before-*"));
        Assert.Empty(own.Except(SegmentsOf(aside)));
        await site.WaitForAsync(await site.Primary.SwitchWalAsync());
        Assert.DoesNotContain(own, name => File.Exists(site.StoredPath(name)));
    }

    private static IReadOnlyList<string> SegmentsOf(string dataDirectory) =>
        [.. Directory.EnumerateFiles(Path.Combine(dataDirectory, "pg_wal", "archive_status"), "00000001????????????????.ready").Select(path => Path.GetFileNameWithoutExtension(path)).Order(StringComparer.Ordinal)];

    private async Task<TwoServersSite> StartAsync(int major)
    {
        var repository = await (await GetWorkspaceAsync()).CreateDirectoryAsync("repository");
        var primary = await StartClusterAsync(major, new ServerOptions { WalSegmentSizeInMiB = 1, ArchiveCommand = RepositorySite.ArchiveCommand(repository) });
        (await new RepositorySite(primary, repository).BackupAsync()).EnsureSuccess();
        var site = new TwoServersSite(new RepositorySite(primary, repository), await StartStandbyAsync(primary));
        await site.WriteCommonAsync();
        return site;
    }
}
