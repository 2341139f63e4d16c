using System.Text.Json.Nodes;
using Pgkeep.IntegrationTests.Harness;
using Xunit;

namespace Pgkeep.IntegrationTests.Restore;

/// <summary>Who stops and starts the server of a restore, and how it is left.</summary>
public sealed class RestoreServiceTests : IntegrationTest
{
    private RestoreSite _site = null!;

    [Theory, EachMajor]
    public async Task Somebody_s_own_commands_stop_and_start_the_server(int major)
    {
        var before = await StartAsync(major);
        var control = $"{_site.Cluster.BinDirectory}/pg_ctl -D {_site.DataDirectory}";

        // What it leaves behind keeps the command's output open, and must not be waited for.
        var result = await _site.RestoreAsync("--stop-command", $"echo stopping; {control} -m fast -w stop", "--start-command", $"{control} -w start");

        Assert.Contains("Restored: the server is running", result.EnsureSuccess().Stdout, StringComparison.Ordinal);
        Assert.Equal(before, await _site.ContentAsync());
    }

    [Theory, EachMajor]
    public async Task A_command_that_does_not_stop_it_changes_nothing(int major)
    {
        var before = await StartAsync(major);

        var result = (await _site.RestoreAsync("--stop-command", "echo 'not allowed to'; exit 5")).EnsureExitCode(24);

        Assert.Contains("cannot be stopped with echo 'not allowed to'; exit 5; start: pg_ctl: not allowed to", result.Stderr, StringComparison.Ordinal);
        Assert.Equal(before, await _site.ContentAsync());
        Assert.Empty(_site.Asides);
    }

    [Theory, EachMajor]
    public async Task A_server_that_is_left_to_somebody_recovers_when_it_is_started(int major)
    {
        var before = await StartAsync(major);

        var result = (await _site.RestoreAsync("--stop-server", "--no-start", "--target-name", "here")).EnsureSuccess();

        Assert.Contains("start the server, and the recovery begins", result.Stdout, StringComparison.Ordinal);
        Assert.False(File.Exists(Path.Combine(_site.DataDirectory, "postmaster.pid")));
        Assert.True(File.Exists(Path.Combine(_site.DataDirectory, "recovery.signal")));
        await _site.Cluster.StartAsync();
        await Poll.UntilAsync(async () => !await _site.Cluster.ScalarAsync<bool>("SELECT pg_is_in_recovery()"), "the server has promoted itself");
        Assert.Equal(before, await _site.ContentAsync());
        // What it wrote is a cluster like any other: kept, not discarded.
        await _site.AddOrdersAsync();
        (await _site.RollbackAsync("--stop-server")).EnsureSuccess();
        Assert.Single(Directory.EnumerateDirectories(Path.GetDirectoryName(_site.DataDirectory)!, "data.undone-*"));
    }

    [Theory, EachMajor]
    public async Task At_the_target_it_can_stand_still_until_it_is_told_to_go_on(int major)
    {
        var before = await StartAsync(major);

        (await _site.RestoreAsync("--stop-server", "--target-name", "here", "--target-action", "pause")).EnsureSuccess();

        await Poll.UntilAsync(() => _site.Cluster.ScalarAsync<bool>("SELECT pg_is_wal_replay_paused()"), "the server stands still");
        Assert.Equal(before, await _site.ContentAsync());
        await _site.Cluster.ExecuteAsync("SELECT pg_wal_replay_resume()");
        await Poll.UntilAsync(async () => !await _site.Cluster.ScalarAsync<bool>("SELECT pg_is_in_recovery()"), "the server has promoted itself");
        Assert.Equal(before, await _site.ContentAsync());
    }

