using System.Globalization;
using Pgkeep.IntegrationTests.Harness;
using Xunit;

namespace Pgkeep.IntegrationTests.Restore;

/// <summary>Restores that must not begin. Each leaves the old cluster byte for byte as it was.</summary>
public sealed class RestoreRefusalTests : IntegrationTest, IClassFixture<StoppedSite>
{
    private readonly StoppedSite _stopped;

    public RestoreRefusalTests(StoppedSite stopped) => _stopped = stopped;

    private RestoreSite Site => _stopped.Site;

    [Fact]
    public async Task Without_a_terminal_and_without_yes_nothing_happens()
    {
        var result = await Site.RunAsync(["restore", "--pgdata", Site.DataDirectory]);

        await _stopped.AssertRefusedAsync(result, 60, "--yes");
    }

    [Theory]
    [InlineData("2000-01-01 00:00:00+00", 51, "lies before the end")]
    [InlineData("2999-01-01 00:00:00", 50, "future")]
    [InlineData("yesterday", 50, "\"yesterday\" is not a moment")]
    [InlineData("2026-02-30 00:00:00", 50, "is not a moment")]
    [InlineData("2025-10-26 02:30:00", 50, "+02:00", "+01:00", "twice")]
    [InlineData("2026-03-29 02:30:00", 50, "+01:00", "+02:00", "did not happen")]
    public async Task A_target_that_is_no_reachable_moment_is_refused(string target, int exitCode, params string[] facts)
    {
        var result = await Site.RunAsync(
            Site.RestoreWords("--target-time", target), environment: new Dictionary<string, string> { ["TZ"] = "Europe/Berlin" });

        await _stopped.AssertRefusedAsync(result, exitCode, facts);
    }

    [Theory]
    [InlineData(2, "--target-xid and --target-lsn are different targets", "--target-xid", "1000", "--target-lsn", "0/5000000")]
    [InlineData(50, "is not an LSN", "--target-lsn", "here")]
    [InlineData(51, "never committed in the WAL behind", "--target-xid", "1000000")]
    [InlineData(51, "there is no restore point \"unknown\"", "--target-name", "unknown")]
    [InlineData(51, "lies before the end of the oldest backup", "--target-lsn", "0/1000000")]
    [InlineData(51, "lies behind the last record of the WAL", "--target-lsn", "A/0")]
    [InlineData(51, "lies before the end of backup_", "latest", "--target-lsn", "0/1000000")]
    [InlineData(51, "00000009.history\" is missing", "--target-xid", "1000", "--target-timeline", "9")]
    public async Task A_target_that_is_no_place_in_the_WAL_is_refused(int exitCode, string fact, params string[] target)
    {
        var result = await Site.RestoreAsync(target);

        await _stopped.AssertRefusedAsync(result, exitCode, fact);
    }

