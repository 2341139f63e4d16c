using Pgkeep.IntegrationTests.Harness;
using Xunit;

namespace Pgkeep.IntegrationTests.Restore;

/// <summary>
/// pgkeep is killed with SIGKILL after a call that changes a name or makes one durable. Afterwards nothing can be started that is neither the old cluster nor a restored one, a
/// rollback gives back the old cluster byte for byte, and a new restore has all rows.
/// </summary>
public sealed class RestoreKillTests : IntegrationTest
{
    private PlacesSite _places = null!;
    private string _rows = "";
    private string _fingerprint = "";

    private RestoreSite Site => _places.Site;

    private string[] Rollback => ["restore", "rollback", "--yes", "--pgdata", _places.Data];

    private string[] Forget => ["restore", "forget", "--all", "--yes", "--pgdata", _places.Data];

    [Theory]
    [InlineData(PlacesLayout.None, "renameat2:2", "syncfs:2", "rename:3", "rename:4", "rename:5")]
    [InlineData(PlacesLayout.All, "mkdir:1", "renameat2:1", "renameat2:4", "renameat2:30", "symlink:1", "syncfs:1", "rename:4")]
    public async Task A_restore_that_is_killed_is_undone_by_a_rollback_and_can_be_repeated(PlacesLayout layout, params string[] moments)
    {
        await using var places = await StartAsync(PostgresServers.Newest, layout);
        foreach (var moment in moments)
        {
            Assert.True(await KillRestoreAsync(moment), $"{moment} is never reached");
        }
    }

    [Theory]
    [InlineData(PlacesLayout.None, "rename:1", "renameat2:1", "renameat2:2", "rename:2")]
    [InlineData(PlacesLayout.All, "rename:1", "renameat2:3", "renameat2:40", "mkdir:1", "rmdir:1")]
    public async Task A_rollback_that_is_killed_goes_on(PlacesLayout layout, params string[] moments)
    {
        await using var places = await StartAsync(PostgresServers.Newest, layout);
        foreach (var moment in moments)
        {
            Assert.True(await KillRollbackAsync(moment), $"{moment} is never reached");
        }
    }

    [Theory]
    [InlineData(PlacesLayout.None, "rename:1", "rename:2", "unlink:10", "rmdir:2")]
    [InlineData(PlacesLayout.All, "rename:1", "rename:2", "unlink:10", "rmdir:2")]
    public async Task A_forget_that_is_killed_goes_on_and_nothing_is_put_back_from_there(PlacesLayout layout, params string[] moments)
    {
        await using var places = await StartAsync(PostgresServers.Newest, layout);
        foreach (var moment in moments)
        {
            Assert.True(await KillForgetAsync(moment), $"{moment} is never reached");
        }
    }

    [Soak]
    public Task Every_moment_of_a_restore_in_one_place() => SweepAsync(PlacesLayout.None, "restore", () => Site.RestoreWords(), KillRestoreAsync);

    [Soak]
    public Task Every_moment_of_a_restore_on_many_disks() => SweepAsync(PlacesLayout.All, "restore", () => Site.RestoreWords(), KillRestoreAsync);

    [Soak]
    public Task Every_moment_of_a_rollback_in_one_place() => SweepAsync(PlacesLayout.None, "rollback", () => Rollback, KillRollbackAsync);

    [Soak]
    public Task Every_moment_of_a_rollback_on_many_disks() => SweepAsync(PlacesLayout.All, "rollback", () => Rollback, KillRollbackAsync);

    [Soak]
    public Task Every_moment_of_a_forget_in_one_place() => SweepAsync(PlacesLayout.None, "forget", () => Forget, KillForgetAsync);

    [Soak]
    public Task Every_moment_of_a_forget_on_many_disks() => SweepAsync(PlacesLayout.All, "forget", () => Forget, KillForgetAsync);

    private async Task SweepAsync(PlacesLayout layout, string command, Func<IReadOnlyList<string>> words, Func<string, Task<bool>> killAsync)
    {
        await using var places = await StartAsync(PostgresServers.Majors[0], layout);
        await KillSweep.RunAsync($"{command}, {layout}", await RecordAsync(command, words), killAsync);
    }

