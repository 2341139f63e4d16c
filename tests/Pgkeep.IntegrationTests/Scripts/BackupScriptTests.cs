using System.Text.RegularExpressions;
using Pgkeep.IntegrationTests.Harness;
using Xunit;

namespace Pgkeep.IntegrationTests.Scripts;

public sealed partial class BackupScriptTests : IntegrationTest
{
    [Theory]
    [EachMajor]
    public async Task Base_logs_the_runbooks_lines_and_verify_stats_and_the_one_liners_work(int major)
    {
        var repository = await RunbookRepository.CreateAsync(await GetWorkspaceAsync(), options => StartClusterAsync(major, options));

        var backup = await repository.BackupAsync();

        var path = Path.Combine(repository.Directory, backup);
        var lines = File.ReadAllLines(repository.BackupLog);
        Assert.All(lines, line => Assert.Matches(Stamp(), line));
        Assert.Equal(
            [
                $"Starting PostgreSQL base backup: {backup}",
                "Base backup completed successfully",
                "Backup size: ",
                "Checksum file created",
                $"Backup completed: {path}",
            ],
            lines.Select(line => line["[2025-01-08 14:30:00] ".Length..]).Select(line => line.StartsWith("Backup size: ", StringComparison.Ordinal) ? "Backup size: " : line)
                .Where(line => !line.StartsWith("Source: ", StringComparison.Ordinal)));

        Assert.Contains(backup, (await repository.RunAsync("backup-postgres.sh", "verify")).EnsureSuccess().Stdout, StringComparison.Ordinal);
        Assert.Contains(backup, (await repository.RunAsync("backup-postgres.sh", "verify", path)).EnsureSuccess().Stdout, StringComparison.Ordinal);
        Assert.Contains(backup, (await repository.RunAsync("backup-postgres.sh", "verify", Path.Combine(repository.Directory, "latest"))).EnsureSuccess().Stdout, StringComparison.Ordinal);
        Assert.Contains(backup, (await repository.RunAsync("backup-postgres.sh", "stats")).EnsureSuccess().Stdout, StringComparison.Ordinal);
        Assert.Contains("\"backups\":1", (await repository.RunAsync("backup-postgres.sh", "stats", "--json")).EnsureSuccess().Stdout, StringComparison.Ordinal);
        (await repository.RunAsync("backup-postgres.sh", "cleanup")).EnsureSuccess();

        Assert.Equal(path, (await repository.ShellAsync("find $D -name 'backup_*' -type d -mtime -1")).TrimEnd());
        Assert.Equal("", await repository.ShellAsync("find $D/latest -mtime +1"));
        Assert.Equal("", await repository.ShellAsync("tail -100 $D/backup.log | grep ERROR || :"));
        Assert.Contains(backup, await repository.ShellAsync("ls -lh $D/ | grep backup_"), StringComparison.Ordinal);
        Assert.Matches("^[0-9]+\n$", await repository.ShellAsync("df -h $D | awk '{print $5}' | grep -o '[0-9]*'"));
    }

    [Theory]
    [InlineData]
    [InlineData("full")]
    [InlineData("restore")]
    public async Task Other_words_get_the_usage(params string[] words)
    {
        var result = (await PgkeepBinary.RunScriptAsync("backup-postgres.sh", words)).EnsureExitCode(2);

        Assert.StartsWith("usage: backup-postgres.sh base | verify", result.Stderr, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Failed_backup_leaves_an_ERROR_for_monitoring()
    {
        var workspace = await GetWorkspaceAsync();
        var directory = await workspace.CreateDirectoryAsync("backups");
        var environment = new Dictionary<string, string> { ["BACKUP_DIR"] = directory, ["PGHOST"] = workspace.Root, ["PGPORT"] = "1" };

        (await PgkeepBinary.RunScriptAsync("backup-postgres.sh", ["base"], new RunOptions { Environment = environment })).EnsureExitCode(20);

        Assert.Contains("ERROR: cannot connect", File.ReadAllText(Path.Combine(directory, "backup.log")), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Scripts_work_through_links_and_from_any_directory()
    {
        var workspace = await GetWorkspaceAsync();
        (await TestAccount.RunAsync("ln", ["-s", PgkeepBinary.Script("backup-postgres.sh"), workspace.PathOf("link")])).EnsureSuccess();
        (await TestAccount.RunAsync("ln", ["-s", Path.GetDirectoryName(PgkeepBinary.Script("x"))!, workspace.PathOf("folder")])).EnsureSuccess();
        var there = new RunOptions { WorkingDirectory = workspace.Root };

        Assert.Contains("usage: pgkeep stats", (await TestAccount.RunAsync("sh", ["-c", "./link stats --help"], there)).EnsureSuccess().Stdout, StringComparison.Ordinal);
        Assert.Contains("usage: pgkeep stats", (await TestAccount.RunAsync("sh", ["-c", "folder/backup-postgres.sh stats --help"], there)).EnsureSuccess().Stdout, StringComparison.Ordinal);
        Assert.Contains("usage: pgkeep restore", (await TestAccount.RunAsync("sh", ["-c", "folder/restore-postgres.sh latest '2025-01-08 12:30:00' --help"], there)).EnsureSuccess().Stdout, StringComparison.Ordinal);
        (await TestAccount.RunAsync("sh", ["-c", "folder/restore-postgres.sh --yes"], there)).EnsureExitCode(2);
    }

    [Fact]
    public async Task Reference_configuration_can_be_included()
    {
        var script = PgkeepBinary.Script("archive-wal.sh");
        var workspace = await GetWorkspaceAsync();
        var text = File.ReadAllText(PgkeepBinary.Script("postgresql-backup-config.conf"));
        await workspace.WriteFileAsync("included.conf", text.Replace("/path/to/scripts/archive-wal.sh", script, StringComparison.Ordinal));
        var cluster = await StartClusterAsync(PostgresServers.Newest);
        File.AppendAllText(Path.Combine(cluster.DataDirectory, "postgresql.conf"), $"include = '{workspace.PathOf("included.conf")}'\n");

        await cluster.StopAsync();
        await cluster.StartAsync();

        Assert.Equal($"{script} %p %f", await cluster.ScalarAsync<string>("SHOW archive_command"));
        Assert.Equal("on", await cluster.ScalarAsync<string>("SHOW archive_mode"));
        Assert.Equal("5min", await cluster.ScalarAsync<string>("SHOW archive_timeout"));
    }

    [GeneratedRegex(@"^\[\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\] ")]
    private static partial Regex Stamp();
}
