using System.Globalization;
using Pgkeep.IntegrationTests.Harness;
using Xunit;

namespace Pgkeep.IntegrationTests.Archive;

/// <summary>A receiver beside a server that archives nothing itself.</summary>
public sealed class ReceiveWalTests : IntegrationTest
{
    [Theory, EachMajor]
    public async Task What_was_received_restores_to_the_last_row(int major)
    {
        var site = await StartAsync(major);
        await using var receiver = await site.StartStreamingAsync();
        Assert.Contains("Created the replication slot \"pgkeep\"", receiver.Stderr, StringComparison.Ordinal);
        (await site.RunAsync("backup")).EnsureSuccess();
        await site.Cluster.ExecuteAsync("INSERT INTO written SELECT 'a', i, repeat('x', 2000) FROM generate_series(1, 3000) i");
        await site.Cluster.ExecuteAsync("INSERT INTO written VALUES ('b', 1, 'the last one')");
        await site.WaitUntilReceivedAsync();
        var content = await site.Cluster.ChecksumAsync("written");

        await ReceiveSite.EndAsync(receiver);
        site.EnsureNoGap();
        Assert.True(site.Stored.Count >= 4, string.Join(' ', site.Stored));
        Assert.Single(site.Receiving);
        await site.Cluster.KillAsync();
        Directory.Delete(site.Cluster.DataDirectory, recursive: true);
        var restored = (await site.RestoreAsync()).EnsureSuccess();

        Assert.Contains("the last of them was being received: it goes to", restored.Stderr, StringComparison.Ordinal);
        Assert.Equal(content, await site.Cluster.ChecksumAsync("written"));
    }

    [Fact]
    public async Task The_old_servers_own_wal_wins_where_it_goes_further_than_what_was_received()
    {
        var site = await StartAsync();
        await using (var receiver = await site.StartStreamingAsync())
        {
            (await site.RunAsync("backup")).EnsureSuccess();
            await site.Cluster.ExecuteAsync("INSERT INTO written SELECT 'a', i, repeat('x', 2000) FROM generate_series(1, 1000) i");
            await site.WaitUntilReceivedAsync();
            await Processes.KillTreeAsync(receiver.ProcessId);
        }

        await site.Cluster.ExecuteAsync("INSERT INTO written VALUES ('b', 1, 'not received')");
        var content = await site.Cluster.ChecksumAsync("written");
        await site.Cluster.KillAsync();
        (await site.RestoreAsync()).EnsureSuccess();

        Assert.Equal(content, await site.Cluster.ChecksumAsync("written"));
    }

    [Fact]
    public Task No_acknowledged_row_is_lost_with_the_server() => LoseServersAsync(5);

    [Soak]
    public Task No_acknowledged_row_is_lost_with_fifty_servers() => LoseServersAsync(50);

    [Fact]
    public async Task A_receiver_that_is_killed_again_and_again_leaves_no_gap()
    {
        var site = await StartAsync();
        await using (await site.StartStreamingAsync())
        {
            (await site.RunAsync("backup")).EnsureSuccess();
        }

        var writers = StartWriters(site, 3);
        for (var i = 0; i < 8; i++)
        {
            await using var receiver = await site.StartStreamingAsync();
            await Task.Delay(Random.Shared.Next(50, 700), TestContext.Current.CancellationToken);
            await Processes.KillTreeAsync(receiver.ProcessId);
        }

        await using var last = await site.StartStreamingAsync();
        foreach (var writer in writers)
        {
            await writer.EndAsync();
        }

        await site.WaitUntilReceivedAsync();
        var content = await site.Cluster.ChecksumAsync("written");
        await ReceiveSite.EndAsync(last);
        site.EnsureNoGap();
        await LoseAsync(site);
        (await site.RestoreAsync()).EnsureSuccess();

        Assert.Equal(content, await site.Cluster.ChecksumAsync("written"));
    }

    [Fact]
    public async Task It_comes_back_after_a_restart_and_a_crash_of_the_server_and_says_so_once()
    {
        var site = await StartAsync();
        await using var receiver = await site.StartStreamingAsync();
        await site.Cluster.StopAsync();
        await ReceiveSite.WaitForAsync(receiver, "No WAL comes");
        await site.Cluster.StartAsync();
        await ReceiveSite.WaitForAsync(receiver, "Receiving WAL again");
        Assert.Equal(2, receiver.Stderr.Split("No WAL comes").Length);

        await site.Cluster.KillAsync();
        await site.Cluster.StartAsync();
        await site.Cluster.ExecuteAsync("INSERT INTO written VALUES ('a', 1, '')");
        await site.WaitUntilReceivedAsync();
        await site.Cluster.ExecuteAsync("SELECT pg_terminate_backend(pid) FROM pg_stat_replication");
        await site.Cluster.ExecuteAsync("INSERT INTO written VALUES ('a', 2, '')");
        await site.WaitUntilReceivedAsync();

        await ReceiveSite.EndAsync(receiver);
        Assert.Contains("Stopped; WAL is received up to", receiver.Stderr, StringComparison.Ordinal);
    }

