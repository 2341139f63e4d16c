using Pgkeep.IntegrationTests.Harness;
using Xunit;

namespace Pgkeep.IntegrationTests.Archive;

/// <summary>WAL as a real server offered it, and one segment of another cluster and of another size; made once for a class of tests.</summary>
public sealed class WalSamples : IAsyncLifetime
{
    private Workspace? _workspace;

    /// <summary>Consecutive segments of 1 MiB, complete.</summary>
    internal IReadOnlyList<string> Segments { get; private set; } = [];

    internal string BackupHistory { get; private set; } = "";

    internal string OfAnotherCluster { get; private set; } = "";

    /// <summary>Of the cluster of <see cref="Segments"/>, whose server has stopped.</summary>
    internal string DataDirectory => _workspace!.PathOf("own");

    internal string DataDirectoryOfAnotherCluster => _workspace!.PathOf("other");

    internal string OfAnotherSize { get; private set; } = "";

    public async ValueTask InitializeAsync()
    {
        var major = PostgresServers.Newest;
        _workspace = await Workspace.CreateAsync();
        var own = await MakeAsync(major, "own", new ServerOptions { WalSegmentSizeInMiB = 1 }, 6);
        Segments = [.. Directory.EnumerateFiles(own).Where(path => Path.GetFileName(path).Length == 24).Order(StringComparer.Ordinal)];
        BackupHistory = Directory.EnumerateFiles(own, "*.backup").First();
        OfAnotherCluster = FirstIn(await MakeAsync(major, "other", new ServerOptions { WalSegmentSizeInMiB = 1, OwnSystemIdentifier = true }, 1));
        OfAnotherSize = FirstIn(await MakeAsync(major, "larger", new ServerOptions { WalSegmentSizeInMiB = 32 }, 1));
    }

    public async ValueTask DisposeAsync()
    {
        if (_workspace is not null)
        {
            await _workspace.DisposeAsync();
        }
    }

    private static string FirstIn(string directory) => Directory.EnumerateFiles(directory).Where(path => Path.GetFileName(path).Length == 24).Order(StringComparer.Ordinal).First();

    private async Task<string> MakeAsync(int major, string name, ServerOptions options, int count)
    {
        var archive = await _workspace!.CreateDirectoryAsync(name + "-wal");
        await using var cluster = await PostgresCluster.StartAsync(_workspace, major, options with { ArchiveCommand = $"cp %p {archive}/%f" }, name);
        var (start, stop) = major >= 15 ? ("pg_backup_start('sample', true)", "pg_backup_stop(false)") : ("pg_start_backup('sample', true, false)", "pg_stop_backup(false, false)");
        await cluster.ExecuteAsync($"SELECT {start}; SELECT {stop}");
        var last = "";
        for (var i = 0; i < count; i++)
        {
            last = await cluster.SwitchWalAsync();
        }

        await Poll.UntilAsync(() => File.Exists(Path.Combine(archive, last)), $"{last} is archived");
        await cluster.StopAsync();
        return archive;
    }
}
