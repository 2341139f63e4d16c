using Pgkeep.IntegrationTests.Harness;
using Xunit;

namespace Pgkeep.IntegrationTests.Archive;

/// <summary>All that holds for get-wal, in the data directory of a server in recovery, where it fetches ahead; and what that adds.</summary>
public sealed class PrefetchingGetWalTests(WalSamples samples) : GetWalTests(samples)
{
    private readonly WalSamples _samples = samples;

    private protected override string WorkingDirectory => Path.Combine(Path.GetDirectoryName(Repository)!, "data");

    private string Ahead => Path.Combine(Path.GetDirectoryName(Repository)!, ".data.pgkeep-prefetch");

    private string Fetched => Path.Combine(WorkingDirectory, "RECOVERYXLOG");

    public override async ValueTask InitializeAsync()
    {
        await base.InitializeAsync();
        await (await GetWorkspaceAsync()).CreateDirectoryAsync("data/global");
        await TestAccount.WriteFileAsync(Path.Combine(WorkingDirectory, "global/pg_control"), "");
        await TestAccount.WriteFileAsync(Path.Combine(WorkingDirectory, "recovery.signal"), "");
    }

    [Fact]
    public async Task The_segments_that_follow_are_fetched_ahead_and_handed_out()
    {
        await PushAllAsync(_samples.Segments);
        (await GetAsync(0)).EnsureSuccess();
        await UntilReadyAsync(1, 2, 3);
        // What the file says of itself is left of it: only one that was fetched ahead can be handed out.
        await ShortenAsync(StoredPath(Name(1)), 512);

        (await GetAsync(1)).EnsureSuccess();

        await EnsureFetchedAsync(1);
        Assert.False(File.Exists(ReadyPath(1)));
    }

    [Theory]
    [InlineData("--prefetch", "0")]
    [InlineData("--prefetch-dir", "/proc")]
    public async Task Without_it_nothing_is_fetched_ahead(params string[] options)
    {
        await PushAllAsync(_samples.Segments);

        (await GetAsync(0, options)).EnsureSuccess();

        await EnsureFetchedAsync(0);
        Assert.False(Directory.Exists(Ahead));
    }

    [Fact]
    public async Task A_server_that_is_not_in_recovery_fetches_nothing_ahead()
    {
        await PushAllAsync(_samples.Segments);
        File.Delete(Path.Combine(WorkingDirectory, "recovery.signal"));

        (await GetAsync(0)).EnsureSuccess();

        Assert.False(Directory.Exists(Ahead));
    }

