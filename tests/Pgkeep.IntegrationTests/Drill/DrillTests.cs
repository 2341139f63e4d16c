using System.Text.Json.Nodes;
using Pgkeep.IntegrationTests.Harness;
using Pgkeep.IntegrationTests.Restore;
using Xunit;

namespace Pgkeep.IntegrationTests.Drill;

/// <summary>Drills beside a running server: what they find, what they leave, and that the server never notices.</summary>
public sealed class DrillTests : IntegrationTest
{
    private static readonly Dictionary<string, string> Still = new() { ["autovacuum"] = "off" };

    [Theory, EachMajor]
    public async Task A_sound_backup_passes_and_nothing_is_left_but_the_report(int major)
    {
        var site = await StartSiteAsync(major);
        await site.BackupAsync();
        await site.AddOrdersAsync();
        await site.ArchiveAsync();
        var (before, archive) = (await site.ContentAsync(), ArchiveOf(site));
        var sql = await site.Workspace.WriteFileAsync("drill.sql", "SELECT count(*) = 5100 FROM orders; -- all of them\nSELECT count(*) FROM far;\n");

        var result = (await DrillAsync(site, "--sql", sql)).EnsureSuccess();

        var report = JsonNode.Parse(await File.ReadAllTextAsync(ReportOf(site), TestContext.Current.CancellationToken))!;
        Assert.Equal("passed", report["result"]!.GetValue<string>());
        Assert.Equal(["databases", "end", $"sql {sql}", "pages"], report["checks"]!.AsArray().Select(check => check!["name"]!.GetValue<string>()));
        Assert.True(report["rto_seconds"]!.GetValue<double>() > 0);
        Assert.Equal(report["newest_commit"]!.GetValue<DateTimeOffset>(), report["last_commit"]!.GetValue<DateTimeOffset>());
        Assert.Contains("pages fit their checksums", result.Stdout, StringComparison.Ordinal);
        Assert.Contains("passed the drill", await File.ReadAllTextAsync(Path.ChangeExtension(ReportOf(site), ".html"), TestContext.Current.CancellationToken), StringComparison.Ordinal);
        Assert.Empty(ScratchOf(site));
        Assert.Equal((before, archive), (await site.ContentAsync(), ArchiveOf(site)));
    }

    [Theory, EachMajor]
    public async Task A_tablespace_made_since_the_backup_is_left_alone(int major)
    {
        var site = await StartSiteAsync(major, Still);
        await site.BackupAsync();
        var directory = await site.Cluster.CreateTablespaceAsync("young");
        await site.Cluster.ExecuteAsync("CREATE TABLE y TABLESPACE young AS SELECT i FROM generate_series(1, 30000) i");
        await site.Cluster.ExecuteAsync("CHECKPOINT");
        await site.ArchiveAsync();
        var files = await FilesAsync(directory);

        var refused = await DrillAsync(site);
        await site.BackupAsync();
        var passed = await DrillAsync(site);

        refused.EnsureExitCode(18);
        Assert.Contains("the drill could not be done", refused.Stderr, StringComparison.Ordinal);
        Assert.Contains("CREATE TABLESPACE", refused.Stderr, StringComparison.Ordinal);
        passed.EnsureSuccess();
        Assert.Equal(files, await FilesAsync(directory));
        Assert.Equal(30000, await site.Cluster.ScalarAsync<long>("SELECT count(*) FROM y"));
    }

    [Theory]
    [InlineData("SELECT count(*) > 1000000 FROM orders", "line 1 answers false")]
    [InlineData("SELECT 1;\nSELECT max(i) > 0 FROM nothing", "line 2 answers false")]
    [InlineData("SELECT 1;\n\nSELECT * FROM not_there", "line 3: the server refused")]
    public async Task Statements_that_do_not_hold_fail_the_backup(string statements, string fact)
    {
        var site = await StartSiteAsync();
        await site.BackupAsync();
        var sql = await site.Workspace.WriteFileAsync("drill.sql", statements);

        var result = await DrillAsync(site, "--sql", sql);

        result.EnsureExitCode(17);
        Assert.Contains("error: the backup failed the drill: sql", result.Stderr, StringComparison.Ordinal);
        Assert.Contains(fact, result.Stderr, StringComparison.Ordinal);
        Assert.Empty(ScratchOf(site));
    }

