using System.Globalization;
using Pgkeep.IntegrationTests.Harness;
using Xunit;

namespace Pgkeep.IntegrationTests.Backup;

/// <summary>A backup that ends too early, however it ends, is none: no name, no session, and the next one works.</summary>
public sealed class BackupFaultTests : BackupTest
{
    /// <summary>Every write of the backup's archives waits, so that there is a middle to hit.</summary>
    private const string SlowWrites = "pwrite64:delay_enter=400000";

    [Theory]
    [InlineData("fsync:error=EIO:when=1")]
    [InlineData("fsync:error=EIO:when=2")]
    [InlineData("fsync:error=EIO:when=3")]
    [InlineData("pwrite64:error=EIO:when=3")]
    [InlineData("renameat2:error=EIO")]
    public async Task A_disk_that_fails_is_a_failed_backup(string injection)
    {
        var site = await StartSiteAsync();
        await site.SwitchAndArchiveAsync();

        var result = await Strace.RunAsync(injection, PgkeepBinary.FilePath, ["backup"], OptionsOf(site));

        Assert.Equal(31, result.EnsureExitCode(31).ExitCode);
        Assert.Empty(site.Backups);
        Assert.Empty(RepositoryNames.LeftoversIn(site.Repository));
        await Poll.UntilAsync(async () => await site.SessionsAsync() == 0, "the session is gone");
    }

    [Fact]
    public async Task A_backup_whose_name_cannot_be_made_durable_gives_it_back()
    {
        var site = await StartSiteAsync();
        await site.SwitchAndArchiveAsync();

        var result = await Strace.RunAsync("fsync:error=EIO", PgkeepBinary.FilePath, ["backup"], OptionsOf(site), site.Repository);

        Assert.Equal(31, result.EnsureExitCode(31).ExitCode);
        Assert.Empty(site.Backups);
        Assert.Empty(RepositoryNames.LeftoversIn(site.Repository));
    }

    [Fact]
    public async Task A_disk_that_is_full_is_a_failed_backup()
    {
        var site = await StartSiteAsync();
        await site.SwitchAndArchiveAsync();

        var result = await Strace.RunAsync("pwrite64:error=ENOSPC:when=2+", PgkeepBinary.FilePath, ["backup"], OptionsOf(site));

        AssertRefusal(result, 32, "No space left on device");
        Assert.Empty(site.Backups);
        Assert.Empty(RepositoryNames.LeftoversIn(site.Repository));
    }

    [Theory]
    [InlineData((int)Signal.Terminate)]
    [InlineData((int)Signal.Interrupt)]
    [InlineData((int)Signal.Hangup)]
    public async Task A_signal_in_the_middle_ends_the_backup_and_the_servers_session(int signal)
    {
        var site = await StartSiteAsync();
        await site.SwitchAndArchiveAsync();
        await using var backup = Strace.Start(SlowWrites, PgkeepBinary.FilePath, ["backup"], OptionsOf(site));
        await WaitForMiddleAsync(site);

        Processes.Send(Assert.Single(Processes.DescendantsOf(backup.ProcessId)), (Signal)signal);
        var result = await backup.WaitAsync();

        Assert.Equal(75, result.ExitCode);
        Assert.Empty(site.Backups);
        Assert.Empty(RepositoryNames.LeftoversIn(site.Repository));
        await Poll.UntilAsync(async () => await site.SessionsAsync() == 0, "the session is gone");
    }

    [Fact]
    public async Task A_signal_during_a_spread_checkpoint_ends_at_once()
    {
        var settings = new Dictionary<string, string> { ["checkpoint_timeout"] = "30min" };
        var site = await StartSiteAsync(options: new ServerOptions { WalSegmentSizeInMiB = 1, Settings = settings });
        await site.Cluster.ExecuteAsync("CREATE TABLE t AS SELECT i, repeat('x', 100) FROM generate_series(1, 20000) i");
        await using var backup = PgkeepBinary.Start(["backup", "--checkpoint", "spread"], OptionsOf(site));
        await Poll.UntilAsync(async () => await site.Cluster.ScalarAsync<long>("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'pgkeep' AND wait_event LIKE 'Checkpoint%'") == 1, "the server makes its checkpoint");

        backup.Send(Signal.Terminate);
        var result = await backup.WaitAsync();

        Assert.Equal(75, result.ExitCode);
        await Poll.UntilAsync(async () => await site.SessionsAsync() == 0, "the session is gone");
    }

    [Fact]
    public async Task What_a_killed_backup_left_has_a_dot_name_and_goes_with_the_next_backup()
    {
        var site = await StartSiteAsync();
        await site.SwitchAndArchiveAsync();
        await using var backup = Strace.Start(SlowWrites, PgkeepBinary.FilePath, ["backup"], OptionsOf(site));
        await WaitForMiddleAsync(site);

        Processes.Send(Assert.Single(Processes.DescendantsOf(backup.ProcessId)), Signal.Kill);
        await backup.WaitAsync();

        Assert.Empty(site.Backups);
        Assert.NotEmpty(RepositoryNames.LeftoversIn(site.Repository));
        await site.TakeBackupAsync();
        Assert.Empty(RepositoryNames.LeftoversIn(site.Repository));
    }

