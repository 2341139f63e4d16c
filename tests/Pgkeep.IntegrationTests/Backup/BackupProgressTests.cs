using System.Text.Json;
using Pgkeep.IntegrationTests.Harness;
using Xunit;

namespace Pgkeep.IntegrationTests.Backup;

/// <summary>What a person sees while a backup runs; the log is the same whatever they see.</summary>
public sealed class BackupProgressTests : BackupTest
{
    /// <summary>Long enough for the first seconds of telling.</summary>
    private const string SlowWrites = "pwrite64:delay_enter=150000";

    [Fact]
    public async Task On_a_terminal_one_line_is_overwritten_and_gone_at_the_end()
    {
        var site = await StartFilledSiteAsync();

        var shown = await OnTerminalAsync(site, $"strace -f --seccomp-bpf -qq -o /dev/null -e inject={SlowWrites} {PgkeepBinary.FilePath} backup");

        var updates = shown.Split('\r').Where(text => text.StartsWith("copying   base.tar.gz  ", StringComparison.Ordinal)).ToList();
        Assert.NotEmpty(updates);
        Assert.All(updates, text => Assert.True(text.Length <= 100, text));
        Assert.All(updates, text => Assert.DoesNotContain('\n', text));
        Assert.Contains("] Backup completed: ", shown, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_first_line_says_version_cluster_size_and_where_to()
    {
        var site = await StartSiteAsync();

        var result = (await site.BackupAsync()).EnsureSuccess();

        Assert.Matches($@"^pgkeep \d+\.\d+\.\d+  backup of cluster \S+ \(PostgreSQL {site.Cluster.Major}\S*, [\d.]+ MB\) into {site.Repository}\n", result.Stderr);
    }

    [Fact]
    public async Task Where_stderr_is_no_terminal_nothing_is_overwritten()
    {
        var site = await StartSiteAsync();

        var result = (await site.BackupAsync()).EnsureSuccess();

        Assert.DoesNotContain('\r', result.Stderr);
    }

    [Fact]
    public async Task Quiet_says_nothing_on_the_way()
    {
        var site = await StartSiteAsync();

        Assert.Equal("", (await site.BackupAsync("--quiet")).EnsureSuccess().Stderr);
    }

    [Fact]
    public async Task As_JSON_every_line_is_an_object_and_the_last_one_the_answer()
    {
        var site = await StartFilledSiteAsync();

        var result = await Strace.RunAsync(SlowWrites, PgkeepBinary.FilePath, ["backup", "--json"], new RunOptions { Environment = site.Environment });

        var lines = result.EnsureSuccess().Stdout.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonDocument.Parse(line).RootElement).ToList();
        Assert.NotEmpty(lines.SkipLast(1));
        Assert.All(lines.SkipLast(1), line => Assert.Equal("progress", line.GetProperty("event").GetString()));
        Assert.All(lines.SkipLast(1), line => Assert.InRange(line.GetProperty("bytes").GetInt64(), 0, line.GetProperty("total_bytes").GetInt64()));
        Assert.StartsWith("backup_", lines[^1].GetProperty("name").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_progress_that_cannot_be_told_is_no_failed_backup()
    {
        var site = await StartFilledSiteAsync();

        await OnTerminalAsync(site, $"strace -f --seccomp-bpf -qq -o /dev/null -e inject={SlowWrites} {PgkeepBinary.FilePath} backup 2>/dev/full");

        Assert.Single(site.Backups);
    }

    private async Task<RepositorySite> StartFilledSiteAsync()
    {
        var site = await StartSiteAsync();
        await site.SwitchAndArchiveAsync();
        return site;
    }

    /// <returns>All that the command wrote, carriage returns and all.</returns>
    private static async Task<string> OnTerminalAsync(RepositorySite site, string command)
    {
        var result = await TestAccount.RunAsync("script", ["-qec", command, "/dev/null"], new RunOptions { Environment = site.Environment });
        return result.EnsureSuccess().Stdout.Replace("\r\n", "\n", StringComparison.Ordinal);
    }
}
