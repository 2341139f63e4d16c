using Pgkeep.IntegrationTests.Harness;
using Xunit;

namespace Pgkeep.IntegrationTests.Restore.Targets;

/// <summary>
/// The life of a cluster on five timelines, in one repository, with a log of all that was committed. The server of timeline 1 goes on after a standby was promoted to timeline 2;
/// a restore to a point on that begins timeline 3, another one timeline 4, and a third one timeline 5, which is undone, so that timeline 4 goes on. The data directory is gone in the end,
/// and the server's programs and its port serve the restores, one at a time.
/// </summary>
internal sealed class TargetHistory : IAsyncDisposable
{
    private readonly Workspace _workspace;
    private readonly TargetWriter _writer = new();
    private readonly Dictionary<string, TargetState> _points = [];
    private readonly Dictionary<string, TargetState> _ends = [];
    private readonly Dictionary<string, MarkedBackup> _backups = [];
    private readonly List<string> _tablespaces = [];

    private PostgresCluster _server = null!;
    private int _restores;

    private TargetHistory(Workspace workspace) => _workspace = workspace;

    /// <summary>Transactions that were aborted, or are part of another: no recovery's target. By label, with the epoch.</summary>
    public Dictionary<string, ulong> NoTargets { get; } = [];

    private string Home => _workspace.PathOf("home");

    private string DataDirectory => Path.Combine(Home, "data");

    private string Repository => Path.Combine(Home, "repository");

    public static async Task<TargetHistory> BuildAsync(int major)
    {
        var history = new TargetHistory(await Workspace.CreateAsync());
        try
        {
            await history.StartAsync(major);
            await history.WriteFirstAsync();
            await history.FailOverAsync();
            await history.RestoreTwiceAsync();
            await history.RestoreAndUndoAsync();
            await history.EndAsync();
            return history;
        }
        catch
        {
            await history.DisposeAsync();
            throw;
        }
    }

    public WrittenTransaction Transaction(string label) => _writer[label];

    /// <summary>What the first restore point of a name brings back.</summary>
    public TargetState Point(string name) => _points[name];

    /// <summary>All that was committed on a timeline.</summary>
    public TargetState End(string timeline) => _ends[timeline];

    public MarkedBackup Backup(string label) => _backups[label];

    /// <summary>Restores into a place of its own, with a copy of the repository beside it, since the restored server archives too.</summary>
    /// <param name="knowsUndone">Whether what the undone restore wrote lies beside the data directory, as far as a plan looks at it.</param>
    /// <returns>What the server shows that runs then; null with the program's answer where it refused, or was only asked.</returns>
    public async Task<(ProgramResult Answer, string? State)> RestoreAsync(IReadOnlyList<string> words, bool knowsUndone = true)
    {
        var place = await _workspace.CreateDirectoryAsync($"case-{++_restores}");
        await ShellAsync("""cp -a --reflink=auto "$1/repository" "$2" """, Home, place);
        if (knowsUndone)
        {
            await ShellAsync("""for undone in "$1"/data.undone-*; do [ -d "$undone" ] || continue; mkdir -p "$2/$(basename "$undone")/global"; cp -a "$undone/global/pg_control" "$2/$(basename "$undone")/global"; done""", Home, place);
        }

        var data = Path.Combine(place, "data");
        try
        {
            var answer = await PgkeepBinary.RunAsync(RestoreWords(data, Path.Combine(place, "repository"), words));
            return (answer, answer.ExitCode == 0 && !words.Contains("--dry-run") ? await TargetState.ReadAsync(_server) : null);
        }
        finally
        {
            await QuitAsync(data);
            await ShellAsync("""rm -rf "$1" && shift && for space; do rm -rf "$space"/*; done""", [place, .. _tablespaces]);
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_server is not null)
        {
            await _server.DisposeAsync();
        }

        await _workspace.DisposeAsync();
    }

    private async Task StartAsync(int major)
    {
        await _workspace.CreateDirectoryAsync("home");
        await _workspace.CreateDirectoryAsync("home/repository");
        var options = new ServerOptions
        {
            WalSegmentSizeInMiB = 1,
            ArchiveCommand = $"BACKUP_DIR=\"$(cd .. && pwd)\"/repository {PgkeepBinary.FilePath} archive-wal --config /dev/null %p %f",
            Settings = new Dictionary<string, string> { ["track_commit_timestamp"] = "on", ["max_prepared_transactions"] = "5", ["autovacuum"] = "off", ["bgwriter_delay"] = "10s" },
        };
        _server = await PostgresCluster.StartAsync(_workspace, major, options, "home/data");
        var reset = Path.Combine(_server.BinDirectory, "pg_resetwal");
        if (File.Exists(reset))
        {
            // Numbers of transactions that do not fit into 32 bits.
            await _server.StopAsync();
            (await TestAccount.RunAsync(reset, ["-e", "2", "-D", DataDirectory])).EnsureSuccess();
            await _server.StartAsync();
        }

        await _server.ExecuteAsync("CREATE TABLE t (v text)");
    }