    [Fact]
    public async Task What_a_killed_archive_wal_left_goes_with_the_next_backup()
    {
        var site = await StartSiteAsync();
        await site.SwitchAndArchiveAsync();
        var segment = Path.Combine(site.Cluster.DataDirectory, "pg_wal", await site.SwitchAndArchiveAsync());
        var name = Path.GetFileName(segment);
        string[] words = ["archive-wal", segment, name];
        var stored = Path.Combine(site.Archive, name + ".gz");
        (await TestAccount.RunAsync("rm", [stored])).EnsureSuccess();
        await KillSweep.RunAsync("archive-wal", await KillPoint.RecordAsync(site.Cluster.Workspace.PathOf("calls"), words, OptionsOf(site)), async moment =>
        {
            (await TestAccount.RunAsync("rm", ["-f", stored])).EnsureSuccess();
            return await KillPoint.KillAsync(moment, words, OptionsOf(site));
        });
        Assert.NotEmpty(RepositoryNames.LeftoversIn(site.Archive));
        Assert.NotEmpty(RepositoryNames.LeftoversIn(Path.Combine(site.Repository, "wal_index")));

        (await PgkeepBinary.RunAsync(words, OptionsOf(site))).EnsureSuccess();
        await site.TakeBackupAsync();

        Assert.Empty(RepositoryNames.LeftoversIn(site.Repository));
        Assert.Empty(RepositoryNames.LeftoversIn(site.Archive));
        Assert.Empty(RepositoryNames.LeftoversIn(Path.Combine(site.Repository, "wal_index")));
    }

    [Fact]
    public async Task Latest_stays_where_it_is_when_a_backup_fails()
    {
        var site = await StartSiteAsync();
        var good = await site.TakeBackupAsync();

        await Strace.RunAsync("fsync:error=EIO:when=3", PgkeepBinary.FilePath, ["backup"], OptionsOf(site));

        Assert.Equal([good], site.Backups);
        Assert.Equal(Path.GetFileName(good), new FileInfo(Path.Combine(site.Repository, "latest")).LinkTarget);
    }

    [Fact]
    public async Task A_second_backup_at_the_same_time_is_refused()
    {
        var site = await StartSiteAsync();
        await site.SwitchAndArchiveAsync();
        await using var first = Strace.Start(SlowWrites, PgkeepBinary.FilePath, ["backup"], OptionsOf(site));
        await WaitForMiddleAsync(site);

        var second = await site.BackupAsync();

        AssertRefusal(second, 12);
        (await first.WaitAsync()).EnsureSuccess();
        Assert.Single(site.Backups);
    }

    [Fact]
    public async Task A_session_that_the_server_ends_is_a_failed_backup()
    {
        var site = await StartSiteAsync();
        await site.SwitchAndArchiveAsync();
        await using var backup = Strace.Start(SlowWrites, PgkeepBinary.FilePath, ["backup"], OptionsOf(site));
        await WaitForMiddleAsync(site);

        await site.Cluster.ExecuteAsync("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'pgkeep'");
        var result = await backup.WaitAsync();

        Assert.Equal(20, result.EnsureExitCode(20).ExitCode);
        Assert.Empty(site.Backups);
    }

    [Theory, EachMajor]
    public async Task Backups_under_load_restore_by_hand(int major)
    {
        var site = await StartSiteAsync(major);
        await site.Cluster.ExecuteAsync("CREATE TABLE t (i int PRIMARY KEY, v int NOT NULL); INSERT INTO t SELECT i, 0 FROM generate_series(1, 20000) i; CREATE TABLE steps (n serial PRIMARY KEY, total bigint)");
        using var stop = new CancellationTokenSource();
        var load = LoadAsync(site.Cluster, stop.Token);

        for (var i = 0; i < 3; i++)
        {
            await site.TakeBackupAsync();
        }

        await stop.CancelAsync();
        await load;

        foreach (var backup in site.Backups)
        {
            var target = site.Cluster.Workspace.PathOf("hand-" + Path.GetFileName(backup));
            await HandRestore.UnpackAsync(backup, target);
            await HandRestore.AppendSettingsAsync(target, "archive_mode = off");
            await using var server = PostgresCluster.Adopt(site.Cluster.Workspace, major, target);
            await server.StartAsync();
            Assert.Equal(0, await server.ScalarAsync<long>("SELECT sum(v) FROM t")); // every transaction moves an amount from one row to another
            await ClusterContent.EnsurePagesAsync(server);
            await server.StopAsync();
        }
    }

    private static RunOptions OptionsOf(RepositorySite site) => new() { Environment = site.Environment };

    private static Task WaitForMiddleAsync(RepositorySite site) => Poll.UntilAsync(
        () => Directory.EnumerateDirectories(site.Repository, ".backup_*").Any(directory => File.Exists(Path.Combine(directory, "base.tar.gz"))),
        "the backup copies files");

    /// <summary>Rows change, and tables come, grow, shrink and go, while it is not cancelled.</summary>
    private static async Task LoadAsync(PostgresCluster cluster, CancellationToken stop)
    {
        for (var i = 0; !stop.IsCancellationRequested; i++)
        {
            var name = string.Create(CultureInfo.InvariantCulture, $"temporary_{i % 5}");
            await cluster.ExecuteAsync(
                $"""
                DROP TABLE IF EXISTS {name};
                CREATE TABLE {name} AS SELECT i, repeat('x', 200) AS t FROM generate_series(1, 3000) i;
                BEGIN;
                UPDATE t SET v = v + 1 WHERE i % 10 = {i % 10};
                UPDATE t SET v = v - 1 WHERE i % 10 = {(i + 1) % 10};
                INSERT INTO steps (total) SELECT sum(v) FROM t;
                COMMIT;
                DELETE FROM {name} WHERE i > 100;
                """);
            await cluster.ExecuteAsync($"VACUUM {name}");
        }
    }
}
