using Pgkeep.IntegrationTests.Harness;
using Xunit;

namespace Pgkeep.IntegrationTests.Restore;

/// <summary>WAL that survived the old data directory, which <c>--old-wal</c> names.</summary>
public sealed class RescuedWalTests : IntegrationTest
{
    private RestoreSite _site = null!;
    private string _rows = "";
    private string _archived = "";

    private string Rescued => _site.Workspace.PathOf("rescued");

    [Theory, EachMajor]
    public async Task No_row_is_lost_with_the_data_directory(int major)
    {
        await LoseAsync(major);
        var rescued = await FingerprintAsync();

        var plan = (await _site.RestoreAsync("--dry-run")).EnsureSuccess();
        Assert.Contains("--old-wal DIR uses it too", plan.Stdout, StringComparison.Ordinal);
        (await _site.RestoreAsync("--old-wal", Rescued)).EnsureSuccess();

        Assert.Equal(_rows, await _site.ContentAsync());
        Assert.Equal(rescued, await FingerprintAsync());
    }

    [Fact]
    public async Task Without_it_the_restore_ends_with_the_archive()
    {
        await LoseAsync(PostgresServers.Newest);

        (await _site.RestoreAsync()).EnsureSuccess();

        Assert.Equal(_archived, await _site.ContentAsync());
    }

    [Fact]
    public async Task A_moment_in_it_can_be_the_target()
    {
        await StartAsync(PostgresServers.Newest);
        await _site.AddOrdersAsync();
        var rows = await _site.ContentAsync();
        var moment = await _site.MarkMomentAsync();
        await LoseAsync();

        (await _site.RestoreAsync("--old-wal", Rescued, "--target-time", moment + "+00")).EnsureSuccess();

        Assert.Equal(rows, await _site.ContentAsync());
    }

    [Fact]
    public async Task Beside_an_old_data_directory_without_its_wal_it_is_used_too()
    {
        await StartAsync(PostgresServers.Newest);
        await _site.AddOrdersAsync();
        _rows = await _site.ContentAsync();
        await _site.Cluster.KillAsync();
        (await TestAccount.RunAsync("sh", ["-c", "mv \"$1/pg_wal\" \"$2\" && mkdir -m 0700 \"$1/pg_wal\"", "sh", _site.DataDirectory, Rescued])).EnsureSuccess();

        (await _site.RestoreAsync("--old-wal", Rescued)).EnsureSuccess();

        Assert.Equal(_rows, await _site.ContentAsync());
        Assert.Single(_site.Asides);
    }

    [Fact]
    public async Task Damage_in_it_that_would_end_the_recovery_early_is_refused()
    {
        await LoseAsync(PostgresServers.Newest);
        var damaged = Directory.EnumerateFiles(Rescued, "????????????????????????").Order(StringComparer.Ordinal).First(path => !File.Exists(Path.Combine(_site.Archive, Path.GetFileName(path) + ".gz")));
        var content = await File.ReadAllBytesAsync(damaged, TestContext.Current.CancellationToken);
        content.AsSpan(8192, 8192).Clear();
        await File.WriteAllBytesAsync(damaged, content, TestContext.Current.CancellationToken);

        var result = await _site.RestoreAsync("--old-wal", Rescued);

        Assert.Contains("the recovery would end there", result.EnsureExitCode(41).Stderr, StringComparison.Ordinal);
        Assert.Contains(damaged, result.Stderr, StringComparison.Ordinal);
        Assert.False(Directory.Exists(_site.DataDirectory));
    }

    [Fact]
    public async Task What_cannot_be_meant_is_refused_and_nothing_is_touched()
    {
        await LoseAsync(PostgresServers.Newest);
        var other = await PostgresCluster.StartAsync(_site.Workspace, PostgresServers.Newest, new ServerOptions { OwnSystemIdentifier = true }, "other");
        await other.StopAsync();
        var (missing, ofOther) = (_site.Workspace.PathOf("missing"), Path.Combine(other.DataDirectory, "pg_wal"));
        foreach (var (words, exitCode, told) in new (string[], int, string)[]
        {
            (["--old-wal", missing], 10, "is not a directory that is there"),
            (["--old-wal", ofOther], 14, "is of the cluster"),
            (["--old-wal", Rescued, "--delta", "--in-place"], 2, "cannot go together"),
        })
        {
            var result = await _site.RestoreAsync(words);
            Assert.Contains(told, result.Stderr, StringComparison.Ordinal);
            Assert.Equal((told, exitCode), (told, result.ExitCode));
        }

        var copy = await _site.RunAsync(["restore", "--yes", "--old-wal", Rescued, "--to", _site.Workspace.PathOf("copy")]);
        Assert.Contains("--old-wal is about the cluster itself", copy.EnsureExitCode(2).Stderr, StringComparison.Ordinal);
        var empty = await _site.Workspace.CreateDirectoryAsync("empty");
        Assert.Contains($"none of the WAL in \"{empty}\" is used", (await _site.RestoreAsync("--old-wal", empty, "--dry-run")).EnsureSuccess().Stderr, StringComparison.Ordinal);
        Assert.False(Directory.Exists(_site.DataDirectory));
    }

    private async Task LoseAsync(int major)
    {
        await StartAsync(major);
        await LoseAsync();
    }

    /// <summary>Up to here everything is archived, and nothing from here on.</summary>
    private async Task StartAsync(int major)
    {
        _site = await RestoreSite.StartAsync(await GetWorkspaceAsync(), major);
        await _site.BackupAsync();
        await _site.AddOrdersAsync();
        await _site.ArchiveAsync();
        _archived = await _site.ContentAsync();
        await _site.Cluster.ExecuteAsync("ALTER SYSTEM SET archive_command = 'false'");
        await _site.Cluster.ExecuteAsync("SELECT pg_reload_conf()");
    }

    /// <summary>Whole segments and a part of one are in no archive; then the data directory goes, and pg_wal stays.</summary>
    private async Task LoseAsync()
    {
        await _site.AddOrdersAsync();
        await _site.Cluster.SwitchWalAsync();
        await _site.AddOrdersAsync();
        _rows = await _site.ContentAsync();
        await _site.Cluster.KillAsync();
        (await TestAccount.RunAsync("mv", [Path.Combine(_site.DataDirectory, "pg_wal"), Rescued])).EnsureSuccess();
        Directory.Delete(_site.DataDirectory, recursive: true);
    }

    private async Task<string> FingerprintAsync() => (await TestAccount.RunAsync("sh", ["-c", "cd \"$1\" && find . -type f | sort | xargs sha256sum", "sh", Rescued])).EnsureSuccess().Stdout;
}
