using System.Globalization;
using System.Text;
using Npgsql;
using Xunit;
using Xunit.Sdk;

namespace Pgkeep.IntegrationTests.Harness;

/// <summary>
/// A real server in a workspace, started through pg_ctl as a person would. It listens on a socket in the workspace and on 127.0.0.1,
/// with "postgres" as its superuser. fsync is off unless the options say otherwise, so nothing here proves durability by default.
/// </summary>
internal sealed class PostgresCluster : IAsyncDisposable
{
    private const int LogTailLines = 40;

    private readonly ServerOptions _options;
    private readonly PortReservation _port;

    private PostgresCluster(Workspace workspace, int major, string dataDirectory, ServerOptions options)
    {
        Workspace = workspace;
        Major = major;
        DataDirectory = dataDirectory;
        _options = options;
        _port = PortReservation.Take();
        LogFile = dataDirectory + ".log";
    }

    public Workspace Workspace { get; }

    public int Major { get; }

    public string DataDirectory { get; }

    public string LogFile { get; }

    public int Port => _port.Port;

    public string SocketDirectory => Workspace.Root;

    public string BinDirectory => PostgresServers.BinDirectory(Major);

    /// <summary>All the server has logged, over its restarts.</summary>
    public string ServerLog => File.Exists(LogFile) ? File.ReadAllText(LogFile) : "";

    public bool IsRunning => PostmasterFile.TryRead(DataDirectory) is { IsRunning: true };

    /// <summary>libpq's variables for this server; over TCP with <see cref="TcpEnvironment"/>.</summary>
    public IReadOnlyDictionary<string, string> ClientEnvironment => EnvironmentFor(SocketDirectory);

    public IReadOnlyDictionary<string, string> TcpEnvironment => EnvironmentFor("127.0.0.1");

    /// <summary>Makes a new cluster in the workspace's directory of this name and starts it.</summary>
    public static async Task<PostgresCluster> StartAsync(Workspace workspace, int major, ServerOptions? options = null, string name = "data")
    {
        var cluster = new PostgresCluster(workspace, major, workspace.PathOf(name), options ?? new ServerOptions());
        await ClusterTemplates.CreateDataDirectoryAsync(cluster.DataDirectory, major, cluster._options);
        await cluster.AppendConfigurationAsync();
        await cluster.StartAsync();
        return cluster;
    }

    /// <summary>Makes a standby of a running server, which streams from it, and starts it.</summary>
    public static async Task<PostgresCluster> StartStandbyAsync(PostgresCluster primary, string name = "standby")
    {
        var cluster = new PostgresCluster(primary.Workspace, primary.Major, primary.Workspace.PathOf(name), primary._options);
        (await primary.RunClientAsync("pg_basebackup", ["-D", cluster.DataDirectory, "-X", "stream", "-c", "fast", "--no-sync"])).EnsureSuccess();
        await cluster.AppendConfigurationAsync();
        await File.AppendAllTextAsync(
            Path.Combine(cluster.DataDirectory, "postgresql.conf"), $"primary_conninfo = 'host={primary.SocketDirectory} port={primary.Port} user=postgres'\n");
        await TestAccount.WriteFileAsync(Path.Combine(cluster.DataDirectory, "standby.signal"), "");
        await cluster.StartAsync();
        return cluster;
    }

    /// <summary>
    /// Takes over a data directory that something else made, a restore for example. Port and sockets are given on the command line,
    /// so its configuration stays as it is.
    /// </summary>
    public static PostgresCluster Adopt(Workspace workspace, int major, string dataDirectory, ServerOptions? options = null) =>
        new(workspace, major, dataDirectory, options ?? new ServerOptions());

    /// <summary>Starts the server again and waits until it answers.</summary>
    public async Task StartAsync()
    {
        var place = $"-p {Port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={SocketDirectory}";
        var options = new RunOptions { Environment = _options.Environment };
        var started = await TestAccount.RunAsync(
            Path.Combine(BinDirectory, "pg_ctl"),
            ["start", "-w", "-t", "60", "-D", DataDirectory, "-l", LogFile, "-o", place],
            options);
        if (started.ExitCode != 0)
        {
            throw new XunitException($"{started}\n--- server log\n{LogTail()}");
        }
    }

    public async Task StopAsync(ShutdownMode mode = ShutdownMode.Fast)
    {
        var pgCtl = Path.Combine(BinDirectory, "pg_ctl");
        var name = mode.ToString().ToLowerInvariant();
        (await TestAccount.RunAsync(pgCtl, ["stop", "-w", "-t", "60", "-D", DataDirectory, "-m", name])).EnsureSuccess();
    }

    /// <summary>Kills the postmaster and everything below it with SIGKILL, an archive_command under way too, and waits for their end.</summary>
    public async Task KillAsync()
    {
        var postmaster = PostmasterFile.TryRead(DataDirectory) ?? throw new XunitException($"no server runs on \"{DataDirectory}\"");
        await Processes.KillTreeAsync(postmaster.ProcessId);
        await Processes.WaitForReapAsync(postmaster.ProcessId);
    }

    public string ConnectionString(string database = "postgres") => new NpgsqlConnectionStringBuilder
    {
        Host = SocketDirectory,
        Port = Port,
        Username = "postgres",
        Password = _options.Password,
        Database = database,
        CommandTimeout = 300, // the sums of 3 GB on a busy machine
        Pooling = false, // an idle connection would hold up a smart shutdown
    }.ConnectionString;

