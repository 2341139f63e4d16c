using System.Text.Json.Nodes;
using Pgkeep.IntegrationTests.Harness;

namespace Pgkeep.IntegrationTests.Scripts;

/// <summary>A server that archives into a repository by the runbook's script, and that repository.</summary>
internal sealed class RunbookRepository
{
    private RunbookRepository(PostgresCluster cluster, string directory, Dictionary<string, string> environment)
    {
        Cluster = cluster;
        Directory = directory;
        Environment = environment;
    }

    public PostgresCluster Cluster { get; }

    public string Directory { get; }

    public string WalDirectory => Path.Combine(Directory, "wal_archive");

    public string BackupLog => Path.Combine(Directory, "backup.log");

    public Dictionary<string, string> Environment { get; }

    /// <summary>What <c>ls</c> would show of backups, oldest first.</summary>
    public IReadOnlyList<string> Backups => [.. System.IO.Directory.EnumerateDirectories(Directory, "backup_*").Select(path => Path.GetFileName(path)!).Order()];

    public IReadOnlyList<string> Segments => [.. System.IO.Directory.EnumerateFiles(WalDirectory, "????????????????????????.gz").Select(path => Path.GetFileName(path)![..24]).Order()];

    public static async Task<RunbookRepository> CreateAsync(Workspace workspace, Func<ServerOptions, Task<PostgresCluster>> start)
    {
        var directory = await workspace.CreateDirectoryAsync("backups");
        await workspace.CreateDirectoryAsync("backups/wal_archive");
        var config = await workspace.WriteFileAsync("backup.env", $"BACKUP_DIR={directory}\nRETENTION_DAYS=7\n");
        var environment = new Dictionary<string, string> { ["PGKEEP_CONFIG"] = config };
        var cluster = await start(new ServerOptions { ArchiveCommand = $"'{PgkeepBinary.Script("archive-wal.sh")}' %p %f", Environment = environment });
        return new RunbookRepository(cluster, directory, new Dictionary<string, string>(environment.Concat(cluster.ClientEnvironment)));
    }

    public Task<ProgramResult> RunAsync(string script, params string[] arguments) => RunWithAsync([], script, arguments);

    public Task<ProgramResult> RunWithAsync(Dictionary<string, string> more, string script, params string[] arguments)
    {
        var environment = new Dictionary<string, string>(Environment);
        foreach (var (name, value) in more)
        {
            environment[name] = value;
        }

        return PgkeepBinary.RunScriptAsync(script, arguments, new RunOptions { Environment = environment });
    }

    /// <summary>Takes a backup and returns its name.</summary>
    public async Task<string> BackupAsync()
    {
        var before = Backups;
        (await RunAsync("backup-postgres.sh", "base")).EnsureSuccess();
        return Backups.Except(before).Single();
    }

    public string StartWal(string backup) =>
        JsonNode.Parse(File.ReadAllText(Path.Combine(Directory, backup, "backup_metadata.json")))!["start_wal"]!.GetValue<string>();

    /// <summary>A shell as the account, with the repository's directory as $D.</summary>
    public async Task<string> ShellAsync(string script) => (await TestAccount.RunAsync(
        "bash", ["-c", script], new RunOptions { Environment = new Dictionary<string, string>(Environment) { ["D"] = Directory } })).EnsureSuccess().Stdout;

    /// <summary>Makes a backup look as if it had been taken that much earlier: its times and the checksum of the file they stand in.</summary>
    public async Task AgeAsync(string backup, TimeSpan age)
    {
        var path = Path.Combine(Directory, backup, "backup_metadata.json");
        var metadata = JsonNode.Parse(File.ReadAllText(path))!;
        foreach (var field in (string[])["started", "stopped"])
        {
            metadata[field] = DateTimeOffset.Parse(metadata[field]!.GetValue<string>(), System.Globalization.CultureInfo.InvariantCulture).Subtract(age).ToString("O");
        }

        await TestAccount.WriteFileAsync(path, metadata.ToJsonString());
        await ShellAsync($"cd \"$D/{backup}\" && sed -i '/backup_metadata.json/d' checksums.sha256 && sha256sum backup_metadata.json >>checksums.sha256 && sha256sum -c --quiet checksums.sha256");
    }
}
