using System.Text.RegularExpressions;
using Pgkeep.IntegrationTests.Harness;
using Xunit;

namespace Pgkeep.IntegrationTests.Restore;

/// <summary>
/// Restores to every kind of target, by a server whose configuration still has one of another kind. Its table has the rows a to d, each from a transaction of its
/// own, with a restore point of the same name before c and behind it.
/// </summary>
public sealed partial class RestoreTargetTests : IntegrationTest
{
    private const string Point = @"it's a \point";

    private RestoreSite _site = null!;
    private readonly Dictionary<string, string> _xids = [];

    [Theory, EachMajor]
    public async Task A_transaction_is_the_last_that_is_in_or_the_first_that_is_out(int major)
    {
        await StartAsync(major);

        Assert.Equal("a", await RestoreAsync("--target-xid", _xids["b"], "--target-exclusive"));
        var again = await _site.RestoreAsync("--stop-server", "--target-xid", _xids["c"]);
        Assert.Contains("--target-timeline 1", again.EnsureExitCode(51).Stderr, StringComparison.Ordinal);
        Assert.Equal("ab", await RestoreAsync("--target-xid", _xids["b"], "--target-timeline", "1"));
    }

    [Theory, EachMajor]
    public async Task A_position_is_that_of_a_record_which_is_in_or_out(int major)
    {
        await StartAsync(major);
        var plan = (await _site.RunAsync(["restore", "--dry-run", "--stop-server", "--target-xid", _xids["c"]])).EnsureSuccess().Stdout;
        var commit = CommitPlace().Match(plan).Groups["lsn"].Value;

        Assert.Equal("ab", await RestoreAsync("--target-lsn", commit, "--target-exclusive"));
        Assert.Equal("abc", await RestoreAsync("--target-lsn", commit, "--target-timeline", "1"));
    }

    [Theory, EachMajor]
    public async Task A_restore_point_is_the_first_of_its_name_and_immediate_is_the_backup_s_end(int major)
    {
        await StartAsync(major);
        var plan = (await _site.RunAsync(["restore", "--dry-run", "--stop-server", "--target-name", Point])).EnsureSuccess().Stdout;

        Assert.Contains("the name was used again", plan, StringComparison.Ordinal);
        Assert.Equal("ab", await RestoreAsync("--target-name", Point));
        Assert.Equal("", await RestoreAsync("--target-immediate"));
    }

    [Theory, EachMajor]
    public async Task A_commit_s_own_time_is_in_or_with_exclusive_out(int major)
    {
        await StartAsync(major);
        var time = await _site.Cluster.ScalarAsync<string>($"SELECT to_char(pg_xact_commit_timestamp('{_xids["c"]}') AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US')");

        Assert.Equal("ab", await RestoreAsync("--target-time", time + "+00", "--target-exclusive"));
        Assert.Equal("abc", await RestoreAsync("--target-time", time + "+00"));
    }

