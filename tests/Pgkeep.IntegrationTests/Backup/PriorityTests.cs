using System.Globalization;
using Pgkeep.IntegrationTests.Harness;
using Xunit;

namespace Pgkeep.IntegrationTests.Backup;

/// <summary>The server beside a backup should not feel it.</summary>
public sealed class PriorityTests : BackupTest
{
    private const string SlowWrites = "pwrite64:delay_enter=400000";

    [Theory]
    [InlineData("low", 10, "best-effort: prio 7")]
    [InlineData("normal", 0, "none: prio 0")]
    public async Task Every_thread_of_a_backup_has_the_priority_that_was_asked_for(string level, int nice, string io)
    {
        var site = await StartSiteAsync();
        await site.SwitchAndArchiveAsync();
        await using var backup = Strace.Start(SlowWrites, PgkeepBinary.FilePath, ["backup", "--priority", level], new RunOptions { Environment = site.Environment });
        await Poll.UntilAsync(
            () => Directory.EnumerateDirectories(site.Repository, ".backup_*").Any(directory => File.Exists(Path.Combine(directory, "base.tar.gz"))),
            "the backup copies files");

        var threads = ThreadsOf(Assert.Single(Processes.DescendantsOf(backup.ProcessId)));
        var nices = threads.Select(thread => thread.Nice).Distinct().ToList();
        var ios = (await TestAccount.RunAsync("ionice", ["-p", .. threads.Select(thread => $"{thread.Id}")])).EnsureSuccess().Stdout;

        Assert.True(threads.Count > 2);
        Assert.Equal([nice], nices);
        Assert.All(ios.Split('\n', StringSplitOptions.RemoveEmptyEntries), line => Assert.EndsWith(io, line, StringComparison.Ordinal));
        (await backup.WaitAsync()).EnsureSuccess();
    }

    [Fact]
    public async Task A_machine_that_forbids_it_is_no_failure_and_no_warning()
    {
        var site = await StartSiteAsync();

        var result = await Strace.RunAsync(
            "setpriority,ioprio_set:error=EPERM", PgkeepBinary.FilePath, ["backup", "--quiet"], new RunOptions { Environment = site.Environment });

        Assert.DoesNotContain("warning", result.EnsureSuccess().Stderr, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("verify")]
    [InlineData("cleanup")]
    public async Task The_other_long_commands_yield_too(string command)
    {
        var site = await StartSiteAsync();
        await site.TakeBackupAsync();
        var trace = site.Cluster.Workspace.PathOf("trace");

        (await TraceAsync(site, trace, command)).EnsureSuccess();

        Assert.Contains(", 10) = 0", await File.ReadAllTextAsync(trace, TestContext.Current.CancellationToken), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_the_server_waits_for_lowers_nothing()
    {
        var site = await StartSiteAsync();
        var segment = await site.SwitchAndArchiveAsync();
        var trace = site.Cluster.Workspace.PathOf("trace");

        (await TraceAsync(site, trace, "get-wal", segment, site.Cluster.Workspace.PathOf("fetched"))).EnsureSuccess();

        Assert.DoesNotContain("priority(", await File.ReadAllTextAsync(trace, TestContext.Current.CancellationToken), StringComparison.Ordinal);
    }

    private static Task<ProgramResult> TraceAsync(RepositorySite site, string trace, params string[] words) => TestAccount.RunAsync(
        "strace", ["-f", "-qq", "-o", trace, "-e", "trace=setpriority,ioprio_set", PgkeepBinary.FilePath, .. words], new RunOptions { Environment = site.Environment });

    /// <summary>proc(5): "pid (comm) state …", and the nice value is the nineteenth field.</summary>
    private static List<(int Id, int Nice)> ThreadsOf(int processId) =>
    [
        .. Directory.EnumerateDirectories($"/proc/{processId}/task").Select(directory =>
        {
            var stat = File.ReadAllText(Path.Combine(directory, "stat"));
            var nice = stat[(stat.LastIndexOf(')') + 2)..].Split(' ')[16];
            return (int.Parse(Path.GetFileName(directory), CultureInfo.InvariantCulture), int.Parse(nice, CultureInfo.InvariantCulture));
        }),
    ];
}
