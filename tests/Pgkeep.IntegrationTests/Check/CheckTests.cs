using Pgkeep.IntegrationTests.Harness;
using Pgkeep.IntegrationTests.Scripts;
using Xunit;

namespace Pgkeep.IntegrationTests.Check;

public sealed class CheckTests : IntegrationTest
{
    [Theory]
    [EachMajor]
    public async Task Each_state_has_its_words_and_its_exit_code(int major)
    {
        var repository = await RunbookRepository.CreateAsync(await GetWorkspaceAsync(), options => StartClusterAsync(major, options));
        var cluster = repository.Cluster;

        await ExpectAsync(repository, 2, "CRITICAL: No backup in last 24 hours");
        var backup = await repository.BackupAsync();
        await ExpectAsync(repository, 0, "OK: Backups healthy | backup_age=");
        await ExpectAsync(repository, 2, "CRITICAL: Backup volume ", "--max-disk-used", "1");

        File.AppendAllText(repository.BackupLog, "[2025-01-08 14:30:00] ERROR: backup: no\n");
        await ExpectAsync(repository, 2, "CRITICAL: 1 ERROR in backup.log since the last backup");
        File.AppendAllText(repository.BackupLog, $"[2025-01-08 14:30:00] Backup completed: {backup}\n");

        await cluster.ExecuteAsync("ALTER SYSTEM SET archive_command = 'exit 3'");
        await cluster.ExecuteAsync("SELECT pg_reload_conf()");
        var segment = await cluster.SwitchWalAsync();
        await Poll.UntilAsync(() => cluster.ScalarAsync<bool>("SELECT failed_count > 0 FROM pg_stat_archiver"), "the archiver to fail");
        await ExpectAsync(repository, 1, $"WARNING: WAL archiving fails: {segment}");
        await Task.Delay(TimeSpan.FromSeconds(2), TestContext.Current.CancellationToken);
        await ExpectAsync(repository, 1, "WARNING: WAL archiving delayed ", "--max-wal-lag", "1s");
        await ExpectAsync(repository, 1, "WARNING: WAL archiving fails", "--max-wal-lag", "1h");

        await cluster.ExecuteAsync("ALTER SYSTEM RESET archive_command");
        await cluster.ExecuteAsync("SELECT pg_reload_conf()");
        await Poll.UntilAsync(() => repository.Segments.Contains(segment), "the segment to be stored", TimeSpan.FromSeconds(90));
        await Poll.UntilAsync(() => cluster.ScalarAsync<bool>("SELECT last_archived_time > last_failed_time FROM pg_stat_archiver"), "the statistics to follow");
        await Task.Delay(TimeSpan.FromSeconds(2), TestContext.Current.CancellationToken);
        await ExpectAsync(repository, 0, "OK: Backups healthy", "--max-wal-lag", "1s");

        await cluster.StopAsync();
        await ExpectAsync(repository, 3, "UNKNOWN: WAL: cannot connect");
        await repository.AgeAsync(backup, TimeSpan.FromHours(25));
        await ExpectAsync(repository, 2, "CRITICAL: No backup in last 24 hours | backup_age=90");
        var json = await repository.RunAsync("check-backups.sh", "--json");
        Assert.Contains("\"state\":\"CRITICAL\"", json.EnsureExitCode(2).Stdout, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_role_without_rights_can_check()
    {
        var repository = await RunbookRepository.CreateAsync(await GetWorkspaceAsync(), options => StartClusterAsync(PostgresServers.Newest, options));
        await repository.Cluster.ExecuteAsync("CREATE ROLE monitor LOGIN");
        await repository.BackupAsync();

        var result = await repository.RunWithAsync(new() { ["PGUSER"] = "monitor" }, "check-backups.sh");

        Assert.StartsWith("OK: Backups healthy", result.EnsureSuccess().Stdout, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Wrong_options_are_UNKNOWN()
    {
        (await PgkeepBinary.RunScriptAsync("check-backups.sh", ["--max-backup-age", "soon"])).EnsureExitCode(3);
    }

    private static async Task ExpectAsync(RunbookRepository repository, int exitCode, string firstLine, params string[] options)
    {
        var result = await repository.RunAsync("check-backups.sh", options);

        Assert.StartsWith(firstLine, result.EnsureExitCode(exitCode).Stdout, StringComparison.Ordinal);
        Assert.Equal("", result.Stderr);
    }
}
