using System.Diagnostics;
using Xunit.Sdk;

namespace Pgkeep.IntegrationTests.Harness;

/// <summary>
/// Words that run a command which is killed with SIGKILL right after one of its calls that change what is on disk, or send a signal. Unlike strace's, its calls are counted over all threads together.
/// </summary>
internal static class KillPoint
{
    private const string Source = "tests/Pgkeep.IntegrationTests/Harness/kill-point.c";

    private static readonly Lazy<string> Library = new(Build);

    /// <param name="moment">Such as <c>rename:3</c>, after the third.</param>
    public static string[] After(string moment) => ["env", $"LD_PRELOAD={Library.Value}", $"KILL_AT={moment}"];

    /// <param name="file">Gets the name of every such call, a line each; nothing is killed.</param>
    public static string[] Record(string file) => ["env", $"LD_PRELOAD={Library.Value}", $"KILL_LOG={file}"];

    private static string Build()
    {
        // Where the account that runs pgkeep can read it.
        var library = Path.Combine(PgkeepBinary.Home, "kill-point.so");
        using var compiler = Process.Start(
            new ProcessStartInfo("sh", ["-c", """$(command -v cc gcc clang | head -1) -O1 -Wall -Werror -shared -fPIC -o "$1" "$2" -ldl""", "sh", library, SourceTree.PathOf(Source)]) { RedirectStandardError = true })!;
        var errors = compiler.StandardError.ReadToEnd();
        compiler.WaitForExit();
        return compiler.ExitCode == 0 ? library : throw new XunitException($"\"{Source}\" cannot be compiled: {errors}");
    }
}
