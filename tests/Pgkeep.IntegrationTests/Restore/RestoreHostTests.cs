using Pgkeep.IntegrationTests.Harness;
using Xunit;

namespace Pgkeep.IntegrationTests.Restore;

/// <summary>What this machine has that would fail a restore behind the point of no return, and is refused in the plan.</summary>
public sealed class RestoreHostTests : IntegrationTest, IClassFixture<StoppedSite>
{
    private readonly StoppedSite _stopped;

    public RestoreHostTests(StoppedSite stopped) => _stopped = stopped;

    private RestoreSite Site => _stopped.Site;

    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("")]
    public async Task A_port_or_a_socket_that_another_server_has_is_refused_with_its_process(string addresses)
    {
        var other = await StartClusterAsync(Site.Cluster.Major);
        await other.StopAsync();
        var directory = addresses.Length > 0 ? other.SocketDirectory : Site.Cluster.SocketDirectory;
        var place = $"-p {Site.Cluster.Port} -c listen_addresses={addresses} -c unix_socket_directories={directory}";
        (await TestAccount.RunAsync(Path.Combine(other.BinDirectory, "pg_ctl"), ["start", "-w", "-D", other.DataDirectory, "-l", other.LogFile, "-o", place])).EnsureSuccess();
        var process = PostmasterFile.TryRead(other.DataDirectory)!.ProcessId;

        var result = await Site.RestoreAsync();
        var left = await Site.RestoreAsync("--no-start", "--dry-run");

        await other.StopAsync();
        await _stopped.AssertRefusedAsync(result, 10, $"{Site.Cluster.Port}", $"process {process}", other.DataDirectory, "--no-start");
        left.EnsureSuccess();
    }

    [Fact]
    public async Task Programs_of_a_test_release_are_refused()
    {
        var programs = await ProgramsAsync("""case "$*" in --version) echo "postgres (PostgreSQL) MAJORbeta9" ;; *) exec REAL "$@" ;; esac""");

        var result = await Site.RestoreAsync("--bindir", programs);

        await _stopped.AssertRefusedAsync(result, 22, $"{Site.Cluster.Major}beta9", programs, "--bindir");
    }

    [Fact]
    public async Task Programs_that_were_built_for_other_blocks_are_refused()
    {
        var programs = await ProgramsAsync("""case "$*" in *block_size*) echo 4096 ;; *) exec REAL "$@" ;; esac""");

        var result = await Site.RestoreAsync("--bindir", programs);

        await _stopped.AssertRefusedAsync(result, 22, "blocks of 4096 bytes", "blocks of 8192", programs);
    }

    [Fact]
    public async Task An_account_that_may_not_stop_the_server_is_refused()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "needs root");
        var repository = await Site.CopyRepositoryAsync("readable");
        (await TestAccount.RunAsync("sh", ["-c", "chmod -R a+rX \"$2\" && chmod a+x \"$1\"", "sh", Site.Workspace.Root, repository])).EnsureSuccess();

        var result = await Site.RunProgramAsRootAsync(
            "setpriv", ["--reuid", "65534", "--regid", "65534", "--clear-groups", PgkeepBinary.FilePath, .. Site.RestoreWords("--backup-dir", repository)]);

        (await TestAccount.RunAsync("chmod", ["0700", Site.Workspace.Root])).EnsureSuccess();
        await _stopped.AssertRefusedAsync(result, 30, Site.Workspace.Root);
    }

    /// <summary>Without a script between: they are asked as they are.</summary>
    [Fact]
    public async Task The_true_programs_tell_their_block_size()
    {
        var copy = await Site.CopyRepositoryAsync("other-blocks");
        await RestoreSite.DoctorAsync(
            Path.Combine(copy, Path.GetFileName(Site.Latest)),
            "backup_metadata.json",
            path => File.WriteAllText(path, File.ReadAllText(path).Replace("\"block_size\": 8192", "\"block_size\": 4096", StringComparison.Ordinal)));

        var result = await Site.RestoreAsync("--backup-dir", copy);

        await _stopped.AssertRefusedAsync(result, 22, "was built for blocks of 8192 bytes", "blocks of 4096");
    }

    /// <summary>A directory with the site's programs, and a script in the place of postgres.</summary>
    /// <param name="script">REAL stands for the true one.</param>
    private async Task<string> ProgramsAsync(string script)
    {
        var workspace = await GetWorkspaceAsync();
        var directory = await workspace.CreateDirectoryAsync("bin");
        var real = Path.Combine(Site.Cluster.BinDirectory, "postgres");
        await workspace.WriteFileAsync("bin/postgres", $"#!/bin/sh\n{script.Replace("REAL", real, StringComparison.Ordinal).Replace("MAJOR", $"{Site.Cluster.Major}", StringComparison.Ordinal)}\n", "0755");
        (await TestAccount.RunAsync("ln", ["-s", Path.Combine(Site.Cluster.BinDirectory, "pg_ctl"), directory])).EnsureSuccess();
        return directory;
    }
}
