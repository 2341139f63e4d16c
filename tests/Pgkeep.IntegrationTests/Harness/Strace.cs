namespace Pgkeep.IntegrationTests.Harness;

/// <summary>Runs a program as the account with system calls that fail, wait or kill it, as strace's <c>inject</c> says.</summary>
internal static class Strace
{
    /// <param name="injection">Such as <c>fsync:error=EIO:when=2</c>; strace counts the calls of each thread by itself.</param>
    /// <param name="path">Only calls that work on this file or directory; null for all.</param>
    public static Task<ProgramResult> RunAsync(string injection, string program, IReadOnlyList<string> arguments, RunOptions options, string? path = null) =>
        TestAccount.RunAsync("strace", [.. path is null ? [] : new[] { "-P", path }, .. Arguments(injection, program, arguments)], options);

    /// <inheritdoc cref="RunAsync"/>
    public static RunningProgram Start(string injection, string program, IReadOnlyList<string> arguments, RunOptions options) =>
        TestAccount.Start("strace", Arguments(injection, program, arguments), options);

    private static IReadOnlyList<string> Arguments(string injection, string program, IReadOnlyList<string> arguments) =>
        ["-f", "--seccomp-bpf", "-qq", "-o", "/dev/null", "-e", $"inject={injection}", program, .. arguments];
}
