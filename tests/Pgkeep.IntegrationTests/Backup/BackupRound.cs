using System.Diagnostics;
using System.Text.Json;
using Pgkeep.IntegrationTests.Harness;
using Xunit;

namespace Pgkeep.IntegrationTests.Backup;

/// <summary>
/// A backup of a server that works, and everything that there is to say whether it is one: the files by pg_verifybackup, the cluster that
/// starts on them by amcheck, and the transactions in it by their sums.
/// </summary>
internal sealed class BackupRound
{
    private static readonly TimeSpan Timeout = TimeSpan.FromMinutes(20);

    private readonly RepositorySite _site;
    private readonly ServerLoad _load;

    public BackupRound(RepositorySite site, ServerLoad load)
    {
        _site = site;
        _load = load;
    }

    /// <summary>What <c>pgkeep backup --source</c> says; null for its own choice.</summary>
    public string? Source { get; init; }

    public async Task RunAsync(int number)
    {
        var elapsed = Stopwatch.StartNew();
        (await _site.RunAsync(["backup", .. Source is null ? Array.Empty<string>() : ["--source", Source, "--bindir", PostgresServers.ClientDirectory(_site.Cluster.Major)]], Timeout)).EnsureSuccess();
        var taken = elapsed.Elapsed;
        _load.EnsureRunning();
        var backup = _site.Backups[^1];
        var told = ReadMetadata(backup);
        (await _site.RunAsync(["verify"], Timeout)).EnsureSuccess();

        var target = _site.Cluster.Workspace.PathOf($"round-{number}");
        await UnpackAsync(backup, target);
        await VerifyByManifestAsync(backup, target);
        await CheckClusterAsync(target);

        await HandRestore.ShellAsync("""rm -rf "$2" "$2"-[0-9]* "$1" """, backup, target);
        _load.EnsureRunning();
        SoakRun.Tell(
            $"PostgreSQL {_site.Cluster.Major} {told.Source} round {number}: {elapsed.Elapsed.TotalSeconds:0} s, backup {taken.TotalSeconds:0.0} s, {told.PlainBytes / 1_000_000} MB in {told.StoredBytes / 1_000_000} MB, {told.Excused} pages excused");
    }

    private static async Task UnpackAsync(string backup, string target)
    {
        await HandRestore.UnpackAsync(backup, target);
        await HandRestore.UnpackTablespacesAsync(backup, target);
    }

    private async Task VerifyByManifestAsync(string backup, string target)
    {
        string[] wal = _site.Cluster.Major is 14 or 16 ? ["--no-parse-wal"] : []; // the next major's program does not read this one's WAL
        (await _site.Cluster.RunClientAsync("pg_verifybackup", [.. wal, "-m", Path.Combine(backup, "backup_manifest"), target], Timeout)).EnsureSuccess();
    }

    private async Task CheckClusterAsync(string target)
    {
        await HandRestore.EditTablespaceMapAsync(target);
        await HandRestore.AppendSettingsAsync(target, "archive_mode = off");
        await using var server = PostgresCluster.Adopt(_site.Cluster.Workspace, _site.Cluster.Major, target);
        await server.StartAsync();
        try
        {
            await ClusterSoundness.CheckSumsAsync(server);
            await ClusterSoundness.CheckRelationsAsync(server);
        }
        catch
        {
            TestContext.Current.TestOutputHelper?.WriteLine($"--- {server.LogFile}\n{server.LogTail()}");
            throw;
        }
    }

    private static (string Source, long PlainBytes, long StoredBytes, int Excused) ReadMetadata(string backup)
    {
        using var metadata = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(backup, "backup_metadata.json")));
        var sizes = metadata.RootElement.GetProperty("sizes");
        Assert.Empty(metadata.RootElement.GetProperty("findings").EnumerateArray());
        return (
            metadata.RootElement.GetProperty("source").GetString()!,
            sizes.GetProperty("plain_bytes").GetInt64(),
            sizes.GetProperty("stored_bytes").GetInt64(),
            metadata.RootElement.GetProperty("excused_pages").GetArrayLength());
    }
}
