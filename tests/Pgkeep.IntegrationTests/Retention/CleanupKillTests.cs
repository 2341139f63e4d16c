using Pgkeep.IntegrationTests.Harness;
using Pgkeep.IntegrationTests.Scripts;
using Xunit;

namespace Pgkeep.IntegrationTests.Retention;

/// <summary>A cleanup is killed with SIGKILL: every backup that is still listed is whole and has its WAL, and the next cleanup leaves what one that was not killed leaves.</summary>
public sealed class CleanupKillTests : IntegrationTest
{
    private RunbookRepository _repository = null!;
    private string _after = "";

    [Fact]
    public async Task A_killed_cleanup_leaves_whole_backups_and_is_finished_by_the_next()
    {
        await StartAsync(PostgresServers.Newest);
        foreach (var moment in new[] { "rename:1", "unlink:1", "unlink:5", "rmdir:1", "unlink:23" })
        {
            Assert.True(await KillAsync(moment), $"{moment} is never reached");
        }
    }

    [Soak]
    public async Task Every_moment_of_a_cleanup()
    {
        await StartAsync(PostgresServers.Majors[0]);
        await ResetAsync();
        await KillSweep.RunAsync("cleanup", await KillPoint.RecordAsync((await GetWorkspaceAsync()).PathOf("calls"), ["cleanup"], Options), KillAsync);
    }

    private RunOptions Options => new() { Environment = _repository.Environment };

    private async Task StartAsync(int major)
    {
        _repository = await RunbookRepository.CreateAsync(await GetWorkspaceAsync(), options => StartClusterAsync(major, options with { WalSegmentSizeInMiB = 1 }));
        await _repository.Cluster.ExecuteAsync("CREATE TABLE t AS SELECT generate_series(1, 1000) AS n");
        string[] backups = [await _repository.BackupAsync(), await _repository.BackupAsync(), await _repository.BackupAsync(), await _repository.BackupAsync()];
        await _repository.Cluster.StopAsync();
        foreach (var (backup, age) in backups.Zip([40, 30, 20, 6]))
        {
            await _repository.AgeAsync(backup, TimeSpan.FromDays(age));
        }

        // As a kill between the backup's rename and the link's leaves it.
        await _repository.ShellAsync($"ln -sfn {backups[0]} $D/latest && cp -a $D $D.before");
        (await PgkeepBinary.RunAsync(["cleanup"], Options)).EnsureSuccess();
        Assert.Equal(backups[2..], _repository.Backups);
        _after = await NamesAsync();
    }

    private Task<string> ResetAsync() => _repository.ShellAsync("rm -rf $D && cp -a $D.before $D");

    private async Task<bool> KillAsync(string moment)
    {
        await ResetAsync();
        if (!await KillPoint.KillAsync(moment, ["cleanup"], Options))
        {
            return false;
        }

        foreach (var backup in _repository.Backups)
        {
            (await PgkeepBinary.RunAsync(["verify", "--deep", backup], Options)).EnsureSuccess();
            Assert.Contains(_repository.StartWal(backup), _repository.Segments);
        }

        (await PgkeepBinary.RunAsync(["verify", "--wal"], Options)).EnsureSuccess();
        (await PgkeepBinary.RunAsync(["cleanup"], Options)).EnsureSuccess();
        Assert.Equal(_after, await NamesAsync());
        return true;
    }

    /// <summary>All that lies there, and where the link leads to.</summary>
    private Task<string> NamesAsync() => _repository.ShellAsync("cd $D && find . ! -name '*.log' | sort && readlink latest");
}
