using System.Diagnostics;
using System.Text.Json.Nodes;
using Pgkeep.IntegrationTests.Harness;
using Xunit;

namespace Pgkeep.IntegrationTests.Restore;

/// <summary>
/// A server with tables, an empty one and a tablespace among them, that archives into a repository of its own, and the commands of pgkeep on it.
/// Commands run as the server's account unless a test asks for root.
/// </summary>
internal sealed class RestoreSite
{
    private RestoreSite(Workspace workspace, PostgresCluster cluster, string repository)
    {
        Workspace = workspace;
        Cluster = cluster;
        Repository = repository;
    }

    public Workspace Workspace { get; }

    public PostgresCluster Cluster { get; }

    public string Repository { get; }

    public string DataDirectory => Cluster.DataDirectory;

    public string RestoreLog => Workspace.PathOf("restore.log");

    public string AutoConf => Path.Combine(DataDirectory, "postgresql.auto.conf");

    public string Archive => Path.Combine(Repository, "wal_archive");

    public string Latest => Path.Combine(Repository, new FileInfo(Path.Combine(Repository, "latest")).LinkTarget!);

    /// <summary>Where old clusters wait, oldest first.</summary>
    public IReadOnlyList<string> Asides => [.. Directory.EnumerateDirectories(Path.GetDirectoryName(DataDirectory)!, "data.before-*").Order(StringComparer.Ordinal)];

    public IReadOnlyList<string> Journals => [.. Directory.EnumerateFiles(Path.GetDirectoryName(DataDirectory)!, "data.before-*.journal").Order(StringComparer.Ordinal)];

    public static async Task<RestoreSite> StartAsync(Workspace workspace, int major, IReadOnlyDictionary<string, string>? settings = null, string name = "data")
    {
        var repository = await workspace.CreateDirectoryAsync("repository");
        var options = new ServerOptions
        {
            ArchiveCommand = $"{PgkeepBinary.FilePath} archive-wal --config /dev/null --backup-dir {repository} \"%p\" \"%f\"",
            Settings = settings ?? new Dictionary<string, string>(),
        };
        var cluster = await PostgresCluster.StartAsync(workspace, major, options, name);
        var site = new RestoreSite(workspace, cluster, repository);
        await cluster.CreateTablespaceAsync("elsewhere");
        await cluster.ExecuteAsync(
            """
            CREATE TABLE orders AS SELECT i, md5(i::text) AS note FROM generate_series(1, 5000) i;
            CREATE TABLE nothing (i int);
            CREATE TABLE far (i int, note text) TABLESPACE elsewhere;
            INSERT INTO far SELECT i, md5(i::text) FROM generate_series(1, 1000) i;
            """);
        return site;
    }

    /// <summary>In place of the tablespace that every site has: one somewhere else, without the table.</summary>
    public async Task MoveTablespaceAsync(string location)
    {
        await Cluster.ExecuteAsync("DROP TABLE far");
        await Cluster.ExecuteAsync("DROP TABLESPACE elsewhere");
        await Cluster.ExecuteAsync($"CREATE TABLESPACE elsewhere LOCATION '{location}'");
    }

    public async Task<string> BackupAsync()
    {
        (await RunAsync(["backup", "--quiet"])).EnsureSuccess();
        return Latest;
    }

    public Task AddOrdersAsync(int count = 100) => Cluster.ExecuteAsync(
        $"INSERT INTO orders SELECT i, 'later ' || random() FROM generate_series(1, {count}) i; INSERT INTO far SELECT i, 'later ' || random() FROM generate_series(1, {count}) i");

    /// <summary>A moment between two transactions, by the server's clock, in UTC with microseconds.</summary>
    public async Task<string> MarkMomentAsync()
    {
        await Cluster.ExecuteAsync("SELECT pg_sleep(0.01)");
        var moment = await Cluster.ScalarAsync<string>("SELECT to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US')");
        await Cluster.ExecuteAsync("SELECT pg_sleep(0.01)");
        return moment;
    }

    /// <summary>Every row of every table, in a form that can be compared.</summary>
    public async Task<string> ContentAsync() =>
        $"orders {await Cluster.ChecksumAsync("orders")}; nothing {await Cluster.ChecksumAsync("nothing")}; far {await Cluster.ChecksumAsync("far")}";

    /// <summary>Ends the current segment and waits until it is stored.</summary>
    public async Task<string> ArchiveAsync()
    {
        var segment = await Cluster.SwitchWalAsync();
        await Poll.UntilAsync(() => File.Exists(Path.Combine(Archive, segment + ".gz")), $"{segment} is stored");
        return segment;
    }

    public Task<ProgramResult> RunAsync(IReadOnlyList<string> arguments, bool asRoot = false, IReadOnlyDictionary<string, string>? environment = null) =>
        WaitAsync(Start(arguments, asRoot, environment));

    public Task<ProgramResult> RestoreAsync(params string[] arguments) => RunAsync(RestoreWords(arguments));

