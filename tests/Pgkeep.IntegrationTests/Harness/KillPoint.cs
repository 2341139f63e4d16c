using System.Diagnostics;
using Xunit;
using Xunit.Sdk;

namespace Pgkeep.IntegrationTests.Harness;

/// <summary>
/// Runs a command that is killed with SIGKILL right after one of its calls that change what is on disk, or send a signal. Unlike strace's, its calls are counted over all threads together.
/// </summary>
internal static class KillPoint
{
    /// <summary>Of a command that was killed.</summary>
    public const int ExitCode = 128 + (int)Signal.Kill;

    /// <summary>Among the last calls of a program that was killed.</summary>
    public const string Mark = "KILLED";

    private const string Source = "tests/Pgkeep.IntegrationTests/Harness/kill-point.c";

    private static readonly Lazy<string> Library = new(Build);

    /// <summary>Words that run a command which is killed.</summary>
    /// <param name="moment">Such as <c>rename:3</c>, after the third.</param>
    public static string[] After(string moment) => ["env", $"LD_PRELOAD={Library.Value}", $"KILL_AT={moment}"];

    /// <summary>Words that run a command which stops, until it gets <see cref="Signal.Continue"/>.</summary>
    /// <param name="moment">As <see cref="After"/> has it.</param>
    public static string[] StopAfter(string moment) => [.. After(moment), $"KILL_WITH={(int)Signal.Stop}"];

    /// <summary>Words that run a command of which a file gets the name of every such call, a line each; nothing is killed.</summary>
    public static string[] Record(string file) => ["env", $"LD_PRELOAD={Library.Value}", $"KILL_LOG={file}"];

    /// <summary>Runs a command that is killed; false where the moment never came, and the command has done its work.</summary>
    /// <param name="moment">As <see cref="After"/> has it.</param>
    public static async Task<bool> KillAsync(string moment, IReadOnlyList<string> arguments, RunOptions options)
    {
        var result = await RunAsync(After(moment), arguments, options);
        return result.ExitCode == ExitCode || (result.ExitCode == 0 ? false : throw new XunitException($"it was to be killed after {moment}: {result}"));
    }

    /// <summary>Runs a command that is left alone, of which a program that it leaves behind is killed; waits for neither.</summary>
    /// <param name="command">That program's first argument.</param>
    /// <param name="log">Gets the program's calls, and <see cref="Mark"/> where it was killed.</param>
    public static Task<ProgramResult> KillLeftAsync(string moment, string command, string log, IReadOnlyList<string> arguments, RunOptions options) =>
        RunAsync([.. After(moment), $"KILL_IN={command}", $"KILL_LOG={log}"], arguments, options);

    /// <summary>Every call of a command that changes something, in their order.</summary>
    public static async Task<IReadOnlyList<string>> RecordAsync(string file, IReadOnlyList<string> arguments, RunOptions options)
    {
        (await RunAsync(Record(file), arguments, options)).EnsureSuccess();
        return await File.ReadAllLinesAsync(file, TestContext.Current.CancellationToken);
    }

    private static Task<ProgramResult> RunAsync(string[] wrapper, IReadOnlyList<string> arguments, RunOptions options) =>
        TestAccount.RunAsync(wrapper[0], [.. wrapper[1..], PgkeepBinary.FilePath, .. arguments], options);

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