    [Fact]
    public async Task The_plan_shows_the_transactions_next_to_the_target_and_the_last_there_is()
    {
        await StartAsync(PostgresServers.Newest);

        var plan = (await _site.RunAsync(["restore", "--dry-run", "--stop-server", "--target-xid", _xids["b"]])).EnsureSuccess().Stdout;

        var lines = plan.Split('\n').Where(line => line.Contains("transaction", StringComparison.Ordinal)).ToList();
        Assert.StartsWith("target", lines[0], StringComparison.Ordinal);
        Assert.Contains(lines.TakeWhile(line => !line.StartsWith("first out", StringComparison.Ordinal)), line => line.Contains($"transaction {_xids["b"]},", StringComparison.Ordinal));
        Assert.Contains($"transaction {_xids["c"]},", Assert.Single(lines, line => line.StartsWith("first out", StringComparison.Ordinal)), StringComparison.Ordinal);
        Assert.Contains(lines, line => line.StartsWith("latest", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_hole_behind_the_target_does_not_matter_and_one_before_it_names_the_last_commit_that_can_be_had()
    {
        await StartAsync(PostgresServers.Newest);
        var lost = await _site.ArchiveAsync();
        await AddAsync("e");
        await _site.ArchiveAsync();
        await _site.Cluster.StopAsync();
        File.Delete(Path.Combine(_site.Archive, lost + ".gz"));
        (await TestAccount.RunAsync("rm", ["-r", _site.DataDirectory])).EnsureSuccess();

        var refused = await _site.RestoreAsync("--target-xid", _xids["e"]);
        var restored = await RestoreAsync("--target-xid", _xids["c"]);

        Assert.Contains(lost, refused.EnsureExitCode(40).Stderr, StringComparison.Ordinal);
        Assert.Contains("the last commit before it is at", refused.Stderr, StringComparison.Ordinal);
        Assert.Equal("abc", restored);
    }

    [Fact]
    public async Task The_backup_is_the_newest_that_ends_before_the_target()
    {
        await StartAsync(PostgresServers.Newest);
        var first = Path.GetFileName(_site.Latest);
        await _site.BackupAsync();
        await AddAsync("e");
        await _site.ArchiveAsync();

        var earlier = await _site.RunAsync(["restore", "--dry-run", "--stop-server", "--target-xid", _xids["d"]]);
        var later = await _site.RunAsync(["restore", "--dry-run", "--stop-server", "--target-xid", _xids["e"]]);
        var named = await _site.RunAsync(["restore", "latest", "--dry-run", "--stop-server", "--target-xid", _xids["d"]]);

        Assert.Contains(first, earlier.EnsureSuccess().Stdout, StringComparison.Ordinal);
        Assert.Contains(Path.GetFileName(_site.Latest), later.EnsureSuccess().Stdout, StringComparison.Ordinal);
        Assert.Contains("never committed in the WAL behind", named.EnsureExitCode(51).Stderr, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_moment_behind_the_last_commit_is_offered_as_the_latest_and_never_taken_unasked()
    {
        await StartAsync(PostgresServers.Newest);
        var moment = await _site.MarkMomentAsync() + "+00";

        var plan = await _site.RunAsync(["restore", "--dry-run", "--stop-server", "--target-time", moment]);
        var refused = await _site.RestoreAsync("--stop-server", "--target-time", moment);
        Assert.Equal(_xids["d"], await _site.Cluster.ScalarAsync<string>("SELECT xmin::text FROM t WHERE v = 'd'"));
        var left = await _site.AnswerAsync("no\n", "restore", "--stop-server", "--target-time", moment);
        var taken = await _site.AnswerAsync("restore\n", "restore", "--stop-server", "--target-time", moment);

        Assert.Contains("no transaction ended after it", plan.EnsureSuccess().Stdout, StringComparison.Ordinal);
        Assert.Contains("the last commit in the archive is at", refused.EnsureExitCode(51).Stderr, StringComparison.Ordinal);
        Assert.Equal((60, 0), (left.ExitCode, taken.ExitCode));
        Assert.Equal("abcd", string.Concat(await _site.Cluster.QueryAsync<string>("SELECT v FROM t ORDER BY v")));
        Assert.Single(_site.Asides);
    }

    private async Task StartAsync(int major)
    {
        var settings = new Dictionary<string, string> { ["track_commit_timestamp"] = "on", ["autovacuum"] = "off", ["recovery_target_name"] = "long ago", ["recovery_target_inclusive"] = "off" };
        _site = await RestoreSite.StartAsync(await GetWorkspaceAsync(), major, settings);
        await _site.Cluster.ExecuteAsync("CREATE TABLE t (v text)");
        await _site.BackupAsync();
        await AddAsync("a");
        await AddAsync("b");
        await PointAsync();
        await AddAsync("c");
        await PointAsync();
        await AddAsync("d");
        await _site.ArchiveAsync();
    }

    private Task<string> PointAsync() => _site.Cluster.ScalarAsync<string>($"SELECT pg_create_restore_point('{Point.Replace("'", "''", StringComparison.Ordinal)}')::text");

    private async Task AddAsync(string value) =>
        _xids.Add(value, await _site.Cluster.ScalarAsync<string>($"INSERT INTO t VALUES ('{value}') RETURNING pg_current_xact_id()::text"));

    private async Task<string> RestoreAsync(params string[] target)
    {
        (await _site.RestoreAsync(["--stop-server", .. target])).EnsureSuccess();
        return string.Concat(await _site.Cluster.QueryAsync<string>("SELECT v FROM t ORDER BY v"));
    }

    [GeneratedRegex(@"^target .* at (?<lsn>[0-9A-F]+/[0-9A-F]+),", RegexOptions.Multiline)]
    private static partial Regex CommitPlace();
}
