using System.Globalization;
using System.Text.Json.Nodes;
using Pgkeep.IntegrationTests.Archive;
using Pgkeep.IntegrationTests.Harness;
using Xunit;

namespace Pgkeep.IntegrationTests.Check;

/// <summary><c>pgkeep wal</c> on real servers.</summary>
public sealed class WalStatusTests : IntegrationTest
{
    private const int StoresNothing = 43;
    private const int Findings = 3;

    [Theory]
    [EachMajor]
    public async Task It_tells_ranges_windows_and_lag_and_finds_an_archiver_that_stores_nothing(int major)
    {
        var site = await StartAsync(major);
        await site.TakeBackupAsync();
        await site.Cluster.ExecuteAsync("CREATE TABLE written (i int)");
        var xid = await site.Cluster.ScalarAsync<string>("INSERT INTO written VALUES (1) RETURNING pg_current_xact_id()::text");
        await site.SwitchAndArchiveAsync();
        var last = await site.SwitchAndArchiveAsync();

        var status = await ReadAsync(site, 0);

        var timeline = Assert.Single(status["timelines"]!.AsArray())!;
        Assert.Equal((last, 0), (timeline["last"]!.GetValue<string>(), timeline["gaps"]!.AsArray().Count));
        var window = Assert.Single(status["windows"]!.AsArray())!;
        Assert.Equal(last, window["last_segment"]!.GetValue<string>());
        var commit = window["last_commit"]!;
        Assert.True(commit["xid"]!.GetValue<uint>() >= uint.Parse(xid, CultureInfo.InvariantCulture));
        Assert.InRange(commit["time"]!.GetValue<DateTimeOffset>(), window["from"]!.GetValue<DateTimeOffset>(), window["commits_until"]!.GetValue<DateTimeOffset>());
        Assert.Contains($"to the last one, {TimeOf(commit)}", (await site.RunAsync(["wal"])).EnsureSuccess().Stdout.ReplaceLineEndings(" ").Replace("  ", " ", StringComparison.Ordinal), StringComparison.Ordinal);
        Assert.True(window["commits_until"]!.GetValue<DateTimeOffset>() > window["from"]!.GetValue<DateTimeOffset>());
        Assert.Equal(("primary", false), (status["server"]!["role"]!.GetValue<string>(), status["server"]!["stores_nothing"]!.GetValue<bool>()));
        Assert.InRange(status["server"]!["lag_bytes"]!.GetValue<long>(), 0, 1024 * 1024);

        await SetCommandAsync(site, "/bin/true");
        var lost = await site.Cluster.SwitchWalAsync();
        await Poll.UntilAsync(() => site.Cluster.ScalarAsync<bool>($"SELECT last_archived_wal = '{lost}' FROM pg_stat_archiver"), "the archiver calls it archived");

        var failed = await site.RunAsync(["wal"]);
        failed.EnsureExitCode(StoresNothing);
        Assert.Contains($"ERROR: the server says that it archived \"{lost}\"", failed.Stdout.ReplaceLineEndings(" ").Replace("  ", " ", StringComparison.Ordinal), StringComparison.Ordinal);
        Assert.Contains("hint:", failed.Stderr, StringComparison.Ordinal);
        var check = await site.RunAsync(["check"]);
        Assert.StartsWith($"CRITICAL: WAL archiving stores nothing: {lost}", check.EnsureExitCode(2).Stdout, StringComparison.Ordinal);

        await SetCommandAsync(site, RepositorySite.ArchiveCommand(site.Repository));
        await site.SwitchAndArchiveAsync();
        var holed = await ReadAsync(site, Findings);
        var gap = Assert.Single(holed["timelines"]![0]!["gaps"]!.AsArray())!;
        Assert.Equal((lost, 1, true), (gap["first"]!.GetValue<string>(), gap["segments"]!.GetValue<int>(), gap["matters"]!.GetValue<bool>()));
        Assert.Equal(lost, holed["windows"]![0]!["missing_segment"]!.GetValue<string>());

        await site.TakeBackupAsync();
        Assert.Contains(lost, (await site.RunAsync(["wal"])).EnsureExitCode(Findings).Stdout, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_archiver_that_fails_is_told_with_what_waits()
    {
        var site = await StartAsync(PostgresServers.Newest);
        await site.TakeBackupAsync();
        await SetCommandAsync(site, "exit 3");
        var segment = await site.Cluster.SwitchWalAsync();
        await Poll.UntilAsync(() => site.Cluster.ScalarAsync<bool>("SELECT failed_count > 0 FROM pg_stat_archiver"), "the archiver to fail");

        var server = (await ReadAsync(site, Findings))["server"]!;

        Assert.Equal((segment, true, 1), (server["last_failed"]!.GetValue<string>(), server["failing"]!.GetValue<bool>(), server["waiting_files"]!.GetValue<int>()));
        Assert.InRange(server["lag_bytes"]!.GetValue<long>(), 1, 3 * 1024 * 1024);
    }

    [Fact]
    public async Task A_receiver_that_is_the_only_archiver_is_told_and_missed_when_it_is_gone()
    {
        var repository = await (await GetWorkspaceAsync()).CreateDirectoryAsync("repository");
        var cluster = await StartClusterAsync(PostgresServers.Newest, new ServerOptions { WalSegmentSizeInMiB = 1 });
        var (site, receiving) = (new RepositorySite(cluster, repository), new ReceiveSite(cluster, repository));
        await using (var receiver = await receiving.StartStreamingAsync())
        {
            await site.TakeBackupAsync();
            await cluster.SwitchWalAsync();
            await cluster.ExecuteAsync("CREATE TABLE unfinished ()");
            await receiving.WaitUntilReceivedAsync();

            var running = Assert.Single((await ReadAsync(site, 0))["receivers"]!.AsArray())!;
            Assert.Equal(("pgkeep", true, true, null), (running["slot"]!.GetValue<string>(), running["used"]!.GetValue<bool>(), running["active"]!.GetValue<bool>(), running["problem"]));
            Assert.Contains("receiver pgkeep active", (await site.RunAsync(["check"])).EnsureSuccess().Stdout, StringComparison.Ordinal);
            await ReceiveSite.EndAsync(receiver);
        }

        var stopped = (await ReadAsync(site, Findings))["receivers"]![0]!;
        Assert.Contains("nobody receives through the slot", stopped["problem"]!.GetValue<string>(), StringComparison.Ordinal);
        Assert.StartsWith("WARNING: WAL receiver pgkeep is not running", (await site.RunAsync(["check"])).EnsureExitCode(1).Stdout, StringComparison.Ordinal);

        (await site.RunAsync(["receive-wal", "--drop-slot"])).EnsureSuccess();
        Assert.Contains("the server has no slot", (await ReadAsync(site, Findings))["receivers"]![0]!["problem"]!.GetValue<string>(), StringComparison.Ordinal);
        Directory.Delete(receiving.DirectoryOf("pgkeep"), recursive: true);
        Assert.Empty((await ReadAsync(site, 0))["receivers"]!.AsArray());
    }

    [Fact]
    public async Task Without_a_server_and_from_a_role_without_rights_the_rest_still_comes()
    {
        var site = await StartAsync(PostgresServers.Newest);
        await site.TakeBackupAsync();
        await site.Cluster.ExecuteAsync("CREATE ROLE monitor LOGIN");

        var poor = await PgkeepBinary.RunAsync(["wal"], new RunOptions { Environment = new Dictionary<string, string>(site.Environment) { ["PGUSER"] = "monitor" } });
        await site.Cluster.StopAsync();
        var alone = await site.RunAsync(["wal"]);

        Assert.Contains("whether files wait in pg_wal is not known", poor.EnsureSuccess().Stdout.ReplaceLineEndings(" "), StringComparison.Ordinal);
        Assert.Contains("not known: cannot connect", alone.EnsureSuccess().Stdout, StringComparison.Ordinal);
        Assert.Contains("restores", alone.Stdout, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_standby_is_a_server_too_and_another_cluster_s_is_named()
    {
        var site = await StartAsync(PostgresServers.Newest);
        await site.TakeBackupAsync();
        var standby = await StartStandbyAsync(site.Cluster);
        await site.SwitchAndArchiveAsync();
        await site.Cluster.WaitForReplayAsync(standby);
        var other = await StartClusterAsync(PostgresServers.Newest, new ServerOptions { OwnSystemIdentifier = true }, "other");

        var status = await ReadAsync(new RepositorySite(standby, site.Repository), 0);
        var mismatch = await new RepositorySite(other, site.Repository).RunAsync(["wal"]);

        Assert.Equal(("standby", 1), (status["server"]!["role"]!.GetValue<string>(), status["server"]!["timeline"]!.GetValue<int>()));
        Assert.InRange(status["server"]!["lag_bytes"]!.GetValue<long>(), 0, 1024 * 1024);
        Assert.Contains("repository rotate", mismatch.EnsureExitCode(14).Stderr, StringComparison.Ordinal);
    }

    private static string TimeOf(JsonNode commit) => commit["time"]!.GetValue<DateTimeOffset>().ToLocalTime().ToString("yyyy-MM-dd HH:mm:ss.fff", CultureInfo.InvariantCulture);

    private async Task<RepositorySite> StartAsync(int major)
    {
        var repository = await (await GetWorkspaceAsync()).CreateDirectoryAsync("repository");
        return new RepositorySite(await StartClusterAsync(major, new ServerOptions { WalSegmentSizeInMiB = 1, ArchiveCommand = RepositorySite.ArchiveCommand(repository) }), repository);
    }

    private static async Task SetCommandAsync(RepositorySite site, string command)
    {
        await site.Cluster.ExecuteAsync($"ALTER SYSTEM SET archive_command = '{command}'");
        await site.Cluster.ExecuteAsync("SELECT pg_reload_conf()");
        await Poll.UntilAsync(() => site.Cluster.ScalarAsync<bool>($"SELECT current_setting('archive_command') = '{command}'"), "the setting is read");
    }

    private static async Task<JsonNode> ReadAsync(RepositorySite site, int exitCode) => JsonNode.Parse((await site.RunAsync(["wal", "--json"])).EnsureExitCode(exitCode).Stdout)!;
}