    [Theory, EachMajor]
    public async Task At_the_target_it_can_shut_down(int major)
    {
        var before = await StartAsync(major);

        (await _site.RestoreAsync("--stop-server", "--target-name", "here", "--target-action", "shutdown")).EnsureSuccess();

        Assert.False(File.Exists(Path.Combine(_site.DataDirectory, "postmaster.pid")));
        var settings = await File.ReadAllTextAsync(_site.AutoConf, TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(_site.AutoConf, settings.Replace("recovery_target_action = 'shutdown'", "recovery_target_action = 'promote'", StringComparison.Ordinal), TestContext.Current.CancellationToken);
        await _site.Cluster.StartAsync();
        await Poll.UntilAsync(async () => !await _site.Cluster.ScalarAsync<bool>("SELECT pg_is_in_recovery()"), "the server has promoted itself");
        Assert.Equal(before, await _site.ContentAsync());
    }

    [Fact]
    public async Task An_action_without_a_target_is_refused()
    {
        await StartAsync(15);

        var result = (await _site.RestoreAsync("--stop-server", "--target-action", "pause")).EnsureExitCode(2);

        Assert.Contains("--target-action pause needs a target", result.Stderr, StringComparison.Ordinal);
    }

    [Theory, EachMajor]
    public async Task The_restored_cluster_is_looked_at_before_anybody_comes_in(int major)
    {
        await StartAsync(major);
        await _site.Cluster.ExecuteAsync("CREATE DATABASE second");
        // Whom the server's own rules let in does not matter.
        await File.AppendAllTextAsync(Path.Combine(_site.DataDirectory, "pg_hba.conf"), "\nhost all all 10.0.0.0/8 reject\n", TestContext.Current.CancellationToken);

        var result = JsonNode.Parse((await _site.RestoreAsync("--stop-server", "--json", "--quiet")).EnsureSuccess().Stdout.Split('\n', StringSplitOptions.RemoveEmptyEntries)[^1])!;

        Assert.Equal(["postgres", "second", "template1"], result["health"]!["databases"]!.AsArray().Select(name => name!.GetValue<string>()));
        Assert.Empty(result["health"]!["problems"]!.AsArray());
        Assert.False(File.Exists(Path.Combine(_site.DataDirectory, "pgkeep-recovery.hba")));
    }

    [Theory, EachMajor(Min = 14)]
    public async Task Amcheck_looks_into_it_too_and_leaves_nothing_behind(int major)
    {
        await StartAsync(major);
        Assert.SkipUnless(File.Exists(Path.Combine(_site.Cluster.BinDirectory, "pg_amcheck")), "needs pg_amcheck");
        await _site.Cluster.ExecuteAsync("CREATE DATABASE second");
        await _site.Cluster.ExecuteAsync("CREATE EXTENSION amcheck", "second");
        await _site.BackupAsync();
        var before = await _site.ContentAsync();

        var sound = (await _site.RestoreAsync("--stop-server", "--amcheck")).EnsureSuccess();
        // An index that is no longer what its expression says, as after an update of the library that orders text.
        await _site.Cluster.ExecuteAsync("CREATE FUNCTION keyed(int) RETURNS int IMMUTABLE LANGUAGE sql AS 'SELECT $1'");
        await _site.Cluster.ExecuteAsync("CREATE INDEX of_another_day ON orders (keyed(i))");
        await _site.Cluster.ExecuteAsync("CREATE OR REPLACE FUNCTION keyed(int) RETURNS int IMMUTABLE LANGUAGE sql AS 'SELECT -$1'");
        var unsound = await _site.RestoreAsync("--stop-server", "--amcheck");
        var left = await _site.RestoreAsync("--stop-server", "--amcheck", "--no-start");

        Assert.Contains("pg_amcheck: nothing found", sound.Stdout, StringComparison.Ordinal);
        unsound.EnsureExitCode(3);
        Assert.Contains("of_another_day", unsound.Stderr, StringComparison.Ordinal);
        Assert.Contains("pg_amcheck is left out", left.EnsureSuccess().Stderr, StringComparison.Ordinal);
        (await _site.RollbackAsync()).EnsureSuccess();
        await _site.Cluster.StartAsync();
        Assert.Equal(before, await _site.ContentAsync());
        Assert.Equal(0, await _site.Cluster.ScalarAsync<long>("SELECT count(*) FROM pg_extension WHERE extname = 'amcheck'"));
        Assert.Equal(1, await _site.Cluster.ScalarAsync<long>("SELECT count(*) FROM pg_extension WHERE extname = 'amcheck'", "second"));
    }

    /// <returns>What the tables held at the restore point "here".</returns>
    private async Task<string> StartAsync(int major)
    {
        _site = await RestoreSite.StartAsync(await GetWorkspaceAsync(), major);
        await _site.BackupAsync();
        await _site.AddOrdersAsync();
        var content = await _site.ContentAsync();
        await _site.Cluster.ExecuteAsync("SELECT pg_create_restore_point('here')");
        await _site.ArchiveAsync();
        return content;
    }
}
