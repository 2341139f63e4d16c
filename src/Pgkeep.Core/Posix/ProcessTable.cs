using System.Runtime.InteropServices;

namespace Pgkeep.Posix;

internal static class ProcessTable
{
    /// <summary>True also for a process of another account.</summary>
    public static bool IsAlive(int pid) => pid > 0 && (Libc.Kill(pid, 0) == 0 || Marshal.GetLastPInvokeError() == Libc.EPERM);

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
