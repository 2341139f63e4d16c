using System.Globalization;
using Pgkeep.IntegrationTests.Harness;
using Xunit;

namespace Pgkeep.IntegrationTests.Documents;

/// <summary>A server with a shop's orders, its repository and a configuration, and a shell in which the page's commands mean all that.</summary>
internal sealed class RunbookSite
{
    private readonly Dictionary<string, string> _meanings = [];
    private readonly string _configuration;

    private RunbookSite(PostgresCluster cluster, string repository, string configuration) => (Cluster, Repository, _configuration) = (cluster, repository, configuration);

    public PostgresCluster Cluster { get; }

    public string Repository { get; }

    public string Archive => Path.Combine(Repository, "wal_archive");

    /// <summary>The server that a command without an address talks to.</summary>
    public PostgresCluster? Addressed { get; set; }

    public static async Task<RunbookSite> StartAsync(PostgresCluster cluster, string repository)
    {
        var workspace = cluster.Workspace;
        var configuration = await workspace.WriteFileAsync("backup.env", $"BACKUP_DIR={repository}\nPGKEEP_RESTORE_LOG={workspace.PathOf("restore.log")}\n");
        var programs = await workspace.CreateDirectoryAsync("programs");
        // Root's commands and the server's account are one here.
        await workspace.WriteFileAsync("programs/sudo", "#!/bin/sh\nif [ \"$1\" = -u ]; then shift 2; fi\nexec \"$@\"\n", "0755");
        (await TestAccount.RunAsync("ln", ["-s", PgkeepBinary.FilePath, programs])).EnsureSuccess();
        var site = new RunbookSite(cluster, repository, configuration);
        await cluster.ExecuteAsync("CREATE TABLE orders AS SELECT i, md5(i::text) AS note FROM generate_series(1, 2000) i");
        site.Mean("/var/lib/postgresql/15/main", cluster.DataDirectory);
        site.Mean("/var/lib/postgresql/restored", workspace.PathOf("restored"));
        site.Mean("/var/lib/postgresql/copy", workspace.PathOf("copy"));
        site.Mean("/usr/lib/postgresql/15/bin", cluster.BinDirectory);
        site.Mean(">orders.sql", $">{workspace.PathOf("orders.sql")}");
        site.Mean("-f orders.sql", $"-f {workspace.PathOf("orders.sql")}");
        site.Mean("/var/backups/postgresql", repository);
        site.Mean("/mnt/rescue", workspace.PathOf("rescue"));
        site.Mean("/mnt/wal/pg_wal", workspace.PathOf("survived"));
        await site.BackupAsync();
        return site;
    }

    /// <summary>From now on the page's word stands for this.</summary>
    public void Mean(string word, string meaning) => _meanings[word] = meaning;

    public async Task BackupAsync()
    {
        (await PgkeepBinary.RunAsync(["backup", "--quiet"], new RunOptions { Environment = Environment() })).EnsureSuccess();
        Mean("backup_20250108_020000", new FileInfo(Path.Combine(Repository, "latest")).LinkTarget!);
    }

    public Task OrderAsync(int count = 100) => Cluster.ExecuteAsync($"INSERT INTO orders SELECT i, 'later' FROM generate_series(1, {count}) i");

    /// <summary>What an accident has to be gone back to, and that accident's number, which the page's command names.</summary>
    public async Task<string> HaveAccidentAsync(string sql)
    {
        await OrderAsync();
        var before = await ContentAsync();
        Mean("2025-01-08 12:00:00", await NowAsync());
        Mean("2025-01-08 12:29:59", await NowAsync());
        await using var connection = await Cluster.ConnectAsync();
        await using var command = new Npgsql.NpgsqlCommand($"BEGIN; {sql}; SELECT pg_current_xact_id()::text", connection);
        Mean("88120433", (string)(await command.ExecuteScalarAsync(TestContext.Current.CancellationToken))!);
        await using var commit = new Npgsql.NpgsqlCommand("COMMIT", connection);
        await commit.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
        await Cluster.ExecuteAsync("CREATE TABLE after_it (i int)");
        await ArchiveAsync();
        return before;
    }

    public async Task ArchiveAsync()
    {
        var segment = await Cluster.SwitchWalAsync();
        await Poll.UntilAsync(() => File.Exists(Path.Combine(Archive, segment + ".gz")), $"{segment} is stored");
    }

    public Task<string> ContentAsync() => Cluster.ChecksumAsync("orders");

    /// <summary>By the server's clock, with its zone, between two transactions.</summary>
    public Task<string> NowAsync() =>
        Cluster.ScalarAsync<string>("SELECT to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US') || '+00' FROM pg_sleep(0.01)");

    /// <summary>Runs commands one after another on a terminal, up to the first that fails.</summary>
    /// <param name="typed">At each question.</param>
    public async Task<ProgramResult> RunAsync(string commands, string typed)
    {
        foreach (var (word, meaning) in _meanings.OrderByDescending(pair => pair.Key.Length))
        {
            commands = commands.Replace(word, meaning, StringComparison.Ordinal);
        }

        var script = await Cluster.Workspace.WriteFileAsync("block.sh", $"set -eu\n{commands}\n", "0755");
        await using var running = TestAccount.Start("script", ["-qec", $"bash {script}", "/dev/null"], new RunOptions { Environment = Environment(), Input = typed + "\n" });
        return await running.WaitAsync();
    }

    private Dictionary<string, string> Environment() => new((Addressed ?? Cluster).ClientEnvironment)
    {
        ["PGKEEP_CONFIG"] = _configuration,
        ["PATH"] = string.Create(CultureInfo.InvariantCulture, $"{Cluster.Workspace.PathOf("programs")}:{PostgresServers.ClientDirectory(Cluster.Major)}:{System.Environment.GetEnvironmentVariable("PATH")}"),
        ["PAGER"] = "cat",
    };
}