    /// <summary>Every call of the command that changes something, in their order.</summary>
    private async Task<IReadOnlyList<string>> RecordAsync(string command, Func<IReadOnlyList<string>> words)
    {
        if (command != "restore")
        {
            await RestoreAsync();
        }

        var log = Site.Workspace.PathOf("calls");
        await using var running = Site.Start(words(), wrapper: KillPoint.Record(log));
        (await running.WaitAsync()).EnsureSuccess();
        if (Site.Cluster.IsRunning)
        {
            await Site.Cluster.StopAsync();
        }

        return await File.ReadAllLinesAsync(log);
    }

    private async Task<PlacesSite> StartAsync(int major, PlacesLayout layout)
    {
        _places = await PlacesSite.StartAsync(await GetWorkspaceAsync(), major, layout);
        await Site.BackupAsync();
        await Site.AddOrdersAsync();
        _rows = await Site.ContentAsync();
        await Site.Cluster.StopAsync();
        await _places.SaveAsync();
        await _places.ResetAsync();
        _fingerprint = await _places.FingerprintAsync();
        return _places;
    }

    /// <returns>Whether the moment came.</returns>
    private async Task<bool> KillRestoreAsync(string moment)
    {
        await _places.ResetAsync();
        if (!await KillAsync(Site.RestoreWords(), moment))
        {
            return false;
        }

        if (_places.Find("*.journal").Count > 0)
        {
            (await Site.RollbackAsync("--stop-server")).EnsureSuccess();
        }

        Assert.Equal(_fingerprint, await _places.FingerprintAsync());
        (await Site.RestoreAsync()).EnsureSuccess();
        Assert.Equal(_rows, await Site.ContentAsync());
        await Site.Cluster.StopAsync();

        // And at once, without a rollback, while the server that pgkeep has left goes on: a restore undoes the killed one by itself.
        await _places.ResetAsync();
        if (!await KillAsync(Site.RestoreWords(), moment, leavesServer: true))
        {
            return false;
        }

        (await Site.RestoreAsync("--stop-server")).EnsureSuccess();
        Assert.Equal(_rows, await Site.ContentAsync());
        await Site.Cluster.StopAsync();
        return true;
    }

    private async Task<bool> KillRollbackAsync(string moment)
    {
        await RestoreAsync();
        if (!await KillAsync(Rollback, moment))
        {
            return false;
        }

        if (_places.Find("*.undoing").Concat(_places.Find("*old-*.journal")).Concat(_places.Find("*.before-*.journal")).Any())
        {
            (await Site.RollbackAsync()).EnsureSuccess();
        }

        Assert.Equal(_fingerprint, await _places.FingerprintAsync());
        await EnsureForgottenAsync();
        Assert.Equal(_fingerprint, await _places.FingerprintAsync());
        return true;
    }

    private async Task<bool> KillForgetAsync(string moment)
    {
        await RestoreAsync();
        var restored = await _places.FingerprintAsync();
        if (!await KillAsync(Forget, moment))
        {
            return false;
        }

        if (_places.Find("*.forgetting").Count > 0)
        {
            var refused = await Site.RollbackAsync();
            refused.EnsureExitCode(2);
            Assert.Contains("pgkeep restore forget", refused.Stderr, StringComparison.Ordinal);
        }

        await EnsureForgottenAsync();
        Assert.Equal(restored, await _places.FingerprintAsync());
        return true;
    }

    private async Task EnsureForgottenAsync()
    {
        (await Site.RunAsync(Forget)).EnsureSuccess();
        Assert.Empty(_places.Left);
    }

    private async Task RestoreAsync()
    {
        await _places.ResetAsync();
        (await Site.RestoreAsync()).EnsureSuccess();
        await Site.Cluster.StopAsync();
    }

    private async Task<bool> KillAsync(IReadOnlyList<string> words, string moment, bool leavesServer = false)
    {
        await using var running = Site.Start(words, wrapper: KillPoint.After(moment));
        var result = await running.WaitAsync();
        if (!leavesServer && PostmasterFile.TryRead(_places.Data) is { IsRunning: true } left)
        {
            Processes.Send(left.ProcessId, Signal.Quit);
            await Processes.WaitForEndAsync([left.ProcessId]);
        }

        if (result.ExitCode != KillPoint.ExitCode)
        {
            result.EnsureSuccess();
            return false;
        }

        return true;
    }
}
