using System.Diagnostics;

namespace Pgkeep.IntegrationTests.Harness;

/// <summary>
/// The account that servers and commands run as. PostgreSQL refuses to run as root, so root lends itself to "postgres", or to
/// "nobody" on a machine without it; everybody else is who they are.
/// </summary>
internal static class TestAccount
{
    public static string Name { get; } = Choose();

    public static RunningProgram Start(string program, IReadOnlyList<string> arguments, RunOptions? options = null)
    {
        options ??= new RunOptions();
        return new RunningProgram(StartInfoFor(program, arguments, options), options);
    }

    public static async Task<ProgramResult> RunAsync(string program, IReadOnlyList<string> arguments, RunOptions? options = null)
    {
        await using var running = Start(program, arguments, options);
        return await running.WaitAsync();
    }

    /// <summary>Writes a file that belongs to the account.</summary>
    public static async Task WriteFileAsync(string path, string text, string mode = "0600")
    {
        const string script = """umask 077 && cat >"$1" && chmod "$2" "$1" """;
        (await RunAsync("sh", ["-c", script, "sh", path, mode], new RunOptions { Input = text })).EnsureSuccess();
    }

    private static ProcessStartInfo StartInfoFor(string program, IReadOnlyList<string> arguments, RunOptions options)
    {
        var startInfo = new ProcessStartInfo(program, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = options.WorkingDirectory,
        };
        if (Name != Environment.UserName)
        {
            startInfo.UserName = Name;
        }

        startInfo.Environment.Clear();
        startInfo.Environment["PATH"] = Environment.GetEnvironmentVariable("PATH");
        startInfo.Environment["LANG"] = "C.UTF-8";
        foreach (var (name, value) in options.Environment)
        {
            startInfo.Environment[name] = value;
        }

        return startInfo;
    }

    private static string Choose()
    {
        if (!Environment.IsPrivilegedProcess)
        {
            return Environment.UserName;
        }

        var hasPostgres = File.ReadLines("/etc/passwd").Any(line => line.StartsWith("postgres:", StringComparison.Ordinal));
        return hasPostgres ? "postgres" : "nobody";
    }
}
