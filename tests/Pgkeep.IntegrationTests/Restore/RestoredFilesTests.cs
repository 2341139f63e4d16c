using System.Text.RegularExpressions;
using Pgkeep.IntegrationTests.Harness;
using Xunit;

namespace Pgkeep.IntegrationTests.Restore;

/// <summary>How restored files lie on the disk: whose they are, who may read them, and when they are there for good.</summary>
public sealed partial class RestoredFilesTests : IntegrationTest
{
    [Theory, EachMajor]
    public async Task Files_have_the_modes_that_the_server_gives_its_own(int major)
    {
        foreach (var isOpen in new[] { false, true })
        {
            var (directory, file) = isOpen ? ("750", "640") : ("700", "600");
            var site = await StartSiteAsync(major, isOpen);
            (await site.BackupAsync()).EnsureSuccess();
            (await site.RestoreAsync()).EnsureSuccess();

            var odd = await TestAccount.RunAsync(
                "sh",
                [
                    "-c", """find "$1" \( -type d ! -perm "$2" -o -type f ! -perm "$3" -o ! -user "$4" \) -printf '%m %u %p\n'""", "sh",
                    site.Cluster.DataDirectory, directory, file, TestAccount.Name,
                ]);

            Assert.Equal("", odd.EnsureSuccess().Stdout);
            Assert.Equal(1000, await site.Cluster.ScalarAsync<long>("SELECT count(*) FROM t"));
            await site.Cluster.StopAsync();
        }
    }

    [Theory]
    [InlineData("1")]
    [InlineData("2")]
    public async Task No_server_can_start_on_it_before_all_of_it_is_there_for_good(string jobs)
    {
        var site = await RestoreSite.StartAsync(await GetWorkspaceAsync(), PostgresServers.Newest);
        await site.BackupAsync();
        await site.AddOrdersAsync();
        await site.Cluster.StopAsync();
        var trace = site.Workspace.PathOf("trace");
        await using var running = site.Start(
            site.RestoreWords("--no-start", "--jobs", jobs),
            wrapper: ["strace", "-f", "-y", "-qq", "-s", "300", "-o", trace, "-e", "trace=write,pwrite64,pwritev,writev,ftruncate,fallocate,fsync,fdatasync,syncfs,rename,renameat,renameat2"]);
        (await running.WaitAsync()).EnsureSuccess();
        var calls = (await File.ReadAllLinesAsync(trace, TestContext.Current.CancellationToken)).Select(line => ProcessNumber().Replace(line, "")).ToList();
        string[] places = [site.DataDirectory, site.Workspace.PathOf("tablespace-elsewhere")];
        var control = $"{site.DataDirectory}/global/pg_control";
        var named = calls.FindIndex(call => call.StartsWith("rename", StringComparison.Ordinal) && call.Contains($"\"{control}\"", StringComparison.Ordinal));

        Assert.True(named > 0, "pg_control is given its name by a rename");
        Assert.All(places, place =>
        {
            var synced = calls.FindLastIndex(named, call => call.StartsWith("syncfs(", StringComparison.Ordinal) && call.Contains($"<{place}>", StringComparison.Ordinal));
            var written = calls.FindLastIndex(named, call => IsWrite(call) && !IsOfRecovery(call) && call.Contains($"<{place}/", StringComparison.Ordinal));
            Assert.True(written >= 0, $"something is written into {place}");
            Assert.True(synced > written, $"{place} is made durable behind the last write into it");
        });
        Assert.All([Path.GetDirectoryName(control)!, site.DataDirectory, site.Workspace.Root], directory =>
            Assert.Contains(calls[named..], call => call.StartsWith("fsync(", StringComparison.Ordinal) && call.Contains($"<{directory}>", StringComparison.Ordinal)));
        // The settings of the recovery and its signal are durable before, each by itself: a server that finds the control file recovers.
        Assert.All(["postgresql.auto.conf", "recovery.signal"], name =>
        {
            var renamed = calls.FindLastIndex(named, call => call.StartsWith("rename", StringComparison.Ordinal) && call.Contains($"/{name}\"", StringComparison.Ordinal));
            Assert.True(renamed >= 0, $"{name} is given its name by a rename, before pg_control");
            Assert.Contains(calls[..renamed], call => call.StartsWith("fsync(", StringComparison.Ordinal) && call.Contains($"/.{name}.", StringComparison.Ordinal));
            Assert.Contains(calls[renamed..named], call => call.StartsWith("fsync(", StringComparison.Ordinal) && call.Contains($"<{site.DataDirectory}>", StringComparison.Ordinal));
        });
    }

    private static bool IsOfRecovery(string call) => call.Contains("/.postgresql.auto.conf.", StringComparison.Ordinal) || call.Contains("/.recovery.signal.", StringComparison.Ordinal);

    private static bool IsWrite(string call) => WritingCall().IsMatch(call);

    private async Task<RepositorySite> StartSiteAsync(int major, bool isOpen)
    {
        var name = isOpen ? "open" : "closed";
        var repository = await (await GetWorkspaceAsync()).CreateDirectoryAsync($"repository-{name}");
        var cluster = await StartClusterAsync(major, new ServerOptions { GroupAccess = isOpen, ArchiveCommand = RepositorySite.ArchiveCommand(repository) }, name);
        await cluster.ExecuteAsync("CREATE TABLE t AS SELECT i FROM generate_series(1, 1000) i");
        return new RepositorySite(cluster, repository);
    }

    [GeneratedRegex(@"^\d+\s+")]
    private static partial Regex ProcessNumber();

    [GeneratedRegex(@"^(write|pwrite64|pwritev|writev|ftruncate|fallocate)\(")]
    private static partial Regex WritingCall();
}
