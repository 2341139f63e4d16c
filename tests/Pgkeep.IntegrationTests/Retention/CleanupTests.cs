using Pgkeep.IntegrationTests.Harness;
using Pgkeep.IntegrationTests.Scripts;
using Xunit;

namespace Pgkeep.IntegrationTests.Retention;

public sealed class CleanupTests : IntegrationTest
{
    [Theory]
    [EachMajor]
    public async Task What_is_left_after_a_cleanup_restores(int major)
    {
        var repository = await RunbookRepository.CreateAsync(await GetWorkspaceAsync(), options => StartClusterAsync(major, options));
        var cluster = repository.Cluster;
        await cluster.ExecuteAsync("CREATE TABLE t AS SELECT generate_series(1, 1000) AS n");
        var oldest = await repository.BackupAsync();
        await cluster.SwitchWalAsync();
        var cover = await repository.BackupAsync();
        await cluster.ExecuteAsync("INSERT INTO t SELECT generate_series(1001, 2000)");
        var newest = await repository.BackupAsync();
        await cluster.ExecuteAsync("INSERT INTO t SELECT generate_series(2001, 3000)");
        await repository.AgeAsync(oldest, TimeSpan.FromDays(8));
        await repository.AgeAsync(cover, TimeSpan.FromDays(4));
        var segments = repository.Segments;

        Assert.Contains($"keep  {oldest}  a restore to the first of the last 7 days", (await repository.RunAsync("backup-postgres.sh", "cleanup")).EnsureSuccess().Stdout, StringComparison.Ordinal);
        Assert.Equal(3, repository.Backups.Count);
        Assert.Equal(segments.Where(segment => string.CompareOrdinal(segment, repository.StartWal(oldest)) >= 0), repository.Segments.Intersect(segments));

        var preview = (await repository.RunWithAsync(new() { ["RETENTION_DAYS"] = "3" }, "backup-postgres.sh", "cleanup", "--dry-run")).EnsureSuccess();
        Assert.Contains($"remove  {oldest}", preview.Stdout, StringComparison.Ordinal);
        Assert.Equal(3, repository.Backups.Count);

        (await repository.RunWithAsync(new() { ["RETENTION_DAYS"] = "3" }, "backup-postgres.sh", "cleanup")).EnsureSuccess();
        Assert.Equal([cover, newest], repository.Backups);
        var log = File.ReadAllText(repository.BackupLog);
        Assert.Contains($"Removed {oldest} (ended ", log, StringComparison.Ordinal);
        Assert.Contains(", retention 3 days)", log, StringComparison.Ordinal);
        Assert.DoesNotContain("ERROR", log, StringComparison.Ordinal);
        Assert.Equal(repository.StartWal(cover), repository.Segments[0]);
        Assert.Empty(Directory.EnumerateDirectories(repository.Directory, ".backup_*"));

        var expected = await cluster.ChecksumAsync("t");
        await RestoreAsync(repository, cover);
        Assert.Equal(expected, await cluster.ChecksumAsync("t"));
    }

    [Fact]
    public async Task Latest_never_leads_nowhere_and_leftovers_go()
    {
        var repository = await RunbookRepository.CreateAsync(await GetWorkspaceAsync(), options => StartClusterAsync(PostgresServers.Newest, options));
        var first = await repository.BackupAsync();
        var second = await repository.BackupAsync();
        var third = await repository.BackupAsync();
        await repository.AgeAsync(first, TimeSpan.FromDays(40));
        await repository.AgeAsync(second, TimeSpan.FromDays(30));
        // As a kill between the backup's rename and the link's leaves it, and one in the midst of an earlier cleanup.
        await repository.ShellAsync($"ln -sfn {first} $D/latest && mkdir $D/.backup_20200101_000000.1a && touch $D/.backup_20200101_000000.1a/base.tar.gz");

        (await repository.RunAsync("backup-postgres.sh", "cleanup")).EnsureSuccess();

        Assert.Equal([second, third], repository.Backups);
        Assert.Equal(third, (await repository.ShellAsync("readlink $D/latest")).TrimEnd());
        Assert.Empty(Directory.EnumerateDirectories(repository.Directory, ".backup_*"));
    }

    [Fact]
    public async Task Without_a_usable_backup_nothing_goes()
    {
        var repository = await RunbookRepository.CreateAsync(await GetWorkspaceAsync(), options => StartClusterAsync(PostgresServers.Newest, options));
        var only = await repository.BackupAsync();
        await repository.ShellAsync($"rm $D/{only}/backup_metadata.json && touch -d '1 year ago' $D/{only} && touch -d '1 year ago' $D/wal_archive/*");
        var segments = repository.Segments;

        var result = (await repository.RunAsync("backup-postgres.sh", "cleanup")).EnsureSuccess();

        Assert.Contains("unusable", result.Stdout, StringComparison.Ordinal);
        Assert.Equal([only], repository.Backups);
        Assert.Equal(segments, repository.Segments);
    }

    [Fact]
    public async Task Archive_of_another_cluster_is_not_touched()
    {
        var workspace = await GetWorkspaceAsync();
        var repository = await RunbookRepository.CreateAsync(workspace, options => StartClusterAsync(PostgresServers.Newest, options));
        await repository.BackupAsync();
        var other = await workspace.CreateDirectoryAsync("other");
        await repository.ShellAsync($"sed 's/\"system_identifier\": \"[0-9]*\"/\"system_identifier\": \"42\"/' $D/repository.json >{other}/repository.json && touch {other}/000000010000000000000001.gz");

        (await repository.RunWithAsync(new() { ["WAL_ARCHIVE_DIR"] = other }, "backup-postgres.sh", "cleanup")).EnsureExitCode(14);

        Assert.True(File.Exists(Path.Combine(other, "000000010000000000000001.gz")));
    }

    private static async Task RestoreAsync(RunbookRepository repository, string backup)
    {
        (await repository.RunWithAsync(
            new() { ["PGKEEP_RESTORE_LOG"] = repository.Cluster.Workspace.PathOf("restore.log") },
            "restore-postgres.sh",
            Path.Combine(repository.Directory, backup),
            "--yes")).EnsureSuccess();
    }
}
