using Pgkeep.IntegrationTests.Harness;
using Xunit;

namespace Pgkeep.IntegrationTests.Restore;

/// <summary>
/// One stopped cluster with a backup and WAL behind it, for all the restores that must refuse: they change nothing, so they can share it, and each of
/// them checks that it has changed nothing.
/// </summary>
public sealed class StoppedSite : IAsyncLifetime
{
    private Workspace? _workspace;
    private RestoreSite? _site;

    internal RestoreSite Site => _site!;

    internal string Fingerprint { get; private set; } = "";

    /// <summary>Segments after the backup's stop, all stored.</summary>
    internal IReadOnlyList<string> Later { get; private set; } = [];

    public async ValueTask InitializeAsync()
    {
        _workspace = await Workspace.CreateAsync();
        _site = await RestoreSite.StartAsync(_workspace, PostgresServers.Newest);
        await _site.BackupAsync();
        var later = new List<string>();
        for (var i = 0; i < 3; i++)
        {
            await _site.AddOrdersAsync(10);
            later.Add(await _site.ArchiveAsync());
        }

        Later = later;
        await _site.Cluster.StopAsync();
        Fingerprint = await _site.FingerprintAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await Site.Cluster.DisposeAsync();
        await _workspace!.DisposeAsync();
    }

    /// <summary>For a test that had to add something beside the cluster, and has taken it away.</summary>
    internal async Task RenewFingerprintAsync() => Fingerprint = await Site.FingerprintAsync();

    /// <summary>One error line with these facts, a hint, no stack trace, and an old cluster that nobody has touched.</summary>
    internal async Task AssertRefusedAsync(ProgramResult result, int exitCode, params string[] facts)
    {
        result.EnsureExitCode(exitCode);
        var lines = result.Stderr.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        var error = Assert.Single(lines, line => line.StartsWith("error:", StringComparison.Ordinal));
        Assert.Contains(lines, line => line.StartsWith("hint:", StringComparison.Ordinal));
        Assert.DoesNotContain("   at Pgkeep", result.Stderr, StringComparison.Ordinal);
        Assert.All(facts, fact => Assert.Contains(fact, result.Stderr, StringComparison.Ordinal));
        Assert.NotEqual("error:", error.Trim());
        Assert.Equal(Fingerprint, await Site.FingerprintAsync());
        Assert.Empty(Site.Asides);
        Assert.Empty(Site.Journals);
    }
}
