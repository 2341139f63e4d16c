using System.Globalization;
using System.Text.RegularExpressions;
using Pgkeep.IntegrationTests.Harness;
using Xunit;

namespace Pgkeep.IntegrationTests.Search;

/// <summary><c>pgkeep find --interactive</c> on a terminal, which is as it was before whatever ends the walk.</summary>
public sealed partial class FindWalkTests : IntegrationTest
{
    private const string SecondPage = "\e[?1049h";
    private const string FirstPage = "\e[?1049l";
    private const string TopLeft = "\e[H";
    private const string Cursor = "\e[?25h";

    [Fact]
    public async Task Walk_ends_with_the_command_that_was_chosen_or_with_none_and_gives_the_terminal_back()
    {
        var site = await StartAsync();
        var xids = await ChangeThreeTimesAsync(site);

        var second = await WalkAsync(site, typed: ["\e[B", "\r"]);
        var after = await WalkAsync(site, typed: ["G", "\t", "\r"]);
        var nothing = await WalkAsync(site, typed: ["q"]);
        var escaped = await WalkAsync(site, typed: ["\e"]);
        var interrupted = await WalkAsync(site, typed: ["\u0003"]);

        Assert.Equal($"pgkeep restore --target-xid {xids[1]} --target-exclusive --target-timeline 1 --backup-dir {site.Repository}\nexit code 0, modes kept\n", second.Behind);
        Assert.Equal($"pgkeep restore --target-xid {xids[2]} --target-timeline 1 --backup-dir {site.Repository}\nexit code 0, modes kept\n", after.Behind);
        Assert.Equal("exit code 0, modes kept\n", nothing.Behind);
        Assert.Equal("exit code 0, modes kept\n", escaped.Behind);
        Assert.Equal("error: interrupted\nexit code 75, modes kept\n", interrupted.Behind);
        Assert.All(new[] { second, after, nothing, escaped, interrupted }, walk => Assert.EndsWith(Cursor, walk.Screen, StringComparison.Ordinal));
        Assert.Contains("> before  pgkeep restore", second.Screen, StringComparison.Ordinal);
        Assert.Contains("orders -2", second.Screen, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Terminate")]
    [InlineData("Hangup")]
    [InlineData("Interrupt")]
    public async Task Signal_ends_the_walk_and_gives_the_terminal_back(string signal)
    {
        var site = await StartAsync();
        await ChangeThreeTimesAsync(site);

        var walk = await WalkAsync(site, signal: Enum.Parse<Signal>(signal));

        Assert.Equal("error: interrupted\nexit code 75, modes kept\n", walk.Behind);
        Assert.EndsWith(Cursor, walk.Screen, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Terminal_that_is_gone_ends_the_walk()
    {
        var site = await StartAsync();
        await ChangeThreeTimesAsync(site);
        await using var running = Start(site, "xterm");
        await Poll.UntilAsync(() => Drawn(running) > 0, "the screen is drawn");
        var pgkeep = PgkeepOf(running);

        Processes.Send(running.ProcessId, Signal.Kill);

        await Poll.UntilAsync(() => !Processes.IsAlive(pgkeep), "the command has ended");
    }

    [Fact]
    public async Task Small_terminal_and_one_that_changes_its_size_are_drawn_on()
    {
        var site = await StartAsync();
        await ChangeThreeTimesAsync(site);

        var walk = await WalkAsync(site, rows: 10, columns: 40, resized: (24, 100), typed: ["q"]);

        var drawn = walk.Screen.Split(TopLeft).Skip(1).ToList();
        Assert.Equal(10, drawn[0].Split('\n').Length);
        Assert.All(drawn[0].Split('\n'), line => Assert.InRange(Sequence().Replace(line, "").Length, 0, 39));
        Assert.Equal(24, drawn[^1].Split('\n').Length);
        Assert.Contains(drawn[^1].Split('\n'), line => Sequence().Replace(line, "").Length == 99);
    }

    [Fact]
    public async Task Without_a_terminal_nothing_is_searched()
    {
        var site = await StartAsync();

        var result = await site.RunAsync(["find", "--xid", "1000", "--interactive"]);
        await using var dumb = Start(site, "dumb");
        await Poll.UntilAsync(() => HasEnded(dumb), "the command has ended");

        Assert.Contains("--interactive needs a terminal", result.EnsureExitCode(2).Stderr, StringComparison.Ordinal);
        Assert.Contains("--interactive needs a terminal", dumb.Stdout, StringComparison.Ordinal);
    }

    private async Task<RepositorySite> StartAsync()
    {
        var repository = await (await GetWorkspaceAsync()).CreateDirectoryAsync("repository");
        return new RepositorySite(await StartClusterAsync(PostgresServers.Newest, new ServerOptions { ArchiveCommand = RepositorySite.ArchiveCommand(repository) }), repository);
    }

    private static async Task<IReadOnlyList<string>> ChangeThreeTimesAsync(RepositorySite site)
    {
        await site.Cluster.ExecuteAsync("CREATE TABLE orders (i int); INSERT INTO orders SELECT generate_series(1, 3)");
        await site.TakeBackupAsync();
        var xids = new List<string>();
        foreach (var change in new[] { "DELETE FROM orders WHERE i = 1", "DELETE FROM orders WHERE i > 1", "INSERT INTO orders VALUES (1)" })
        {
            var xid = await site.Cluster.ScalarAsync<long>($"WITH changed AS ({change}) SELECT txid_current()");
            xids.Add(xid.ToString(CultureInfo.InvariantCulture));
        }

        await site.SwitchAndArchiveAsync();
        return xids;
    }

    /// <summary>Something is typed, or a signal sent, when the screen is drawn, and each key when what the one before changed is shown.</summary>
    /// <param name="resized">Rows and columns that the terminal gets before anything is typed.</param>
    private static async Task<Walk> WalkAsync(RepositorySite site, int rows = 24, int columns = 80, (int Rows, int Columns)? resized = null, Signal? signal = null, params string[] typed)
    {
        await using var running = Start(site, "xterm", rows, columns);
        await Poll.UntilAsync(() => Drawn(running) > 0, "the screen is drawn");
        if (resized is { } size)
        {
            var name = running.Stdout.Split('\r')[0];
            (await TestAccount.RunAsync("stty", ["-F", name, "rows", $"{size.Rows}", "cols", $"{size.Columns}"])).EnsureSuccess();
            await Poll.UntilAsync(() => running.Stdout[running.Stdout.LastIndexOf(TopLeft, StringComparison.Ordinal)..].Count(character => character == '\n') == size.Rows - 1, "the screen is drawn in its new size");
        }

        if (signal is { } sent)
        {
            Processes.Send(PgkeepOf(running), sent);
        }

        foreach (var key in typed)
        {
            var drawn = Drawn(running);
            await running.TypeAsync(key);
            await Poll.UntilAsync(() => Drawn(running) > drawn || HasEnded(running), "the key is answered");
        }

        await Poll.UntilAsync(() => HasEnded(running), "the command has ended");
        var shown = running.Stdout;
        var parts = shown[(shown.IndexOf(SecondPage, StringComparison.Ordinal) + SecondPage.Length)..].Split(FirstPage);
        return new Walk(parts[0], Sequence().Replace(parts[1], ""));
    }

    private static RunningProgram Start(RepositorySite site, string terminal, int rows = 24, int columns = 80)
    {
        // stty -g tells all modes in one word.
        const string script = """
            stty rows "$1" cols "$2"
            tty
            before=$(stty -g)
            "$3" find --table orders --interactive --backup-dir "$4"
            code=$?
            [ "$before" = "$(stty -g)" ] && modes=kept
            echo "exit code $code, modes ${modes:-changed}"
            """;
        string[] words = ["sh", "-c", script, "sh", $"{rows}", $"{columns}", PgkeepBinary.FilePath, site.Repository];
        var line = string.Join(' ', words.Select(word => $"'{word.Replace("'", "'\\''", StringComparison.Ordinal)}'"));
        var environment = new Dictionary<string, string> { ["TERM"] = terminal, ["NO_COLOR"] = "1" };
        return TestAccount.Start("script", ["-qc", line, "/dev/null"], new RunOptions { Environment = environment, KeepsInputOpen = true });
    }

    private static bool HasEnded(RunningProgram running) => running.Stdout.Contains("exit code", StringComparison.Ordinal) && running.Stdout.EndsWith('\n');

    private static int PgkeepOf(RunningProgram running) => Processes.DescendantsOf(running.ProcessId).Single(IsPgkeep);

    private static bool IsPgkeep(int processId) => File.ReadAllText($"/proc/{processId}/cmdline").StartsWith(PgkeepBinary.FilePath, StringComparison.Ordinal);

    private static int Drawn(RunningProgram running) => running.Stdout.Split(TopLeft).Length - 1;

    [GeneratedRegex(@"\e\[[0-9;?]*[A-Za-z]|\e[=>]|\r")]
    private static partial Regex Sequence();

    /// <param name="Screen">From the switch to the second page to the switch back.</param>
    /// <param name="Behind">What stands on the first page then, without the sequences with which the runtime sets the keypad when it first writes.</param>
    private sealed record Walk(string Screen, string Behind);
}