    /// <summary>Timeline 1, with everything that the order of numbers and the order of commits can differ in.</summary>
    private async Task WriteFirstAsync()
    {
        await BackupAsync("old", _server);
        await _writer.CommitAsync(_server, "a");
        await _writer.CommitAsync(_server, "b");
        await PointAsync("early", _server);
        await using (var elder = await _writer.BeginAsync(_server, "elder"))
        {
            await using var younger = await _writer.BeginAsync(_server, "younger");
            await younger.CommitAsync("younger");
            await elder.CommitAsync("elder");
        }

        await using (var aborted = await _writer.BeginAsync(_server, "aborted"))
        {
            await aborted.AbortAsync("aborted");
            NoTargets["aborted"] = aborted.Xid;
        }

        await WriteNestedAsync();
        await using var pending = await _writer.BeginAsync(_server, "pending");
        await pending.PrepareAsync();
        await _writer.CommitAsync(_server, "between");
        await _writer.CommitPreparedAsync(_server, pending, "pending");

        _tablespaces.Add(await _server.CreateTablespaceAsync("space"));
        await using (var space = await _writer.BeginAsync(_server, "space"))
        {
            await space.ExecuteAsync("CREATE TABLE far (v text) TABLESPACE space");
            await space.CommitAsync("space", makesFar: true);
        }

        await _writer.CommitAsync(_server, "f", "far");
        await BackupAsync("new", _server);
        await _writer.CommitAsync(_server, "g");
        await PointAsync("twice", _server);
        await _writer.CommitAsync(_server, "h");
        await _server.ExecuteAsync("SELECT pg_create_restore_point('twice')");
    }

    private async Task WriteNestedAsync()
    {
        await using var nested = await _writer.BeginAsync(_server, "nested");
        await nested.ExecuteAsync("SAVEPOINT s");
        await nested.ExecuteAsync("INSERT INTO t VALUES ('released')");
        NoTargets["released"] = await InnerXidAsync("released");
        await nested.ExecuteAsync("RELEASE s");
        await nested.ExecuteAsync("SAVEPOINT s");
        await nested.ExecuteAsync("INSERT INTO t VALUES ('rolled back')");
        NoTargets["rolled back"] = await InnerXidAsync("rolled back");
        await nested.ExecuteAsync("ROLLBACK TO s");
        await nested.CommitAsync("nested", makesFar: false, "released");

        async Task<ulong> InnerXidAsync(string row) =>
            (nested.Xid & ~(ulong)uint.MaxValue) | uint.Parse(await nested.ScalarAsync($"SELECT xmin::text FROM t WHERE v = '{row}'"), System.Globalization.CultureInfo.InvariantCulture);
    }

    /// <summary>A standby takes over with timeline 2, and the old server does not know of it.</summary>
    private async Task FailOverAsync()
    {
        var data = Path.Combine(Home, "standby");
        var space = await _workspace.CreateDirectoryAsync("tablespace-standby");
        (await _server.RunClientAsync("pg_basebackup", ["-D", data, "-X", "stream", "-c", "fast", "--no-sync", "-T", $"{_tablespaces[0]}={space}"])).EnsureSuccess();
        _tablespaces.Add(space);
        await HandRestore.AppendSettingsAsync(data, $"primary_conninfo = 'host={_server.SocketDirectory} port={_server.Port} user=postgres'");
        await TestAccount.WriteFileAsync(Path.Combine(data, "standby.signal"), "");
        await using var standby = PostgresCluster.Adopt(_workspace, _server.Major, data);
        await standby.StartAsync();
        await _writer.CommitAsync(_server, "i");
        var common = _writer.State;
        await _server.WaitForReplayAsync(standby);
        await standby.ExecuteAsync("SELECT pg_promote()");

        await _writer.CommitAsync(_server, "left-1");
        await PointAsync("left", _server);
        await _writer.CommitAsync(_server, "left-2");
        await EndTimelineAsync("1", _server);
        await _server.StopAsync();

        _writer.State = common;
        await _writer.CommitAsync(standby, "s-1");
        await BackupAsync("third", standby);
        await _writer.CommitAsync(standby, "s-2");
        await PointAsync("handed", standby);
        await _writer.CommitAsync(standby, "s-3");
        await _writer.CommitAsync(standby, "s-4");
        await EndTimelineAsync("2", standby);
        await standby.StopAsync();
        await ShellAsync("""rm -rf "$1" "$2"/*""", data, space);
    }