    [Fact]
    public async Task A_place_inside_the_data_directory_is_refused()
    {
        await PushAllAsync(_samples.Segments);

        var result = await GetAsync(0, "--prefetch-dir", Path.Combine(WorkingDirectory, "global"));

        Assert.Equal(200, result.ExitCode);
        Assert.Contains("inside the data directory", result.Stderr, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("bit")]
    [InlineData("cut")]
    public async Task What_was_damaged_after_it_was_fetched_is_fetched_again(string damage)
    {
        await PushAllAsync(_samples.Segments);
        (await GetAsync(0)).EnsureSuccess();
        await UntilReadyAsync(1);
        if (damage == "bit")
        {
            FlipByte(ReadyPath(1), 700_000);
        }
        else
        {
            await ShortenAsync(ReadyPath(1), 0);
        }

        (await GetAsync(1)).EnsureSuccess();

        await EnsureFetchedAsync(1);
    }

    [Fact]
    public async Task What_was_fetched_ahead_proves_nothing_when_the_store_cannot_be_read()
    {
        await PushAllAsync(_samples.Segments);
        (await GetAsync(0)).EnsureSuccess();
        await UntilReadyAsync(1);
        (await TestAccount.RunAsync("chmod", ["0000", Archive])).EnsureSuccess();

        Assert.Equal(200, (await GetAsync(1)).ExitCode);
    }

    [Fact]
    public async Task The_end_of_the_WAL_removes_what_is_left()
    {
        await PushAllAsync(_samples.Segments.Take(3));
        (await GetAsync(0)).EnsureSuccess();
        await UntilReadyAsync(1, 2);
        (await GetAsync(2)).EnsureSuccess();
        await Processes.WaitForEndAsync(LeftProcesses.Below(Path.GetDirectoryName(Repository)!));

        Assert.Equal(1, (await GetAsync(3)).ExitCode);

        Assert.False(Directory.Exists(Ahead));
    }

    [Fact]
    public async Task A_recovery_that_begins_again_gets_the_older_segments()
    {
        await PushAllAsync(_samples.Segments);
        foreach (var index in new[] { 0, 1, 2, 0, 1, 2, 3 })
        {
            (await GetAsync(index)).EnsureSuccess();
            await EnsureFetchedAsync(index);
        }
    }

    [Fact]
    public async Task The_process_it_leaves_behind_has_nothing_of_the_servers()
    {
        await PushAllAsync(_samples.Segments);
        // It waits there for a writer, for ever.
        await HandRestore.ShellAsync("""rm "$1" && mkfifo "$1" """, StoredPath(Name(1)));
        var secret = await (await GetWorkspaceAsync()).WriteFileAsync("secret", "x");
        const string script = """exec 7<"$1" 8>>"$1" 9<.; exec "$2" get-wal "$3" RECOVERYXLOG""";

        var options = Options with { WorkingDirectory = WorkingDirectory };
        (await TestAccount.RunAsync("bash", ["-c", script, "bash", secret, PgkeepBinary.FilePath, Name(0)], options)).EnsureSuccess();

        await Poll.UntilAsync(() => LeftProcesses.Below(Path.GetDirectoryName(Repository)!).Count == 1, "the process runs");
        var process = LeftProcesses.Below(Path.GetDirectoryName(Repository)!).Single();
        await Poll.UntilAsync(() => Processes.WorkingDirectoryOf(process) == Ahead, "the process has left the data directory");
        var files = LeftProcesses.OpenFilesOf(process);
        Assert.Equal(["/dev/null", "/dev/null", "/dev/null"], new[] { files[0], files[1], files[2] });
        Assert.DoesNotContain(files.Values, path => path == secret || path.StartsWith(WorkingDirectory, StringComparison.Ordinal));
        Assert.Equal(process, LeftProcesses.SessionOf(process));
    }

    [Fact]
    public async Task A_process_that_does_not_get_on_stops_nobody()
    {
        await PushAllAsync(_samples.Segments);
        (await GetAsync(0)).EnsureSuccess();
        await UntilReadyAsync(1);
        await LeftProcesses.EndAsync(Path.GetDirectoryName(Repository)!);
        Directory.EnumerateFiles(Ahead).ToList().ForEach(File.Delete);
        await TestAccount.WriteFileAsync(Path.Combine(Ahead, $".{Name(1)}.tmp"), "half");

        (await GetAsync(1)).EnsureSuccess();

        await EnsureFetchedAsync(1);
        await Poll.UntilAsync(() => !File.Exists(Path.Combine(Ahead, $".{Name(1)}.tmp")), "the next one has removed what was left");
    }

    private string Name(int index) => Path.GetFileName(_samples.Segments[index]);

    private string ReadyPath(int index) => Path.Combine(Ahead, Name(index) + ".prefetched");

    private Task<ProgramResult> GetAsync(int index, params string[] options) =>
        PgkeepBinary.RunAsync(["get-wal", .. options, Name(index), "RECOVERYXLOG"], Options with { WorkingDirectory = WorkingDirectory });

    private Task UntilReadyAsync(params int[] indices) =>
        Poll.UntilAsync(() => indices.All(index => File.Exists(ReadyPath(index))), "the segments are fetched ahead");

    private async Task EnsureFetchedAsync(int index) => Assert.Equal(
        await File.ReadAllBytesAsync(_samples.Segments[index], TestContext.Current.CancellationToken), await File.ReadAllBytesAsync(Fetched, TestContext.Current.CancellationToken));

    private static async Task ShortenAsync(string path, int length) => (await TestAccount.RunAsync("truncate", ["-s", $"{length}", path])).EnsureSuccess();
}
