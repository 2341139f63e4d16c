using System.Diagnostics;
using System.Text.RegularExpressions;
using Pgkeep.IntegrationTests.Harness;
using Xunit;

namespace Pgkeep.IntegrationTests.Demo;

public sealed partial class DemoTests : IntegrationTest
{
    private const int Interrupted = 75;
    private const int Findings = 3;

    [Theory]
    [EachMajor]
    public async Task Demo_succeeds_and_leaves_nothing_behind(int major)
    {
        var result = (await PgkeepBinary.RunAsync(["demo", "--bindir", PostgresServers.BinDirectory(major)])).EnsureSuccess();

        Assert.Contains($"PostgreSQL {major}", result.Stdout, StringComparison.Ordinal);
        Assert.Contains(" 7  The proof         120,000 orders", result.Stdout, StringComparison.Ordinal);
        Assert.All(result.Stdout.Split('\n'), line => Assert.InRange(line.Length, 0, 100));
        await AssertNothingIsLeftAsync(DirectoryIn(result.Stdout));
    }

    [Fact]
    public async Task Whoever_runs_it_and_whatever_their_environment_says_it_works()
    {
        var start = new ProcessStartInfo(PgkeepBinary.FilePath, ["demo", "--quiet", "--bindir", PostgresServers.BinDirectory(PostgresServers.Newest)])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var name in new[] { "PGHOST", "PGPORT", "PGUSER", "PGOPTIONS", "PGCLIENTENCODING", "PGDATA", "PGKEEP_CONFIG", "BACKUP_DIR", "WAL_ARCHIVE_DIR", "RETENTION_DAYS", "HOME", "TMPDIR" })
        {
            start.Environment[name] = "/nonsense";
        }

        await using var demo = new RunningProgram(start, new RunOptions());

        var result = (await demo.WaitAsync()).EnsureSuccess();

        Assert.StartsWith("Everything is as it was", Assert.Single(result.Stdout.TrimEnd().Split('\n')), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Difference_is_told_and_the_evidence_stays_without_a_server()
    {
        var checkout = await CopyCheckoutAsync();
        await TestAccount.WriteFileAsync(Path.Combine(checkout, "scripts/restore-postgres.sh"), "#!/bin/sh\n# restores nothing\n", "0755");

        var result = await RunAsync(checkout);

        var directory = DirectoryIn(result.Stderr);
        try
        {
            Assert.Equal(Findings, result.ExitCode);
            Assert.Contains("table customers: was 5,000 rows", result.Stderr, StringComparison.Ordinal);
            Assert.True(File.Exists(Path.Combine(directory, "server.log")));
            await AssertNoProcessAsync(directory);
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    [Fact]
    public async Task Failing_script_is_told_with_its_words_and_its_exit_code()
    {
        const int storageFull = 32;
        var checkout = await CopyCheckoutAsync();
        await TestAccount.WriteFileAsync(
            Path.Combine(checkout, "scripts/backup-postgres.sh"), $"#!/bin/sh\necho 'the disk is full' >&2\nexit {storageFull}\n", "0755");

        var result = await RunAsync(checkout);

        var directory = DirectoryIn(result.Stderr);
        try
        {
            Assert.Equal(storageFull, result.ExitCode);
            Assert.Contains("the disk is full", result.Stderr, StringComparison.Ordinal);
            await AssertNoProcessAsync(directory);
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    [Theory]
    [InlineData(" 1  A shop opens")]
    [InlineData(" 5  The accident")]
    public async Task Interrupted_demo_leaves_nothing_behind(string after)
    {
        await using var demo = PgkeepBinary.Start(["demo", "--bindir", PostgresServers.BinDirectory(PostgresServers.Newest)]);
        await Poll.UntilAsync(() => demo.Stdout.Contains(after, StringComparison.Ordinal), after);

        demo.Send(Signal.Terminate);
        var result = await demo.WaitAsync();

        Assert.Equal(Interrupted, result.ExitCode);
        await AssertNothingIsLeftAsync(DirectoryIn(result.Stdout));
    }

    [Fact]
    public async Task Kept_demo_goes_on_with_the_lines_it_prints()
    {
        var kept = (await PgkeepBinary.RunAsync(["demo", "--keep", "--bindir", PostgresServers.BinDirectory(PostgresServers.Newest)])).EnsureSuccess();
        var directory = DirectoryIn(kept.Stdout);

        var listed = await RunLinesAsync(LinesAfter(kept.Stdout, "Use this repository"));
        var restored = await RunLinesAsync([.. LinesAfter(kept.Stdout, "Use this repository").Take(1), .. LinesAfter(kept.Stdout, "Do another restore"), "--yes"]);
        var ended = await RunLinesAsync(LinesAfter(kept.Stdout, "End it"));

        Assert.Contains("backup_", listed.EnsureSuccess().Stdout, StringComparison.Ordinal);
        Assert.Contains("Restored", restored.EnsureSuccess().Stdout, StringComparison.Ordinal);
        ended.EnsureSuccess();
        await AssertNothingIsLeftAsync(directory);
    }

    /// <summary>The scripts and the binary again, to be changed.</summary>
    private async Task<string> CopyCheckoutAsync()
    {
        var copy = (await GetWorkspaceAsync()).PathOf("checkout");
        (await TestAccount.RunAsync("cp", ["-r", PgkeepBinary.Home, copy])).EnsureSuccess();
        return copy;
    }

    private static Task<ProgramResult> RunAsync(string checkout) => TestAccount.RunAsync(
        Path.Combine(checkout, "artifacts/native/pgkeep"), ["demo", "--quiet", "--bindir", PostgresServers.BinDirectory(PostgresServers.Newest)]);

    private static Task<ProgramResult> RunLinesAsync(IReadOnlyList<string> lines) =>
        TestAccount.RunAsync("sh", ["-e", "-c", string.Join('\n', lines).Replace("\n--yes", " --yes", StringComparison.Ordinal)]);

    /// <summary>The indented lines below a heading.</summary>
    private static IReadOnlyList<string> LinesAfter(string output, string heading) =>
    [
        .. output.Split('\n').SkipWhile(line => !line.StartsWith(heading, StringComparison.Ordinal)).Skip(1).TakeWhile(line => line.StartsWith("  ", StringComparison.Ordinal)),
    ];

    private static string DirectoryIn(string output) => DirectoryPattern().Match(output) is { Success: true } match
        ? match.Value
        : throw new Xunit.Sdk.XunitException($"no directory of a demo in: {output}");

    private static async Task AssertNothingIsLeftAsync(string directory)
    {
        Assert.False(Directory.Exists(directory));
        await AssertNoProcessAsync(directory);
    }

    /// <summary>What a server had started, an archive_command, may take a moment longer to end.</summary>
    private static Task AssertNoProcessAsync(string directory) => Poll.UntilAsync(
        () => !Directory.EnumerateDirectories("/proc").Any(process => ReadIfThere(Path.Combine(process, "cmdline")).Contains(directory, StringComparison.Ordinal)),
        $"no process of {directory}",
        TimeSpan.FromSeconds(2));

    private static string ReadIfThere(string path)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (IOException)
        {
            return ""; // the process has ended
        }
    }

    [GeneratedRegex("/tmp/pgkeep-demo-[A-Za-z0-9]+")]
    private static partial Regex DirectoryPattern();
}
