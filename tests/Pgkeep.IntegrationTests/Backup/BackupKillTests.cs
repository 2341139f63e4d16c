using Pgkeep.IntegrationTests.Harness;
using Xunit;

namespace Pgkeep.IntegrationTests.Backup;

/// <summary>A backup is killed with SIGKILL: what has a backup's name is a whole one, and the next backup finds nothing in its way and leaves nothing of the killed one.</summary>
public sealed class BackupKillTests : BackupTest
{
    private RepositorySite _site = null!;

    [Fact]
    public async Task A_killed_backup_is_none_and_the_next_one_is_whole()
    {
        await StartAsync(PostgresServers.Newest);
        foreach (var moment in new[] { "mkdir:1", "pwrite64:4", "fsync:1", "fsync:5", "renameat2:1", "symlink:1", "rename:1" })
        {
            Assert.True(await KillAsync(moment), $"{moment} is never reached");
        }
    }

    [Soak]
    public async Task Every_moment_of_a_backup()
    {
        await StartAsync(PostgresServers.Majors[0]);
        await KillSweep.RunAsync("backup", await KillPoint.RecordAsync((await GetWorkspaceAsync()).PathOf("calls"), ["backup"], new RunOptions { Environment = _site.Environment }), KillAsync);
    }

    private async Task StartAsync(int major)
    {
        _site = await StartSiteAsync(major);
        await _site.Cluster.ExecuteAsync("CREATE TABLE t AS SELECT i, md5(i::text) FROM generate_series(1, 20000) i");
        await _site.TakeBackupAsync();
    }

    private async Task<bool> KillAsync(string moment)
    {
        (await TestAccount.RunAsync("sh", ["-c", "cd \"$1\" && rm -rf backup_* latest", "sh", _site.Repository])).EnsureSuccess();
        var earlier = await _site.TakeBackupAsync();
        if (!await KillPoint.KillAsync(moment, ["backup"], new RunOptions { Environment = _site.Environment }))
        {
            return false;
        }

        await EnsureWholeAsync();
        Assert.Contains(earlier, _site.Backups);
        await Poll.UntilAsync(async () => await _site.SessionsAsync() == 0, "the session is gone");

        var newest = await _site.TakeBackupAsync();
        await EnsureWholeAsync();
        Assert.Equal(Path.GetFileName(newest), Latest);
        Assert.Empty(RepositoryNames.LeftoversIn(_site.Repository));
        Assert.Empty(RepositoryNames.LeftoversIn(_site.Archive));
        return true;
    }

    private string? Latest => new FileInfo(Path.Combine(_site.Repository, "latest")).LinkTarget;

    /// <summary>Whatever has a backup's name, and whatever the link leads to.</summary>
    private async Task EnsureWholeAsync()
    {
        foreach (var backup in _site.Backups)
        {
            (await _site.RunAsync(["verify", "--deep", backup])).EnsureSuccess();
        }

        Assert.Contains(Latest, _site.Backups.Select(backup => Path.GetFileName(backup)));
        (await _site.RunAsync(["list"])).EnsureSuccess();
    }
}