    [Fact]
    public async Task A_target_before_the_named_backup_s_end_names_that_end()
    {
        var stopped = DateTimeOffset.Parse(RestoreSite.ReadMetadata(Site.Latest, "stopped"), CultureInfo.InvariantCulture);

        var result = await Site.RestoreAsync("latest", "--target-time", "2000-01-01 00:00:00+00");

        await _stopped.AssertRefusedAsync(result, 51, stopped.ToLocalTime().ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture));
    }

    [Fact]
    public async Task A_timeline_that_branched_before_the_backup_is_refused_and_an_earlier_backup_leads_there()
    {
        var site = await RestoreSite.StartAsync(await GetWorkspaceAsync(), PostgresServers.Newest);
        await site.BackupAsync();
        var moment = await site.MarkMomentAsync();
        await site.AddOrdersAsync();
        var late = Path.GetFileName(await site.BackupAsync());
        (await site.RestoreAsync("--stop-server", "--target-time", $"{moment}+00")).EnsureSuccess();
        await site.AddOrdersAsync(7);
        var branched = await site.ContentAsync();
        await site.ArchiveAsync();

        var refused = await site.RestoreAsync(late, "--stop-server", "--target-timeline", "2");
        var isRunning = site.Cluster.IsRunning;
        (await site.RestoreAsync("--stop-server", "--target-timeline", "2")).EnsureSuccess();

        refused.EnsureExitCode(51);
        Assert.Contains("timeline 2 left timeline 1 at", refused.Stderr, StringComparison.Ordinal);
        Assert.Contains($"before the end of {late}", string.Join(' ', refused.Stderr.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)), StringComparison.Ordinal);
        Assert.True(isRunning);
        Assert.Equal(branched, await site.ContentAsync());
    }

    [Theory]
    [InlineData("backup_19990101_000000", "there is no backup")]
    [InlineData("/nowhere/backup_19990101_000000", "there is no backup")]
    [InlineData("/", "is not in the repository")]
    [InlineData("wal_archive", "")]
    public async Task A_path_that_is_no_backup_is_refused(string named, string fact)
    {
        var argument = named == "wal_archive" ? Site.Archive : named;

        var result = await Site.RestoreAsync(argument);

        await _stopped.AssertRefusedAsync(result, 15, argument, fact);
    }

    [Theory]
    [InlineData("backup_19990101_000000", "which is not there")]
    [InlineData("/tmp", "outside the repository")]
    public async Task A_latest_that_leads_to_no_backup_is_refused(string target, string fact)
    {
        var repository = await CopyAsync("latest");
        var latest = Path.Combine(repository, "latest");
        File.Delete(latest);
        File.CreateSymbolicLink(latest, target);

        var result = await Site.RestoreAsync("latest", "--backup-dir", repository);

        await _stopped.AssertRefusedAsync(result, 15, latest, fact);
    }

    [Theory]
    [InlineData("base.tar.gz")]
    [InlineData("pg_wal.tar.gz")]
    [InlineData("backup_metadata.json")]
    [InlineData("backup_manifest")]
    public async Task A_flipped_byte_anywhere_in_the_backup_is_found_first(string file)
    {
        var (repository, backup) = await CopyBackupAsync("flip");
        await using (var stream = new FileStream(Path.Combine(backup, file), FileMode.Open))
        {
            stream.Position = stream.Length / 2;
            var value = stream.ReadByte();
            stream.Position--;
            stream.WriteByte((byte)(value ^ 1));
        }

        var result = await Site.RestoreAsync("latest", "--backup-dir", repository);

        await _stopped.AssertRefusedAsync(result, 16, file);
    }

    [Theory]
    [InlineData("base.tar.gz")]
    [InlineData("backup_metadata.json")]
    [InlineData("checksums.sha256")]
    public async Task A_missing_file_of_the_backup_is_named(string file)
    {
        var (repository, backup) = await CopyBackupAsync("missing");
        File.Delete(Path.Combine(backup, file));

        var result = await Site.RestoreAsync("latest", "--backup-dir", repository);

        await _stopped.AssertRefusedAsync(result, 16, file);
    }

    [Theory]
    [InlineData(10)]
    [InlineData(-200)]
    [InlineData(-1)]
    public async Task A_checksum_file_that_was_cut_is_refused(int length)
    {
        var (repository, backup) = await CopyBackupAsync("cut");
        await using (var stream = new FileStream(Path.Combine(backup, "checksums.sha256"), FileMode.Open))
        {
            stream.SetLength(length > 0 ? length : stream.Length + length);
        }

        var result = await Site.RestoreAsync("latest", "--backup-dir", repository);

        await _stopped.AssertRefusedAsync(result, 16, "checksums.sha256");
    }

    [Fact]
    public async Task A_missing_segment_in_the_middle_is_named()
    {
        var repository = await CopyAsync("hole");
        File.Delete(Path.Combine(repository, "wal_archive", _stopped.Later[1] + ".gz"));
        RemoveFromOldWal(_stopped.Later[1]);

        var result = await Site.RestoreAsync("--backup-dir", repository);

        await _stopped.AssertRefusedAsync(result, 40, _stopped.Later[1]);
    }

    [Fact]
    public async Task A_missing_history_in_the_middle_is_named()
    {
        var repository = await CopyAsync("history");
        (await TestAccount.RunAsync(
            "sh", ["-c", "printf '1\\t0/5000000\\tnothing\\n2\\t0/6000000\\tnothing\\n' | gzip > \"$1\"", "sh", Path.Combine(repository, "wal_archive/00000003.history.gz")])).EnsureSuccess();

        var result = await Site.RestoreAsync("--backup-dir", repository);

        Assert.Equal(40, result.ExitCode);
        Assert.Contains("00000002.history", result.Stderr, StringComparison.Ordinal);
        Assert.Equal(_stopped.Fingerprint, await Site.FingerprintAsync());
    }

    [Fact]
    public async Task Another_cluster_s_data_directory_is_not_overwritten()
    {
        var workspace = await GetWorkspaceAsync();
        await using var other = await PostgresCluster.StartAsync(workspace, PostgresServers.Newest, new ServerOptions { OwnSystemIdentifier = true });
        await other.StopAsync();

        var result = await Site.RestoreAsync("--pgdata", other.DataDirectory);

        await _stopped.AssertRefusedAsync(result, 14, other.DataDirectory);
    }

    [Fact]
    public async Task A_directory_with_something_else_in_it_is_not_overwritten()
    {
        var workspace = await GetWorkspaceAsync();
        await workspace.WriteFileAsync("letters.txt", "dear");

        var result = await Site.RestoreAsync("--pgdata", workspace.Root);

        await _stopped.AssertRefusedAsync(result, 10, workspace.Root);
    }

    [Fact]
    public async Task A_second_copy_does_not_take_the_first_one_s_tablespaces()
    {
        var workspace = await GetWorkspaceAsync();

        var result = await Site.RestoreAsync("--pgdata", workspace.PathOf("copy"));

        await _stopped.AssertRefusedAsync(result, 10, "tablespace", Site.DataDirectory);
    }

    [Fact]
    public async Task A_repository_without_its_marker_is_none()
    {
        var repository = await CopyAsync("marker");
        File.Delete(Path.Combine(repository, "repository.json"));

        var result = await Site.RestoreAsync("--backup-dir", repository);

        await _stopped.AssertRefusedAsync(result, 11, "repository.json");
    }

    [Fact]
    public async Task A_data_directory_that_holds_the_repository_is_refused()
    {
        var result = await Site.RestoreAsync("--pgdata", Site.Workspace.Root);

        await _stopped.AssertRefusedAsync(result, 10, Site.Repository);
    }

    [Fact]
    public async Task A_data_directory_in_the_repository_is_refused()
    {
        var result = await Site.RestoreAsync("--pgdata", Path.Combine(Site.Repository, "data"));

        await _stopped.AssertRefusedAsync(result, 10, Site.Repository);
    }

    [Fact]
    public async Task A_repository_in_a_tablespace_is_refused()
    {
        var copy = Path.Combine(Site.Workspace.PathOf("tablespace-elsewhere"), "repository");
        try
        {
            (await TestAccount.RunAsync("cp", ["-a", Site.Repository, copy])).EnsureSuccess();

            var result = await Site.RestoreAsync("--backup-dir", copy);

            result.EnsureExitCode(10);
            Assert.Contains(copy, result.Stderr, StringComparison.Ordinal);
            Assert.Empty(Site.Asides);
        }
        finally
        {
            Directory.Delete(copy, recursive: true);
            await _stopped.RenewFingerprintAsync();
        }
    }

    [Fact]
    public async Task Programs_of_another_major_are_refused()
    {
        var others = PostgresServers.Majors.Where(major => major != Site.Cluster.Major).ToList();
        Assert.SkipWhen(others.Count == 0, "needs a second major");

        var result = await Site.RestoreAsync("--bindir", PostgresServers.BinDirectory(others[0]));

        await _stopped.AssertRefusedAsync(result, 22, $"PostgreSQL {Site.Cluster.Major}");
    }

    [Fact]
    public async Task A_bindir_without_programs_is_refused()
    {
        var result = await Site.RestoreAsync("--bindir", "/usr/lib");

        await _stopped.AssertRefusedAsync(result, 22, "/usr/lib");
    }

    [Fact]
    public async Task A_parent_directory_that_may_not_be_written_is_refused()
    {
        var workspace = await GetWorkspaceAsync();
        (await TestAccount.RunAsync("chmod", ["0500", workspace.Root])).EnsureSuccess();

        var result = await Site.RestoreAsync("--pgdata", workspace.PathOf("data"));

        await _stopped.AssertRefusedAsync(result, 30, workspace.Root);
    }

    [Fact]
    public async Task A_program_that_the_server_s_account_cannot_run_is_refused()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "needs root");
        var closed = Directory.CreateTempSubdirectory("pgkeep-closed.").FullName;
        try
        {
            var program = Path.Combine(closed, "pgkeep");
            File.Copy(PgkeepBinary.FilePath, program);

            var result = await Site.RunProgramAsRootAsync(program, Site.RestoreWords());

            await _stopped.AssertRefusedAsync(result, 30, program, TestAccount.Name);
        }
        finally
        {
            Directory.Delete(closed, recursive: true);
        }
    }

    [Fact]
    public async Task While_another_command_changes_the_repository_nothing_is_restored()
    {
        await using var holder = TestAccount.Start(
            "flock", [Path.Combine(Site.Repository, ".pgkeep/lock"), "sh", "-c", "echo held; sleep 60"]);
        await Poll.UntilAsync(() => holder.Stdout.Length > 0, "the lock is held");

        var result = await Site.RestoreAsync();

        await _stopped.AssertRefusedAsync(result, 12, Site.Repository);
    }

    private async Task<string> CopyAsync(string name) => await Site.CopyRepositoryAsync($"{name}-{Guid.NewGuid():N}");

    private async Task<(string Repository, string Backup)> CopyBackupAsync(string name)
    {
        var repository = await CopyAsync(name);
        return (repository, Path.Combine(repository, Path.GetFileName(Site.Latest)));
    }

    private void RemoveFromOldWal(string segment) => Assert.False(
        File.Exists(Path.Combine(Site.DataDirectory, "pg_wal", segment)), $"{segment} is in the old pg_wal, where the restore finds it");
}