    private async Task RestoreTwiceAsync()
    {
        await RestoreHomeAsync("--target-name", "handed");
        _writer.State = _points["handed"];
        Assert.Equal(_writer.State.ToString(), await TargetState.ReadAsync(_server));
        await _writer.CommitAsync(_server, "r-1");
        await PointAsync("restored", _server);
        await _writer.CommitAsync(_server, "r-2");
        await EndTimelineAsync("3", _server);

        await RestoreHomeAsync("--stop-server");
        Assert.Equal(_writer.State.ToString(), await TargetState.ReadAsync(_server));
        await _writer.CommitAsync(_server, "w-1");
        await _writer.CommitAsync(_server, "w-2");
        await ArchiveAsync(_server);
    }

    private async Task RestoreAndUndoAsync()
    {
        var before = _writer.State;
        await RestoreHomeAsync("--stop-server", "--target-xid", $"{_writer["r-1"].Xid}");
        _writer.State = _writer["r-1"].After;
        Assert.Equal(_writer.State.ToString(), await TargetState.ReadAsync(_server));
        await _writer.CommitAsync(_server, "undone-1");
        await _writer.CommitAsync(_server, "undone-2");
        await EndTimelineAsync("5", _server);
        (await PgkeepBinary.RunAsync(["restore", "rollback", "--config", "/dev/null", "--pgdata", DataDirectory, "--restore-log", _workspace.PathOf("restore.log"), "--stop-server", "--yes"])).EnsureSuccess();
        await _server.StartAsync();
        _writer.State = before;
        Assert.Equal(_writer.State.ToString(), await TargetState.ReadAsync(_server));
        await _writer.CommitAsync(_server, "z-1");
        await PointAsync("again", _server);
        await _writer.CommitAsync(_server, "z-2");
        await EndTimelineAsync("4", _server);
    }

    /// <summary>The data directory is lost; what was undone still lies beside it.</summary>
    private async Task EndAsync()
    {
        await _server.StopAsync();
        await ShellAsync("""rm -rf "$1/data" "$1"/data.before-* && shift && for space; do rm -rf "$space"/*; done""", [Home, .. _tablespaces]);
    }

    private async Task BackupAsync(string label, PostgresCluster server)
    {
        var environment = new Dictionary<string, string>(server.ClientEnvironment) { ["BACKUP_DIR"] = Repository };
        (await PgkeepBinary.RunAsync(["backup", "--quiet", "--config", "/dev/null"], new RunOptions { Environment = environment })).EnsureSuccess();
        var directory = Path.Combine(Repository, new FileInfo(Path.Combine(Repository, "latest")).LinkTarget!);
        _backups[label] = new MarkedBackup(Path.GetFileName(directory), RestoreSite.ReadMetadata(directory, "start_lsn"), _writer.State);
    }

    private async Task PointAsync(string name, PostgresCluster server)
    {
        await server.ExecuteAsync($"SELECT pg_create_restore_point('{name}')");
        _points[name] = _writer.State;
    }

    private async Task EndTimelineAsync(string timeline, PostgresCluster server)
    {
        await ArchiveAsync(server);
        _ends[timeline] = _writer.State;
    }

    private async Task ArchiveAsync(PostgresCluster server)
    {
        var segment = await server.SwitchWalAsync();
        await Poll.UntilAsync(() => File.Exists(Path.Combine(Repository, "wal_archive", segment + ".gz")), $"{segment} is stored");
    }

    private async Task RestoreHomeAsync(params string[] words) => (await PgkeepBinary.RunAsync(RestoreWords(DataDirectory, Repository, words))).EnsureSuccess();

    private IReadOnlyList<string> RestoreWords(string dataDirectory, string repository, IReadOnlyList<string> words) =>
    [
        "restore", .. words, "--yes", "--config", "/dev/null", "--backup-dir", repository, "--pgdata", dataDirectory, "--bindir", _server.BinDirectory,
        "--restore-log", _workspace.PathOf("restore.log"),
    ];

    private static async Task QuitAsync(string dataDirectory)
    {
        if (PostmasterFile.TryRead(dataDirectory) is { IsRunning: true } postmaster)
        {
            Processes.Send(postmaster.ProcessId, Signal.Quit);
            await Processes.WaitForEndAsync([postmaster.ProcessId]);
        }
    }

    private static Task<ProgramResult> ShellAsync(string script, params string[] arguments) => HandRestore.ShellAsync(script, arguments);
}

/// <param name="StartLsn">As its metadata say.</param>
/// <param name="State">At its end: nothing was written while it was taken.</param>
internal sealed record MarkedBackup(string Name, string StartLsn, TargetState State);
