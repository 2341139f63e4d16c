using Pgkeep.IntegrationTests.Harness;
using Xunit;

namespace Pgkeep.IntegrationTests.Archive;

/// <summary>A server that archives nothing itself, and a receiver beside it.</summary>
internal sealed class ReceiveSite
{
    private readonly RepositorySite _site;

    public ReceiveSite(PostgresCluster cluster, string repository) => _site = new RepositorySite(cluster, repository);

    public PostgresCluster Cluster => _site.Cluster;

    public string Repository => _site.Repository;

    public string Archive => _site.Archive;

    public string Log => File.Exists(Path.Combine(Archive, "archive.log")) ? File.ReadAllText(Path.Combine(Archive, "archive.log")) : "";

    /// <summary>Segments that are stored, by name, in order.</summary>
    public IReadOnlyList<string> Stored =>
        !Directory.Exists(Archive) ? [] : [.. Directory.EnumerateFiles(Archive, "*.gz").Select(path => Path.GetFileNameWithoutExtension(path)).Where(name => name.Length == 24).Order(StringComparer.Ordinal)];

    public IReadOnlyList<string> Receiving => ReceivingIn("pgkeep");

    public IReadOnlyList<string> ReceivingIn(string slot) =>
        Directory.Exists(DirectoryOf(slot)) ? [.. Directory.EnumerateFiles(DirectoryOf(slot)).Select(path => Path.GetFileName(path)).Where(name => name.Length == 24).Order(StringComparer.Ordinal)] : [];

    public string DirectoryOf(string slot) => Path.Combine(Archive, ".receiving", slot);

    public Task<ProgramResult> RunAsync(params string[] arguments) => _site.RunAsync(arguments);

    public Task<ProgramResult> RestoreAsync() => _site.RestoreAsync();

    public RunningProgram Start(params string[] options) => Start(Cluster, options);

    /// <param name="server">Another one than the site's own: a standby, or one behind a proxy.</param>
    public RunningProgram Start(PostgresCluster server, params string[] options) => Start(server.ClientEnvironment, options);

    public RunningProgram Start(IReadOnlyDictionary<string, string> connection, params string[] options) => PgkeepBinary.Start(
        ["receive-wal", "--config", "/dev/null", .. options],
        new RunOptions { Environment = new Dictionary<string, string>(connection) { ["BACKUP_DIR"] = Repository }, Timeout = TimeSpan.FromMinutes(10) });

    /// <summary>Starts a receiver and waits until it streams.</summary>
    public async Task<RunningProgram> StartStreamingAsync(params string[] options)
    {
        var receiver = Start(options);
        await WaitForAsync(receiver, "Receiving WAL");
        return receiver;
    }

    public static Task WaitForAsync(RunningProgram receiver, string words) => Poll.UntilAsync(
        () => receiver.Stderr.Contains(words, StringComparison.Ordinal) || (receiver.HasEnded ? throw new Xunit.Sdk.XunitException(receiver.Stderr) : false), $"the receiver says \"{words}\"");

    /// <summary>Until all the server has written is durable in the repository.</summary>
    public Task WaitUntilReceivedAsync(string slot = "pgkeep") => WaitUntilReceivedAsync(Cluster, slot);

    public static async Task WaitUntilReceivedAsync(PostgresCluster server, string slot = "pgkeep")
    {
        var position = await server.ScalarAsync<string>("SELECT pg_current_wal_flush_lsn()::text");
        await Poll.UntilAsync(async () => await server.ScalarAsync<bool>($"SELECT coalesce(bool_or(restart_lsn >= '{position}'), false) FROM pg_replication_slots WHERE slot_name = '{slot}'"), $"{position} is received");
    }

    public static async Task EndAsync(RunningProgram receiver)
    {
        receiver.Send(Signal.Terminate);
        (await receiver.WaitAsync()).EnsureSuccess();
    }

    public Task MakeSynchronousAsync() => MakeSynchronousAsync(Cluster);

    public static async Task MakeSynchronousAsync(PostgresCluster server)
    {
        await server.ExecuteAsync("ALTER SYSTEM SET synchronous_standby_names = 'pgkeep'");
        await server.ExecuteAsync("SELECT pg_reload_conf()");
    }

    /// <summary>No segment between the first and the last stored one of a timeline is missing.</summary>
    public void EnsureNoGap(uint segmentSizeInMiB = 1)
    {
        foreach (var timeline in Stored.GroupBy(name => name[..8]))
        {
            var perLog = 4096 / segmentSizeInMiB;
            var numbers = timeline.Select(name => (Convert.ToUInt64(name[8..16], 16) * perLog) + Convert.ToUInt64(name[16..], 16)).ToList();
            Assert.Equal(numbers.Count, (int)(numbers[^1] - numbers[0]) + 1);
        }
    }
}
