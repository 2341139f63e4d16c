using System.Runtime.InteropServices;

namespace Pgkeep.Posix;

internal static class ProcessTable
{
    /// <summary>True also for a process of another account.</summary>
    public static bool IsAlive(int pid) => pid > 0 && (Libc.Kill(pid, 0) == 0 || Marshal.GetLastPInvokeError() == Libc.EPERM) && !IsZombie(pid);

    /// <summary>A process that has ended meanwhile is no failure.</summary>
    public static void Send(int pid, int signal)
    {
        if (Libc.Kill(pid, signal) != 0 && Marshal.GetLastPInvokeError() is var errno and not Libc.ESRCH)
        {
            throw PosixError.From(errno, "send a signal to", $"process {pid}");
        }
    }

    /// <summary>SIGTERM; a process that has ended already is left in peace.</summary>
    public static void AskToEnd(int pid)
    {
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(pid, 1);
        _ = Libc.Kill(pid, Libc.SIGTERM);
    }

    /// <summary>The program a process runs; null where the process is gone or not ours to look at.</summary>
    public static string? ProgramOf(int pid) => LinkOf(pid, "exe");

    public static string? WorkingDirectoryOf(int pid) => LinkOf(pid, "cwd");

    /// <summary>The file that a process's error messages go to; null where that is not a file.</summary>
    public static string? LogOf(int pid) => LinkOf(pid, "fd/2") is { } path && File.Exists(path) ? path : null;

    /// <summary>proc(5), <c>/proc/PID/cgroup</c>: a line for each hierarchy. Empty where the process is gone.</summary>
    public static string ControlGroupsOf(int pid) => TextOf(pid, "cgroup");

    /// <summary>What a process calls itself, as ps(1) shows it; empty where it is gone.</summary>
    public static string TitleOf(int pid) => TextOf(pid, "cmdline").Replace('\0', ' ').TrimEnd();

    public static IReadOnlyList<int> ChildrenOf(int pid) =>
        [.. Directory.EnumerateDirectories("/proc").Select(path => int.TryParse(Path.GetFileName(path), out var child) ? child : 0).Where(child => child > 0 && ParentOf(child) == pid)];

    private static int ParentOf(int pid)
    {
        // proc(5): "pid (comm) state ppid …", where comm may hold anything, parentheses too.
        var stat = TextOf(pid, "stat");
        return stat[(stat.LastIndexOf(')') + 1)..].Split(' ', StringSplitOptions.RemoveEmptyEntries) is [_, var parent, ..] && int.TryParse(parent, out var number) ? number : 0;
    }

    private static string TextOf(int pid, string name)
    {
        try
        {
            return File.ReadAllText($"/proc/{pid}/{name}");
        }
        catch (Exception thrown) when (PosixError.IsInputOutput(thrown))
        {
            return "";
        }
    }

    /// <summary>Dead, and nobody has asked for its exit code: in a container whose first process never does, for ever.</summary>
    private static bool IsZombie(int pid)
    {
        try
        {
            // proc(5): "pid (comm) state …", where comm may hold anything, parentheses too.
            var stat = File.ReadAllText($"/proc/{pid}/stat");
            var state = stat.LastIndexOf(')') + 2;
            return state > 1 && state < stat.Length && stat[state] == 'Z';
        }
        catch (Exception thrown) when (PosixError.IsInputOutput(thrown))
        {
            return false;
        }
    }

    private static string? LinkOf(int pid, string name)
    {
        try
        {
            return new FileInfo($"/proc/{pid}/{name}").LinkTarget;
        }
        catch (Exception thrown) when (PosixError.IsInputOutput(thrown))
        {
            return null;
        }
    }
}