    public Task<ProgramResult> RestoreAsRootAsync(params string[] arguments) => RunAsync(RestoreWords(arguments), asRoot: true);

    public Task<ProgramResult> RollbackAsync(params string[] arguments) =>
        RunAsync(["restore", "rollback", "--pgdata", DataDirectory, "--yes", .. arguments]);

    /// <param name="wrapper">A program and its words that run the command, strace for example.</param>
    public RunningProgram Start(
        IReadOnlyList<string> arguments, bool asRoot = false, IReadOnlyDictionary<string, string>? environment = null, params string[] wrapper)
    {
        var all = new Dictionary<string, string>(Cluster.ClientEnvironment);
        foreach (var (name, value) in environment ?? new Dictionary<string, string>())
        {
            all[name] = value;
        }

        string[] words = [.. wrapper, PgkeepBinary.FilePath, .. arguments, .. Common(arguments)];
        return asRoot
            ? new RunningProgram(RootStart(words, all), new RunOptions())
            : TestAccount.Start(words[0], words[1..], new RunOptions { Environment = all });
    }

    /// <summary>On a terminal, with something typed.</summary>
    public async Task<ProgramResult> AnswerAsync(string typed, params string[] arguments)
    {
        const string script = "script -qec \"$(printf '%q ' \"$@\")\" /dev/null";
        await using var running = TestAccount.Start(
            "bash", ["-c", script, "bash", PgkeepBinary.FilePath, .. arguments, .. Common(arguments)], new RunOptions { Environment = Cluster.ClientEnvironment, Input = typed });
        return await running.WaitAsync();
    }

    public IReadOnlyList<string> RestoreWords(params string[] arguments) =>
        ["restore", .. arguments, "--yes", .. arguments.Contains("--pgdata") ? Array.Empty<string>() : ["--pgdata", DataDirectory]];

    public static async Task<ProgramResult> WaitAsync(RunningProgram running)
    {
        await using (running)
        {
            return await running.WaitAsync();
        }
    }

    /// <summary>Root's pgkeep from another place than the usual one.</summary>
    public Task<ProgramResult> RunProgramAsRootAsync(string program, IReadOnlyList<string> arguments) =>
        WaitAsync(new RunningProgram(RootStart([program, .. arguments, .. Common(arguments)], new Dictionary<string, string>(Cluster.ClientEnvironment)), new RunOptions()));

    /// <summary>Equal for two moments between which no byte, name, owner, mode or time of the old cluster changed.</summary>
    public async Task<string> FingerprintAsync()
    {
        const string script =
            """cd "$1" && { find data tablespace-elsewhere/* -printf '%p %y %m %U %s %T@ %i\n' | sort; find data tablespace-elsewhere -type f -print0 | sort -z | xargs -0 sha256sum; } | sha256sum""";
        return (await TestAccount.RunAsync("sh", ["-c", script, "sh", Workspace.Root])).EnsureSuccess().Stdout;
    }

    /// <summary>Another repository with the same content, to be damaged.</summary>
    public async Task<string> CopyRepositoryAsync(string name)
    {
        var copy = Workspace.PathOf(name);
        (await TestAccount.RunAsync("cp", ["-a", Repository, copy])).EnsureSuccess();
        return copy;
    }

    /// <summary>Changes an archive of the backup in a repository and makes checksums.sha256 fit again, as only somebody with bad intentions would.</summary>
    public static async Task DoctorAsync(string backup, string archive, Action<string> change)
    {
        change(Path.Combine(backup, archive));
        (await TestAccount.RunAsync("sh", ["-c", "cd \"$1\" && sha256sum $(cut -c67- checksums.sha256) > .new && mv .new checksums.sha256", "sh", backup])).EnsureSuccess();
    }

    public static string ReadMetadata(string backup, string name) =>
        JsonNode.Parse(File.ReadAllText(Path.Combine(backup, "backup_metadata.json")))![name]!.ToString();

    private string[] Common(IReadOnlyList<string> arguments)
    {
        List<string> words = [];
        Add("--config", "/dev/null");
        if (!arguments.Contains("forget"))
        {
            Add("--backup-dir", Repository);
        }

        if (arguments[0] == "restore")
        {
            Add("--restore-log", RestoreLog);
            if (!arguments.Contains("rollback") && !arguments.Contains("forget"))
            {
                Add("--bindir", Cluster.BinDirectory);
            }
        }

        return [.. words];

        void Add(string name, string value)
        {
            if (!arguments.Contains(name))
            {
                words.AddRange([name, value]);
            }
        }
    }

    private static ProcessStartInfo RootStart(string[] words, Dictionary<string, string> environment)
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "needs root");
        var start = new ProcessStartInfo(words[0], words[1..])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = "/",
        };
        foreach (var (name, value) in environment)
        {
            start.Environment[name] = value;
        }

        return start;
    }
}