    [Theory]
    [InlineData("base.tar.gz")]
    [InlineData("pg_wal.tar.gz")]
    public async Task A_damaged_backup_fails(string archive)
    {
        var site = await StartSiteAsync();
        var backup = await site.BackupAsync();
        await using (var stream = new FileStream(Path.Combine(backup, archive), FileMode.Open))
        {
            stream.Position = stream.Length / 2;
            var value = stream.ReadByte();
            stream.Position--;
            stream.WriteByte((byte)(value ^ 1));
        }

        var result = await DrillAsync(site);

        result.EnsureExitCode(17);
        Assert.Contains("the backup failed the drill", result.Stderr, StringComparison.Ordinal);
        Assert.Contains(archive, result.Stderr, StringComparison.Ordinal);
        Assert.Equal("failed", JsonNode.Parse(await File.ReadAllTextAsync(ReportOf(site), TestContext.Current.CancellationToken))!["result"]!.GetValue<string>());
    }

    [Fact]
    public async Task A_missing_segment_fails_the_backup()
    {
        var site = await StartSiteAsync();
        await site.BackupAsync();
        await site.AddOrdersAsync();
        var segment = await site.ArchiveAsync();
        await site.AddOrdersAsync();
        await site.ArchiveAsync();
        File.Delete(Path.Combine(site.Archive, segment + ".gz"));

        var result = await DrillAsync(site);

        result.EnsureExitCode(17);
        Assert.Contains(segment, result.Stderr, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(8)]
    [InlineData(30)]
    [InlineData(44)]
    public async Task A_scratch_directory_without_room_says_nothing_about_the_backup(int megabytes)
    {
        var site = await StartSiteAsync();
        await site.BackupAsync();
        await using var volume = await MemoryVolume.MountAsync(await site.Workspace.CreateDirectoryAsync("scratch"), megabytes);

        var result = await DrillAsync(site);

        result.EnsureExitCode(18);
        Assert.Contains("the drill could not be done", result.Stderr, StringComparison.Ordinal);
        Assert.Empty(ScratchOf(site));
        Assert.Equal("not done", JsonNode.Parse(await File.ReadAllTextAsync(ReportOf(site), TestContext.Current.CancellationToken))!["result"]!.GetValue<string>());
    }

    [Fact]
    public async Task Until_it_has_replayed_nothing_that_it_needs_is_removed_and_a_backup_can_be_taken()
    {
        var site = await StartSiteAsync();
        await site.BackupAsync();
        await site.AddOrdersAsync(100_000);
        await site.ArchiveAsync();
        await using var running = site.Start(Words(site));
        await Poll.UntilAsync(() => running.HasEnded || PostmasterFile.AllBelow(ScratchDirectory(site)).Count > 0, "the drill's server has started");
        running.Send(Signal.Stop);

        var refused = await site.RunAsync(["cleanup"]);
        await site.BackupAsync();
        running.Send(Signal.Continue);
        var result = await running.WaitAsync();

        refused.EnsureExitCode(12);
        Assert.Contains("a copy or a drill", refused.Stderr, StringComparison.Ordinal);
        result.EnsureSuccess();
        (await site.RunAsync(["cleanup"])).EnsureSuccess();
    }

    [Fact]
    public async Task After_kill_9_the_next_drill_takes_everything_away_and_only_that()
    {
        var site = await StartSiteAsync();
        await site.BackupAsync();
        await KillDuringStatementsAsync(site, Signal.Kill, 137);
        var left = Assert.Single(ScratchOf(site));
        var mine = Path.Combine(ScratchDirectory(site), "pgkeep-drill-mine");
        Directory.CreateDirectory(mine);
        await File.WriteAllTextAsync(Path.Combine(mine, "letter"), "dear", TestContext.Current.CancellationToken);
        Assert.NotNull(PostmasterFile.TryRead(Path.Combine(left, "data")));

        (await DrillAsync(site)).EnsureSuccess();

        Assert.Equal([mine], ScratchOf(site));
        Assert.Empty(PostmasterFile.AllBelow(ScratchDirectory(site)));
        Assert.True(site.Cluster.IsRunning);
    }

    [Theory]
    [InlineData("Interrupt")]
    [InlineData("Terminate")]
    public async Task Interrupted_it_leaves_nothing(string signal)
    {
        var site = await StartSiteAsync();
        await site.BackupAsync();

        var result = await KillDuringStatementsAsync(site, Enum.Parse<Signal>(signal), 75);

        Assert.Contains("the drill could not be done: interrupted", result.Stderr, StringComparison.Ordinal);
        Assert.Empty(ScratchOf(site));
    }

    [Theory, EachMajor]
    public async Task What_the_cluster_loads_and_subscribes_to_does_nothing_in_a_drill(int major)
    {
        var site = await StartSiteAsync(major, new() { ["shared_preload_libraries"] = "pgoutput", ["wal_level"] = "logical" });
        await site.Cluster.ExecuteAsync("CREATE PUBLICATION p FOR TABLE nothing");
        await site.Cluster.ExecuteAsync("SELECT pg_create_logical_replication_slot('s', 'pgoutput')");
        await site.Cluster.ExecuteAsync("CREATE DATABASE subscriber");
        await site.Cluster.ExecuteAsync("CREATE TABLE nothing (i int)", "subscriber");
        await site.Cluster.ExecuteAsync($"CREATE SUBSCRIPTION s CONNECTION 'host={site.Cluster.SocketDirectory} port={site.Cluster.Port} user=postgres dbname=postgres' PUBLICATION p WITH (create_slot = false, slot_name = 's')", "subscriber");
        await site.Cluster.ExecuteAsync("ALTER DATABASE postgres SET session_preload_libraries = 'pgoutput'");
        await site.BackupAsync();
        var sql = await site.Workspace.WriteFileAsync(
            "drill.sql",
            """
            SELECT current_setting('shared_preload_libraries') = '' AND current_setting('session_preload_libraries') = '';
            SELECT count(*) = 1 FROM pg_subscription WHERE subenabled;
            SELECT pg_sleep(1);
            SELECT count(*) = 0 FROM pg_stat_activity WHERE backend_type LIKE 'logical%' OR backend_type LIKE 'autovacuum%' OR backend_type = 'archiver';
            SELECT current_setting('archive_mode') = 'off' AND current_setting('listen_addresses') = '';
            """);

        (await DrillAsync(site, "--sql", sql)).EnsureSuccess();
    }

    [Fact]
    public async Task A_backup_s_own_end_and_a_chosen_moment_can_be_drilled()
    {
        var site = await StartSiteAsync();
        var first = Path.GetFileName(await site.BackupAsync());
        await site.AddOrdersAsync();
        var moment = await site.MarkMomentAsync();
        await site.AddOrdersAsync();
        await site.ArchiveAsync();
        await site.BackupAsync();
        var sql = await site.Workspace.WriteFileAsync("drill.sql", "SELECT count(*) = 5100 FROM orders");

        var byTime = await DrillAsync(site, "--target-time", $"{moment}+00", "--sql", sql);
        var byName = await DrillAsync(site, "--backup", first, "--target-immediate", "--json");
        var byChance = await DrillAsync(site, "--random");

        byTime.EnsureSuccess();
        byChance.EnsureSuccess();
        Assert.Equal(first, JsonNode.Parse(byName.EnsureSuccess().Stdout)!["backup"]!.GetValue<string>());
    }

    [Fact]
    public async Task Amcheck_looks_into_every_table_and_index()
    {
        var site = await StartSiteAsync();
        Assert.SkipUnless(File.Exists(Path.Combine(site.Cluster.BinDirectory, "pg_amcheck")), "needs pg_amcheck");
        await site.Cluster.ExecuteAsync("CREATE INDEX ON orders (note)");
        await site.BackupAsync();

        var result = (await DrillAsync(site, "--amcheck")).EnsureSuccess();

        Assert.Contains("nothing found in tables and indexes", result.Stdout, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_amcheck_finds_fails_the_backup()
    {
        var site = await StartSiteAsync();
        Assert.SkipUnless(File.Exists(Path.Combine(site.Cluster.BinDirectory, "pg_amcheck")), "needs pg_amcheck");
        // An index that is no longer what its expression says, as after an update of the library that orders text.
        await site.Cluster.ExecuteAsync("CREATE FUNCTION keyed(int) RETURNS int IMMUTABLE LANGUAGE sql AS 'SELECT $1'");
        await site.Cluster.ExecuteAsync("CREATE INDEX of_another_day ON orders (keyed(i))");
        await site.Cluster.ExecuteAsync("CREATE OR REPLACE FUNCTION keyed(int) RETURNS int IMMUTABLE LANGUAGE sql AS 'SELECT -$1'");
        await site.BackupAsync();

        var without = await DrillAsync(site);
        var result = await DrillAsync(site, "--amcheck");

        without.EnsureSuccess();
        result.EnsureExitCode(17);
        Assert.Contains("of_another_day", result.Stderr, StringComparison.Ordinal);
        Assert.Empty(ScratchOf(site));
    }

    [Fact]
    public async Task Root_becomes_the_repository_s_owner()
    {
        var site = await StartSiteAsync();
        await site.BackupAsync();

        (await site.RunAsync(Words(site), asRoot: true)).EnsureSuccess();

        var foreign = await TestAccount.RunAsync("find", [site.Workspace.Root, "!", "-user", TestAccount.Name]);
        Assert.Equal("", foreign.EnsureSuccess().Stdout);
    }

    private static string ScratchDirectory(RestoreSite site) => site.Workspace.PathOf("scratch");

    private static IReadOnlyList<string> ScratchOf(RestoreSite site) => [.. Directory.EnumerateFileSystemEntries(ScratchDirectory(site))];

    private static string ReportOf(RestoreSite site) => Directory.EnumerateFiles(Path.Combine(site.Repository, ".pgkeep/drills"), "*.json").Max(StringComparer.Ordinal)!;

    private static string ArchiveOf(RestoreSite site) => string.Join(' ', Directory.EnumerateFiles(site.Archive, "0*").Order(StringComparer.Ordinal));

    private static IReadOnlyList<string> Words(RestoreSite site, params string[] arguments) => ["drill", "--scratch", ScratchDirectory(site), "--bindir", site.Cluster.BinDirectory, .. arguments];

    private static Task<ProgramResult> DrillAsync(RestoreSite site, params string[] arguments) => site.RunAsync(Words(site, arguments));

    private static async Task<ProgramResult> KillDuringStatementsAsync(RestoreSite site, Signal signal, int exitCode)
    {
        var sql = await site.Workspace.WriteFileAsync("sleep.sql", "SELECT pg_sleep(600)");
        await using var running = site.Start(Words(site, "--sql", sql));
        await Poll.UntilAsync(() => running.HasEnded || running.Stderr.Contains("Looking at what was recovered", StringComparison.Ordinal), "the statements run");
        running.Send(signal);
        var result = await running.WaitAsync();
        Assert.Equal(exitCode, result.ExitCode);
        return result;
    }

    private static async Task<string> FilesAsync(string directory) => (await TestAccount.RunAsync(
        "sh", ["-c", "cd \"$1\" && find . -printf '%p %y %m %T@ %i\\n' | sort && find . -type f -print0 | sort -z | xargs -0 sha256sum", "sh", directory])).EnsureSuccess().Stdout;

    private async Task<RestoreSite> StartSiteAsync(int? major = null, Dictionary<string, string>? settings = null)
    {
        var workspace = await GetWorkspaceAsync();
        await workspace.CreateDirectoryAsync("scratch");
        return await RestoreSite.StartAsync(workspace, major ?? PostgresServers.Newest, settings);
    }
}