    [Fact]
    public async Task It_comes_back_after_the_network_was_cut()
    {
        var site = await StartAsync();
        await using var proxy = new TcpProxy(site.Cluster.Port);
        var connection = new Dictionary<string, string>(site.Cluster.TcpEnvironment) { ["PGPORT"] = proxy.Port.ToString(CultureInfo.InvariantCulture) };
        await using var receiver = site.Start(connection);
        await ReceiveSite.WaitForAsync(receiver, "Receiving WAL");
        for (var i = 0; i < 5; i++)
        {
            await site.Cluster.ExecuteAsync("INSERT INTO written SELECT 'a', i, repeat('x', 2000) FROM generate_series(1, 500) i");
            proxy.Cut();
        }

        await site.WaitUntilReceivedAsync();
        await ReceiveSite.EndAsync(receiver);
        site.EnsureNoGap();
    }

    [Fact]
    public async Task What_it_reports_as_written_is_never_more_than_it_was_sent()
    {
        var site = await StartAsync();
        await using var receiver = await site.StartStreamingAsync();
        var writers = StartWriters(site, 3);

        for (var i = 0; i < 200; i++)
        {
            Assert.Empty(await site.Cluster.QueryAsync<string>("SELECT write_lsn || ' ' || sent_lsn FROM pg_stat_replication WHERE write_lsn > sent_lsn OR flush_lsn > write_lsn OR replay_lsn IS NOT NULL"));
        }

        foreach (var writer in writers)
        {
            await writer.EndAsync();
        }

        await ReceiveSite.EndAsync(receiver);
    }

    [Theory, EachMajor]
    public async Task It_follows_the_promotion_of_the_standby_it_streams_from(int major)
    {
        var site = await StartAsync(major);
        var standby = await StartStandbyAsync(site.Cluster);
        await using var receiver = site.Start(standby);
        await ReceiveSite.WaitForAsync(receiver, "Receiving WAL");
        (await site.RunAsync("backup")).EnsureSuccess();
        await site.Cluster.ExecuteAsync("INSERT INTO written SELECT 'a', i, repeat('x', 2000) FROM generate_series(1, 2000) i");
        await site.Cluster.WaitForReplayAsync(standby);
        await site.Cluster.KillAsync();

        await standby.ExecuteAsync("SELECT pg_promote()");
        await ReceiveSite.WaitForAsync(receiver, "The server is on timeline 2");
        await standby.ExecuteAsync("INSERT INTO written SELECT 'b', i, repeat('x', 2000) FROM generate_series(1, 2000) i");
        await ReceiveSite.WaitUntilReceivedAsync(standby);
        var content = await standby.ChecksumAsync("written");
        await ReceiveSite.EndAsync(receiver);

        Assert.True(File.Exists(Path.Combine(site.Archive, "00000002.history.gz")));
        var begin = site.Stored.First(name => name.StartsWith("00000002", StringComparison.Ordinal));
        Assert.DoesNotContain("00000001" + begin[8..], site.Stored);
        site.EnsureNoGap();
        await standby.StopAsync();
        Directory.Delete(site.Cluster.DataDirectory, recursive: true);
        (await site.RestoreAsync()).EnsureSuccess();
        Assert.Equal(content, await site.Cluster.ChecksumAsync("written"));
    }

    [Fact]
    public async Task What_the_old_server_wrote_behind_a_promotion_is_no_part_of_a_restore_along_the_new_timeline()
    {
        var site = await StartAsync();
        await using (var receiver = await site.StartStreamingAsync())
        {
            (await site.RunAsync("backup")).EnsureSuccess();
            var standby = await StartStandbyAsync(site.Cluster);
            await site.Cluster.ExecuteAsync("INSERT INTO written VALUES ('both', 1, '')");
            await site.Cluster.WaitForReplayAsync(standby);
            await standby.ExecuteAsync("SELECT pg_promote()");
            await site.Cluster.ExecuteAsync("INSERT INTO written VALUES ('old', 1, '')");
            await site.WaitUntilReceivedAsync();
            await ReceiveSite.EndAsync(receiver);
            await standby.StopAsync();
            var archived = await PgkeepBinary.RunAsync(
                ["archive-wal", "pg_wal/00000002.history", "00000002.history"],
                new RunOptions { Environment = new Dictionary<string, string> { ["BACKUP_DIR"] = site.Repository }, WorkingDirectory = standby.DataDirectory });
            archived.EnsureSuccess();
        }

        await LoseAsync(site);
        var restored = (await site.RestoreAsync()).EnsureSuccess();

        Assert.Contains("timeline 2's own WAL is missing: the restore ends at", restored.Stderr, StringComparison.Ordinal);
        Assert.Equal(["both"], await site.Cluster.QueryAsync<string>("SELECT session FROM written"));
    }

