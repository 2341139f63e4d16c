using System.Globalization;
using Pgkeep.IntegrationTests.Harness;
using Xunit;

namespace Pgkeep.IntegrationTests.Archive;

/// <summary>A server that archives with archive-wal is killed under load, and its disk is lost with it: what was archived is all there is, and all of it comes back.</summary>
public sealed class LostServerTests : IntegrationTest
{
    private const int Writers = 4;
    private const ulong SegmentSize = 1024 * 1024;

    [Fact]
    public Task Every_row_up_to_the_last_archived_segment_is_restored_from_5_lost_servers() => LoseServersAsync(5);

    [Soak]
    public Task Every_row_up_to_the_last_archived_segment_is_restored_from_50_lost_servers() => LoseServersAsync(50);

    private async Task LoseServersAsync(int rounds)
    {
        var repository = await (await GetWorkspaceAsync()).CreateDirectoryAsync("repository");
        var options = new ServerOptions { WalSegmentSizeInMiB = 1, ArchiveCommand = RepositorySite.ArchiveCommand(repository) };
        var site = new RepositorySite(await StartClusterAsync(PostgresServers.Newest, options), repository);
        await site.Cluster.ExecuteAsync("CREATE TABLE written (session text, number bigint, fill text); ALTER TABLE written ALTER fill SET STORAGE EXTERNAL");
        var (acknowledged, archived) = (0L, 0L);
        for (var round = 1; round <= rounds; round++)
        {
            await Task.Delay(1100, TestContext.Current.CancellationToken); // names of backups are seconds
            (await site.BackupAsync()).EnsureSuccess();
            var writers = Enumerable.Range(0, Writers).Select(i => new RowWriter(site.Cluster, $"round{round}-{i}")).ToList();
            await Poll.UntilAsync(() => writers.All(writer => writer.Acknowledged > 200), "rows are written");
            await Task.Delay(Random.Shared.Next(50, 1500), TestContext.Current.CancellationToken);
            await site.Cluster.KillAsync();
            foreach (var writer in writers)
            {
                await writer.EndAsync();
            }

            var end = EndOf(site.Archive);
            Directory.Delete(site.Cluster.DataDirectory, recursive: true);
            (await site.RestoreAsync()).EnsureSuccess();

            for (var i = 0; i < Writers; i++)
            {
                var expected = writers[i].Positions.Count(position => position <= end);
                var restored = await site.Cluster.QueryAsync<long>($"SELECT number FROM written WHERE session = 'round{round}-{i}' ORDER BY number");
                // What was acknowledged and archived is there, nothing in between is missing, and at most one row more was under way.
                Assert.Equal(Enumerable.Range(1, restored.Count).Select(number => (long)number), restored);
                Assert.InRange(restored.Count, expected, writers[i].Positions.Count + 1);
                (acknowledged, archived) = (acknowledged + writers[i].Positions.Count, archived + expected);
            }

            // The restored server archives already.
            await Poll.UntilAsync(() => RepositoryNames.LeftoversIn(site.Archive).Count == 0, "what the killed call left is gone");
        }

        SoakRun.Tell($"{rounds} servers lost, {acknowledged} rows acknowledged, {archived} of them archived, none of those missing");
        Assert.NotEqual(0, archived);
    }

    /// <summary>Of the newest timeline's last stored segment.</summary>
    private static ulong EndOf(string archive)
    {
        var last = RepositoryNames.VisibleIn(archive).Where(name => name.Length == 24 + ".gz".Length).Order(StringComparer.Ordinal).Last();
        ulong Hex(int start) => ulong.Parse(last.AsSpan(start, 8), NumberStyles.HexNumber, CultureInfo.InvariantCulture);
        return (Hex(8) << 32) + ((Hex(16) + 1) * SegmentSize);
    }
}
