using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using Xunit.Sdk;

namespace Pgkeep.IntegrationTests.Harness;

/// <summary>
/// The servers that tests/servers brings. A server that is missing fails the test: a skip would look like success.
/// </summary>
internal static class PostgresServers
{
    private const string DefaultMajors = "15 18";

    private static readonly ConcurrentDictionary<int, string> BinDirectories = new();

    /// <summary>PGKEEP_TEST_MAJORS, which ./test sets.</summary>
    public static IReadOnlyList<int> Majors { get; } =
    [
        .. (Environment.GetEnvironmentVariable("PGKEEP_TEST_MAJORS") ?? DefaultMajors)
            .Split(' ', StringSplitOptions.RemoveEmptyEntries)
            .Select(major => int.Parse(major, CultureInfo.InvariantCulture)),
    ];

    public static int Newest => Majors.Max();

    /// <summary>Holds initdb, pg_ctl and postgres; 14 and 16 have nothing else.</summary>
    public static string BinDirectory(int major) => BinDirectories.GetOrAdd(major, Find);

    /// <summary>
    /// A directory with all client programs that work with a server of this major: its own, or for 14 and 16 the next one's.
    /// pg_verifybackup and pg_waldump of the next major do not read this one's WAL (pg_verifybackup --no-parse-wal).
    /// </summary>
    public static string ClientDirectory(int major)
    {
        var full = major is 14 or 16 ? major + 1 : major;
        return BinDirectories.ContainsKey(full) ? BinDirectory(full) : Ensure(full);
    }

    /// <summary>The major whose pg_waldump is to be used: its own, or for 14 and 16 that of the one before, where the pages get its magic first.</summary>
    public static int WalDumpMajor(int major) => major is 14 or 16 ? major - 1 : major;

    /// <inheritdoc cref="WalDumpMajor"/>
    public static string WalDump(int major) => Path.Combine(Ensure(WalDumpMajor(major)), "pg_waldump");

    private static string Ensure(int major)
    {
        RunScript("ensure", major);
        return BinDirectory(major);
    }

    private static string Find(int major)
    {
        var directory = RunScript("bindir", major).TrimEnd();
        return File.Exists(Path.Combine(directory, "postgres"))
            ? directory
            : throw new XunitException($"no PostgreSQL {major} in \"{directory}\": run tests/servers ensure {major}");
    }

    private static string RunScript(string verb, int major)
    {
        var startInfo = new ProcessStartInfo(SourceTree.PathOf("tests/servers"), [verb, $"{major}"]) { RedirectStandardOutput = true };
        using var script = Process.Start(startInfo)!;
        var output = script.StandardOutput.ReadToEnd();
        script.WaitForExit();
        return script.ExitCode == 0 ? output : throw new XunitException($"tests/servers {verb} {major} failed with {script.ExitCode}");
    }
}
