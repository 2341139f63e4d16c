using System.Text.Json.Nodes;
using Pgkeep.IntegrationTests.Archive;
using Pgkeep.IntegrationTests.Harness;
using Xunit;

namespace Pgkeep.IntegrationTests.Rotation;

/// <summary>A rotation that is killed anywhere loses nothing, lets nobody store meanwhile, and is finished by the next run.</summary>
public sealed class RotationFaultTests(WalSamples samples) : ArchiveTest, IClassFixture<WalSamples>
{
    private const int Locked = 12;
    private const int Mismatch = 14;

    private string Apart => Path.Combine(Path.GetDirectoryName(Repository)!, "apart");

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Killed_after_any_call_it_is_finished_by_the_next_run(bool isApart)
    {
        await MakeAsync(isApart);
        var calls = await KillPoint.RecordAsync((await GetWorkspaceAsync()).PathOf("calls"), RotateWords, With(isApart));

        await KillSweep.RunAsync($"repository rotate, {(isApart ? "the archive apart" : "all in one place")}", calls, async moment =>
        {
            await MakeAsync(isApart);
            var before = await OldContentAsync(Repository, isApart ? Apart : Archive);
            if (!await KillPoint.KillAsync(moment, RotateWords, With(isApart)))
            {
                return false;
            }

            await EnsureNobodyStoresWronglyAsync(isApart);
            await RotateAgainAsync(isApart);
            await EnsureRotatedAsync(isApart, before);
            return true;
        });
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Archiving_goes_on_around_it_and_nothing_lands_in_the_wrong_place(bool isApart)
    {
        await MakeAsync(isApart);
        var stored = new List<string>();
        using var over = new CancellationTokenSource();
        var old = PushUntilAsync(samples.Segments.Skip(2), isApart, stored, over.Token);
        var fresh = PushUntilAsync([samples.OfAnotherCluster], isApart, stored, over.Token);

        (await PgkeepBinary.RunAsync(RotateWords, With(isApart))).EnsureSuccess();
        (await PgkeepBinary.RunAsync(["archive-wal", samples.OfAnotherCluster, Path.GetFileName(samples.OfAnotherCluster)], With(isApart))).EnsureSuccess();
        await over.CancelAsync();
        await Task.WhenAll(old, fresh);

        var aside = await AsideAsync();
        Assert.All(stored.Where(path => path != samples.OfAnotherCluster), path => Assert.True(File.Exists(Path.Combine(aside, "wal_archive", Path.GetFileName(path) + ".gz")), path));
        (await PgkeepBinary.RunAsync(["verify", "--wal"], With(isApart))).EnsureSuccess();
        (await PgkeepBinary.RunAsync(["verify", "--wal", "--backup-dir", aside], new RunOptions())).EnsureSuccess();
    }

    [Fact]
    public async Task Without_a_terminal_and_for_the_same_cluster_nothing_is_done()
    {
        await MakeAsync(isApart: false);

        var asked = await PgkeepBinary.RunAsync([.. RotateWords.Where(word => word != "--yes")], With(isApart: false));
        var same = await PgkeepBinary.RunAsync(["repository", "rotate", "--yes", "--pgdata", samples.DataDirectory], With(isApart: false));
        var shown = await PgkeepBinary.RunAsync([.. RotateWords, "--dry-run"], With(isApart: false));

        asked.EnsureExitCode(60);
        Assert.Contains("there is nothing to rotate", same.EnsureExitCode(Mismatch).Stderr, StringComparison.Ordinal);
        Assert.Contains("moves to", shown.EnsureSuccess().Stdout, StringComparison.Ordinal);
        Assert.Empty(Directory.EnumerateDirectories(Repository, "old_*"));
    }

    /// <summary>Also where the kill came behind everything: then there is nothing left to do.</summary>
    private async Task RotateAgainAsync(bool isApart)
    {
        var result = await PgkeepBinary.RunAsync(RotateWords, With(isApart));
        if (result.ExitCode == Mismatch)
        {
            Assert.Contains("there is nothing to rotate", result.Stderr, StringComparison.Ordinal);
            return;
        }

        result.EnsureSuccess();
    }

    private string[] RotateWords => ["repository", "rotate", "--yes", "--pgdata", samples.DataDirectoryOfAnotherCluster];

    private RunOptions With(bool isApart) =>
        isApart ? Options with { Environment = new Dictionary<string, string>(Options.Environment) { ["WAL_ARCHIVE_DIR"] = Apart } } : Options;

    /// <summary>A repository of the first cluster with two segments, a history and something under a backup's name.</summary>
    private async Task MakeAsync(bool isApart)
    {
        await ShellAsync($"rm -rf {Repository} {Apart} && mkdir -m 0700 {Repository} {Apart} && mkdir {Repository}/backup_20250108_143000 && echo kept >{Repository}/backup_20250108_143000/file && ln -s backup_20250108_143000 {Repository}/latest");
        foreach (var path in samples.Segments.Take(2))
        {
            (await PgkeepBinary.RunAsync(["archive-wal", path, Path.GetFileName(path)], With(isApart))).EnsureSuccess();
        }
    }

    /// <summary>In whatever state the kill has left: the old cluster is refused or in its own archive, the new one refused or in its own.</summary>
    private async Task EnsureNobodyStoresWronglyAsync(bool isApart)
    {
        var old = await PgkeepBinary.RunAsync(["archive-wal", samples.Segments[2], Path.GetFileName(samples.Segments[2])], With(isApart));
        Assert.Contains(old.ExitCode, new[] { 0, Locked, Mismatch });
        // Where the marker is still the old one's, nothing was moved, and this must go with the rest.
        if (old.ExitCode == 0)
        {
            Assert.Empty(Directory.EnumerateDirectories(Repository, "old_*"));
        }

        var fresh = await PgkeepBinary.RunAsync(["archive-wal", samples.OfAnotherCluster, Path.GetFileName(samples.OfAnotherCluster)], With(isApart));
        Assert.Contains(fresh.ExitCode, new[] { 0, Locked, Mismatch });
        if (fresh.ExitCode == 0)
        {
            Assert.True(File.Exists(Path.Combine(await AsideAsync(), "repository.json")), "the new cluster stores, and the old repository is not whole");
        }

        var list = await PgkeepBinary.RunAsync(["list"], With(isApart));
        Assert.Contains(list.ExitCode, new[] { 0, Locked });
    }

    private async Task EnsureRotatedAsync(bool isApart, string before)
    {
        var aside = await AsideAsync();
        var after = await OldContentAsync(aside, Path.Combine(aside, "wal_archive"));
        Assert.Equal(before, after);
        (await PgkeepBinary.RunAsync(["archive-wal", samples.OfAnotherCluster, Path.GetFileName(samples.OfAnotherCluster)], With(isApart))).EnsureSuccess();
        (await PgkeepBinary.RunAsync(["archive-wal", samples.Segments[3], Path.GetFileName(samples.Segments[3])], With(isApart))).EnsureExitCode(Mismatch);
        Assert.Contains("holds the repository of an earlier cluster", (await PgkeepBinary.RunAsync(["list"], With(isApart))).EnsureSuccess().Stdout, StringComparison.Ordinal);
        (await PgkeepBinary.RunAsync(["list", "--backup-dir", aside], new RunOptions())).EnsureSuccess();
    }

    private async Task<string> AsideAsync()
    {
        var marker = JsonNode.Parse(await File.ReadAllTextAsync(Path.Combine(Repository, "repository.json"), TestContext.Current.CancellationToken))!;
        Assert.Equal("pgkeep repository", marker["kind"]!.GetValue<string>());
        return Assert.Single(Directory.EnumerateDirectories(Repository, "old_*"));
    }

    /// <summary>What must be there before and after: the backups, the link and the first two segments.</summary>
    private async Task<string> OldContentAsync(string repository, string archive) => (await TestAccount.RunAsync(
        "sh",
        ["-c", "cd \"$1\" && readlink latest && cat backup_*/file && cat repository.json && cd \"$2\" && sha256sum \"$3.gz\" \"$4.gz\"", "sh", repository, archive, Path.GetFileName(samples.Segments[0]), Path.GetFileName(samples.Segments[1])]))
        .EnsureSuccess().Stdout;

    private async Task PushUntilAsync(IEnumerable<string> paths, bool isApart, List<string> stored, CancellationToken over)
    {
        var left = new Queue<string>(paths);
        while (!over.IsCancellationRequested && left.TryPeek(out var path))
        {
            var result = await PgkeepBinary.RunAsync(["archive-wal", path, Path.GetFileName(path)], With(isApart));
            if (result.ExitCode != 0)
            {
                Assert.Contains(result.ExitCode, new[] { Locked, Mismatch });
                continue;
            }

            left.Dequeue();
            lock (stored)
            {
                stored.Add(path);
            }
        }
    }

    private static async Task ShellAsync(string script) => (await TestAccount.RunAsync("sh", ["-c", script])).EnsureSuccess();
}
