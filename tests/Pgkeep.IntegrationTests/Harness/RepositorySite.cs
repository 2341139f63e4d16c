namespace Pgkeep.IntegrationTests.Harness;

/// <summary>A server whose archive_command stores into a repository beside it, in one workspace.</summary>
internal sealed class RepositorySite
{
    public RepositorySite(PostgresCluster cluster, string repository)
    {
        Cluster = cluster;
        Repository = repository;
    }

    public PostgresCluster Cluster { get; }

    public string Repository { get; }

    public string Archive => Path.Combine(Repository, "wal_archive");

    /// <summary>What pgkeep needs to work on this site.</summary>
    public IReadOnlyDictionary<string, string> Environment => new Dictionary<string, string>(Cluster.ClientEnvironment) { ["BACKUP_DIR"] = Repository };

    public IReadOnlyList<string> Backups => [.. Directory.EnumerateDirectories(Repository, "backup_*").Order(StringComparer.Ordinal)];

    /// <summary>All names in the repository that are not dot-names, without the log.</summary>
    public IReadOnlyList<string> VisibleNames => RepositoryNames.VisibleIn(Repository);

    public static string ArchiveCommand(string repository) => $"BACKUP_DIR={repository} {PgkeepBinary.FilePath} archive-wal %p %f";

    public Task<ProgramResult> BackupAsync(params string[] options) => RunAsync(["backup", .. options]);

    public Task<ProgramResult> RunAsync(IReadOnlyList<string> arguments, TimeSpan? timeout = null) =>
        PgkeepBinary.RunAsync(arguments, new RunOptions { Environment = Environment, Timeout = timeout ?? RunOptions.DefaultTimeout });

    /// <summary>Restores over the running server; afterwards it runs again.</summary>
    public Task<ProgramResult> RestoreAsync(TimeSpan? timeout = null, params string[] options)
    {
        string[] places = ["--pgdata", Cluster.DataDirectory, "--bindir", Cluster.BinDirectory, "--restore-log", Cluster.Workspace.PathOf("restore.log")];
        return RunAsync(["restore", "--stop-server", "--yes", .. places, .. options], timeout);
    }

    /// <summary>The new backup's directory.</summary>
    public async Task<string> TakeBackupAsync()
    {
        (await BackupAsync()).EnsureSuccess();
        return Backups[^1];
    }

    /// <summary>Sessions that pgkeep has on the server.</summary>
    public Task<long> SessionsAsync() => Cluster.ScalarAsync<long>("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'pgkeep'");

    public async Task<string> SwitchAndArchiveAsync()
    {
        var segment = await Cluster.SwitchWalAsync();
        await Poll.UntilAsync(() => File.Exists(Path.Combine(Archive, segment + ".gz")), $"{segment} is archived");
        return segment;
    }
}
