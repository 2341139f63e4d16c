using Pgkeep.IntegrationTests.Harness;

namespace Pgkeep.IntegrationTests.Archive;

/// <summary>A primary and its standby that archive into one repository, with a backup of before; what each server alone has written tells the timelines apart.</summary>
internal sealed class TwoServersSite(RepositorySite site, PostgresCluster standby)
{
    private int _restores;

    public PostgresCluster Primary => site.Cluster;

    public PostgresCluster Standby => standby;

    public string Archive => site.Archive;

    public string StoredPath(string name) => Path.Combine(Archive, name + ".gz");

    public Task WaitForAsync(string name) => Poll.UntilAsync(() => File.Exists(StoredPath(name)), $"{name} is stored");

    /// <summary>One row that both have, in the middle of a segment.</summary>
    public async Task WriteCommonAsync()
    {
        await Primary.ExecuteAsync("CREATE TABLE t (origin text); INSERT INTO t VALUES ('both')");
        await Primary.SwitchWalAsync();
        await Primary.ExecuteAsync("CREATE TABLE more AS SELECT i FROM generate_series(1, 5000) i");
        await Primary.WaitForReplayAsync(Standby);
    }

    /// <returns>The segment in which the old timeline ends.</returns>
    public async Task<string> PromoteAsync()
    {
        var segment = await Standby.ScalarAsync<string>("SELECT '00000001' || substr(pg_walfile_name_of, 9) FROM (SELECT '00000001' || lpad(to_hex((pg_last_wal_replay_lsn() - '0/0')::bigint >> 32), 8, '0') || lpad(to_hex(((pg_last_wal_replay_lsn() - '0/0')::bigint & 4294967295) >> 20), 8, '0') AS pg_walfile_name_of) s");
        await Standby.ExecuteAsync("SELECT pg_promote()");
        return segment.ToUpperInvariant();
    }

    public async Task WriteAndArchiveAsync(PostgresCluster cluster, string origin)
    {
        await cluster.ExecuteAsync($"INSERT INTO t VALUES ('{origin}'); CREATE TABLE also AS SELECT i, md5(i::text) FROM generate_series(1, 30000) i");
        await WaitForAsync(await cluster.SwitchWalAsync());
    }

    public async Task StopAsync()
    {
        await Standby.StopAsync();
        await Primary.StopAsync();
    }

    public string GetWal(string options) => $"BACKUP_DIR={site.Repository} {PgkeepBinary.FilePath} get-wal {options} %f \"%p\"";

    /// <summary>Over the primary's place, to the latest moment where no option says otherwise.</summary>
    public Task<ProgramResult> RestoreAsync(params string[] options) => site.RestoreAsync(options: options);

    /// <summary>What a restore by hand has, as the manual describes it.</summary>
    public async Task<IReadOnlyList<string>> RestoredAsync(string timeline, string? restoreCommand = null)
    {
        await using var restored = await PrepareAsync(timeline, restoreCommand ?? GetWal(""));
        await restored.StartAsync();
        await Poll.UntilAsync(async () => !await restored.ScalarAsync<bool>("SELECT pg_is_in_recovery()"), "the recovery is over");
        return await restored.QueryAsync<string>("SELECT origin FROM t ORDER BY origin");
    }

    /// <summary>A restore by hand that get-wal stops.</summary>
    /// <returns>What its server has logged.</returns>
    public async Task<string> FailToRestoreAsync(string timeline, string options)
    {
        await using var restored = await PrepareAsync(timeline, GetWal(options));
        try
        {
            await restored.StartAsync();
        }
        catch (Xunit.Sdk.XunitException)
        {
            // It may be dead before it takes connections, or after.
        }

        await Poll.UntilAsync(() => !restored.IsRunning, "the recovery is stopped");
        return restored.ServerLog;
    }

    private async Task<PostgresCluster> PrepareAsync(string timeline, string restoreCommand)
    {
        var target = Primary.Workspace.PathOf($"restored-{++_restores}");
        await HandRestore.UnpackAsync(site.Backups[0], target);
        await HandRestore.AppendSettingsAsync(
            target,
            $"""
            archive_mode = off
            restore_command = '{restoreCommand}'
            recovery_target_timeline = '{timeline}'
            """);
        await TestAccount.WriteFileAsync(Path.Combine(target, "recovery.signal"), "");
        return PostgresCluster.Adopt(Primary.Workspace, Primary.Major, target);
    }
}
