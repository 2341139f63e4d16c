using System.Globalization;
using System.Runtime.InteropServices;

namespace Pgkeep.Posix;

/// <summary>
/// Makes room for a server on the same machine: processor time and I/O of this process go to whoever else wants them. Both belong to each thread
/// in Linux (setpriority(2), ioprio_set(2)), so every one is lowered, and those that come later inherit it.
/// </summary>
internal static class WorkPriority
{
    private const int Nice = 10;

    /// <summary>
    /// Best effort, the last of its eight levels. A priority that is already lower (cron under <c>nice -19</c>, <c>ionice -c3</c>) stays. That it
    /// cannot be lowered is no failure and no warning: an I/O scheduler without priorities, a sandbox that forbids the call (EPERM, ENOSYS), or
    /// another processor's number of the call cost the server some speed and the backup nothing. To see why: <c>strace -f -e setpriority,ioprio_set</c>.
    /// </summary>
    public static void Lower()
    {
        var seen = new HashSet<int>();
        while (true)
        {
            // One that was not lowered yet may have started another meanwhile.
            var fresh = Threads().Where(seen.Add).ToList();
            if (fresh.Count == 0)
            {
                return;
            }

            fresh.ForEach(Lower);
        }
    }

    private static void Lower(int thread)
    {
        if (Libc.GetPriority(Libc.PRIO_PROCESS, thread) < Nice)
        {
            _ = Libc.SetPriority(Libc.PRIO_PROCESS, thread, Nice);
        }

        if (IoPriorityCalls() is var (get, set) && Libc.SystemCall(get, Libc.IOPRIO_WHO_PROCESS, thread, 0) >> Libc.IOPRIO_CLASS_SHIFT != Libc.IOPRIO_CLASS_IDLE)
        {
            _ = Libc.SystemCall(set, Libc.IOPRIO_WHO_PROCESS, thread, (Libc.IOPRIO_CLASS_BE << Libc.IOPRIO_CLASS_SHIFT) | Libc.IOPRIO_LOWEST);
        }
    }

    private static List<int> Threads()
    {
        try
        {
            return [.. Directory.EnumerateDirectories("/proc/self/task").Select(path => int.Parse(Path.GetFileName(path), CultureInfo.InvariantCulture))];
        }
        catch (Exception thrown) when (PosixError.IsInputOutput(thrown))
        {
            return [];
        }
    }

    /// <summary>libc has no function for them; their numbers are in asm/unistd.h.</summary>
    private static (nint Get, nint Set)? IoPriorityCalls() => RuntimeInformation.ProcessArchitecture switch
    {
        Architecture.X64 => (252, 251),
        Architecture.Arm64 => (31, 30),
        _ => null,
    };
}