    public async Task<NpgsqlConnection> ConnectAsync(string database = "postgres")
    {
        var connection = new NpgsqlConnection(ConnectionString(database));
        await connection.OpenAsync(TestContext.Current.CancellationToken);
        return connection;
    }

    public async Task ExecuteAsync(string sql, string database = "postgres")
    {
        await using var connection = await ConnectAsync(database);
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
    }

    /// <summary>The first column of every row.</summary>
    public async Task<IReadOnlyList<T>> QueryAsync<T>(string sql, string database = "postgres")
    {
        await using var connection = await ConnectAsync(database);
        await using var command = new NpgsqlCommand(sql, connection);
        await using var reader = await command.ExecuteReaderAsync(TestContext.Current.CancellationToken);
        var values = new List<T>();
        while (await reader.ReadAsync(TestContext.Current.CancellationToken))
        {
            values.Add(await reader.GetFieldValueAsync<T>(0, TestContext.Current.CancellationToken));
        }

        return values;
    }

    /// <summary>The first column of the only row.</summary>
    public async Task<T> ScalarAsync<T>(string sql, string database = "postgres") => Assert.Single(await QueryAsync<T>(sql, database));

    /// <summary>Equal for two tables exactly when they hold the same rows, in whatever order.</summary>
    public async Task<string> ChecksumAsync(string table, string database = "postgres") => await ScalarAsync<string>(
        $"""
        SELECT count(*) || ' rows, md5 ' || coalesce(md5(string_agg(md5(t::text), '' ORDER BY md5(t::text) COLLATE "C")), '-') FROM {table} t
        """,
        database);

    /// <summary>Creates a tablespace in a directory of the workspace and returns that directory.</summary>
    public async Task<string> CreateTablespaceAsync(string name)
    {
        var directory = await Workspace.CreateDirectoryAsync($"tablespace-{name}");
        await ExecuteAsync($"CREATE TABLESPACE {name} LOCATION '{directory}'");
        return directory;
    }

    /// <summary>Ends the current WAL segment and returns its name; with archiving on, the archiver takes it next.</summary>
    public async Task<string> SwitchWalAsync()
    {
        await ExecuteAsync("SELECT pg_logical_emit_message(true, 'test', 'so that there is something to switch')");
        return await ScalarAsync<string>("SELECT pg_walfile_name(pg_switch_wal())");
    }

    /// <summary>Waits until a standby has replayed all that this server has written.</summary>
    public async Task WaitForReplayAsync(PostgresCluster standby)
    {
        var position = await ScalarAsync<string>("SELECT pg_current_wal_insert_lsn()::text");
        await Poll.UntilAsync(() => standby.ScalarAsync<bool>($"SELECT pg_last_wal_replay_lsn() >= '{position}'"), $"the standby has replayed {position}");
    }

    /// <summary>Runs one of PostgreSQL's client programs as the account, connected to this server by its environment.</summary>
    public async Task<ProgramResult> RunClientAsync(string program, IReadOnlyList<string> arguments, TimeSpan? timeout = null)
    {
        await using var running = StartClient(program, arguments, timeout);
        return await running.WaitAsync();
    }

    /// <inheritdoc cref="RunClientAsync"/>
    public RunningProgram StartClient(string program, IReadOnlyList<string> arguments, TimeSpan? timeout = null) => TestAccount.Start(
        Path.Combine(PostgresServers.ClientDirectory(Major), program),
        arguments,
        new RunOptions { Environment = ClientEnvironment, WorkingDirectory = Workspace.Root, Timeout = timeout ?? RunOptions.DefaultTimeout });

    public string LogTail() => string.Join('\n', ServerLog.Split('\n').TakeLast(LogTailLines));

    /// <summary>Stops it the quick way: what it leaves is like after a crash.</summary>
    public async ValueTask DisposeAsync()
    {
        if (PostmasterFile.TryRead(DataDirectory) is { IsRunning: true } postmaster)
        {
            Processes.Send(postmaster.ProcessId, Signal.Quit);
            await Processes.WaitForEndAsync([postmaster.ProcessId]);
        }

        _port.Dispose();
    }

    private Dictionary<string, string> EnvironmentFor(string host)
    {
        var environment = new Dictionary<string, string>
        {
            ["PGHOST"] = host,
            ["PGPORT"] = Port.ToString(CultureInfo.InvariantCulture),
            ["PGUSER"] = "postgres",
        };
        if (_options.Password is { } password)
        {
            environment["PGPASSWORD"] = password;
        }

        return environment;
    }

    private async Task AppendConfigurationAsync()
    {
        var settings = new Dictionary<string, string>
        {
            ["listen_addresses"] = "127.0.0.1",
            ["port"] = Port.ToString(CultureInfo.InvariantCulture),
            ["unix_socket_directories"] = SocketDirectory,
            ["fsync"] = _options.Durable ? "on" : "off",
            ["shared_buffers"] = "32MB",
            ["log_line_prefix"] = "%m [%p] %b: ",
            ["log_timezone"] = "UTC",
        };
        if (_options.ArchiveCommand is { } command)
        {
            settings["archive_mode"] = "on";
            settings["archive_command"] = command;
        }

        var lines = new StringBuilder("\n# by the test\n");
        foreach (var (name, value) in settings.Concat(_options.Settings))
        {
            lines.Append(CultureInfo.InvariantCulture, $"{name} = '{value.Replace("'", "''", StringComparison.Ordinal)}'\n");
        }

        await File.AppendAllTextAsync(Path.Combine(DataDirectory, "postgresql.conf"), lines.ToString());
    }
}