    [Fact]
    public async Task A_gap_is_refused_with_the_missing_segment_and_accepted_when_asked_to()
    {
        var site = await StartAsync();
        await using (var receiver = await site.StartStreamingAsync())
        {
            await site.Cluster.SwitchWalAsync();
            await site.Cluster.ExecuteAsync("INSERT INTO written VALUES ('a', 0, '')");
            await site.WaitUntilReceivedAsync();
            await ReceiveSite.EndAsync(receiver);
        }

        var dropped = (await site.RunAsync("receive-wal", "--drop-slot")).EnsureSuccess();
        var missing = Assert.Single(site.Receiving);
        Assert.Contains($"{missing}, received up to", dropped.Stderr, StringComparison.Ordinal);
        for (var i = 0; i < 5; i++)
        {
            await site.Cluster.SwitchWalAsync();
            await site.Cluster.ExecuteAsync("CHECKPOINT");
        }

        var refused = await site.RunAsync("receive-wal");
        Assert.Contains($"the server does not have {missing} any more", refused.EnsureExitCode(40).Stderr, StringComparison.Ordinal);
        Assert.Contains("ERROR: receive-wal", site.Log, StringComparison.Ordinal);

        await using var accepting = await site.StartStreamingAsync("--accept-gap");
        await site.Cluster.ExecuteAsync("INSERT INTO written VALUES ('a', 1, '')");
        await site.WaitUntilReceivedAsync();
        await ReceiveSite.EndAsync(accepting);
        Assert.Contains("the gap is accepted", accepting.Stderr, StringComparison.Ordinal);
        Assert.DoesNotContain(missing, site.Receiving);
        Assert.True(File.Exists(Path.Combine(site.DirectoryOf("pgkeep"), missing + ".partial")));
        var left = (await site.RunAsync("receive-wal", "--drop-slot")).EnsureSuccess();
        Assert.Contains($"{missing}.partial, which was set aside", left.Stderr, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_second_receiver_is_told_which_directory_or_slot_is_taken()
    {
        var site = await StartAsync();
        await using var first = await site.StartStreamingAsync();

        var sameDirectory = await site.RunAsync("receive-wal");
        Assert.Contains("another pgkeep receives WAL into", sameDirectory.EnsureExitCode(12).Stderr, StringComparison.Ordinal);

        var other = await (await GetWorkspaceAsync()).CreateDirectoryAsync("other");
        var sameSlot = await site.RunAsync("receive-wal", "--backup-dir", other);
        Assert.Contains("another receiver has this slot", sameSlot.EnsureExitCode(22).Stderr, StringComparison.Ordinal);

        await using var second = await site.StartStreamingAsync("--slot", "second");
        await site.Cluster.SwitchWalAsync();
        await site.WaitUntilReceivedAsync("second");
        await ReceiveSite.EndAsync(second);
        await ReceiveSite.EndAsync(first);
        site.EnsureNoGap();
    }

    [Fact]
    public async Task It_goes_on_behind_what_archive_wal_stored_and_beside_it()
    {
        var workspace = await GetWorkspaceAsync();
        var repository = await workspace.CreateDirectoryAsync("repository");
        var site = new ReceiveSite(
            await StartClusterAsync(PostgresServers.Newest, new ServerOptions { WalSegmentSizeInMiB = 1, ArchiveCommand = RepositorySite.ArchiveCommand(repository) }), repository);
        await site.Cluster.SwitchWalAsync();
        await site.Cluster.SwitchWalAsync();
        await Poll.UntilAsync(() => site.Stored.Count >= 2, "archive-wal has stored something");

        await using var receiver = await site.StartStreamingAsync();
        Assert.Contains("going on behind what is stored", receiver.Stderr, StringComparison.Ordinal);
        for (var i = 0; i < 5; i++)
        {
            await site.Cluster.SwitchWalAsync();
        }

        await site.Cluster.ExecuteAsync("CREATE TABLE unfinished ()");
        await site.WaitUntilReceivedAsync();
        await ReceiveSite.EndAsync(receiver);
        site.EnsureNoGap();
        Assert.DoesNotContain("ERROR", site.Log, StringComparison.Ordinal);
        Assert.Equal(0, await site.Cluster.ScalarAsync<long>("SELECT failed_count FROM pg_stat_archiver"));

        var last = Assert.Single(site.Receiving);
        Assert.Contains($"{last}, received up to", (await site.RunAsync("receive-wal", "--drop-slot")).EnsureSuccess().Stderr, StringComparison.Ordinal);
        Assert.Equal([last], site.Receiving);
        await site.Cluster.SwitchWalAsync();
        await Poll.UntilAsync(() => site.Stored.Contains(last), $"{last} is stored");
        Assert.Contains("the archive has all", (await site.RunAsync("receive-wal", "--drop-slot")).EnsureSuccess().Stderr, StringComparison.Ordinal);
        Assert.False(Directory.Exists(site.DirectoryOf("pgkeep")));
    }

    [Fact]
    public async Task A_synchronous_receiver_says_so_and_warns_of_a_weaker_synchronous_commit()
    {
        var site = await StartAsync();
        await site.MakeSynchronousAsync();
        await using (var receiver = await site.StartStreamingAsync())
        {
            await ReceiveSite.WaitForAsync(receiver, "counts this receiver among its synchronous standbys");
            await site.Cluster.ExecuteAsync("ALTER SYSTEM SET synchronous_commit = 'remote_write'");
            await site.Cluster.ExecuteAsync("SELECT pg_reload_conf()");
            await ReceiveSite.EndAsync(receiver);
        }

        await using var warned = await site.StartStreamingAsync();
        await ReceiveSite.WaitForAsync(warned, "synchronous_commit is remote_write");
        await ReceiveSite.EndAsync(warned);
    }

    private static List<RowWriter> StartWriters(ReceiveSite site, int count, string name = "w") =>
        [.. Enumerable.Range(0, count).Select(i => new RowWriter(site.Cluster, $"{name}{i}"))];

    /// <summary>With its disk: nothing of it is left but the receiver's directory.</summary>
    private static async Task LoseAsync(ReceiveSite site)
    {
        if (site.Cluster.IsRunning)
        {
            await site.Cluster.KillAsync();
        }

        Directory.Delete(site.Cluster.DataDirectory, recursive: true);
    }

    private async Task LoseServersAsync(int rounds)
    {
        var site = await StartAsync();
        var acknowledged = 0L;
        for (var round = 1; round <= rounds; round++)
        {
            await using var receiver = await site.StartStreamingAsync();
            await Task.Delay(1100, TestContext.Current.CancellationToken); // names of backups are seconds
            (await site.RunAsync("backup")).EnsureSuccess();
            await site.MakeSynchronousAsync();
            var writers = StartWriters(site, 4, $"round{round}-");
            await Poll.UntilAsync(() => writers.All(writer => writer.Acknowledged > 20), "rows are written");
            await Task.Delay(Random.Shared.Next(50, 1500), TestContext.Current.CancellationToken);
            await LoseAsync(site);
            var rows = await Task.WhenAll(writers.Select(writer => writer.EndAsync()));
            if (round % 2 == 0)
            {
                await Processes.KillTreeAsync(receiver.ProcessId);
            }
            else
            {
                await ReceiveSite.EndAsync(receiver);
            }

            (await site.RestoreAsync()).EnsureSuccess();

            for (var i = 0; i < rows.Length; i++)
            {
                var missing = await site.Cluster.QueryAsync<long>(
                    $"SELECT i FROM generate_series(1, {rows[i]}) i WHERE NOT EXISTS (SELECT FROM written WHERE session = 'round{round}-{i}' AND number = i)");
                Assert.Empty(missing);
            }

            acknowledged += rows.Sum();
            site.EnsureNoGap();
            SoakRun.Tell($"round {round}: {rows.Sum()} rows were acknowledged, and all of them are restored");
        }

        SoakRun.Tell($"{rounds} servers lost, {acknowledged} rows acknowledged, none missing");
    }

    private async Task<ReceiveSite> StartAsync(int? major = null)
    {
        var workspace = await GetWorkspaceAsync();
        var repository = await workspace.CreateDirectoryAsync("repository");
        var site = new ReceiveSite(await StartClusterAsync(major ?? PostgresServers.Newest, new ServerOptions { WalSegmentSizeInMiB = 1 }), repository);
        await site.Cluster.ExecuteAsync("CREATE TABLE written (session text, number bigint, fill text); ALTER TABLE written ALTER fill SET STORAGE EXTERNAL");
        return site;
    }
}
