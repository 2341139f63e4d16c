using System.Globalization;
using System.Runtime.InteropServices;
using Xunit.Sdk;

namespace Pgkeep.IntegrationTests.Harness;

/// <summary>Processes that are not necessarily our children, by their ids, as /proc shows them.</summary>
internal static partial class Processes
{
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan EndTimeout = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan ReapTimeout = TimeSpan.FromSeconds(5);

    /// <summary>Sends a signal; a process that has ended already is left in peace.</summary>
    public static void Send(int processId, Signal signal)
    {
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(processId, 1);
        _ = SendSignal(processId, (int)signal);
    }

    /// <summary>A zombie is dead: whether anybody reaps what a test orphaned, and when, is up to process 1.</summary>
    public static bool IsAlive(int processId) => ReadStat(processId) is { State: not 'Z' };

    /// <summary>By a signal, until another lets it go on.</summary>
    public static bool IsStopped(int processId) => ReadStat(processId) is { State: 'T' };

    /// <summary>Null when the process has ended or is none of our business.</summary>
    public static string? WorkingDirectoryOf(int processId)
    {
        try
        {
            return File.ResolveLinkTarget($"/proc/{processId}/cwd", returnFinalTarget: false)?.FullName;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    public static IReadOnlyList<int> DescendantsOf(int processId)
    {
        var childrenOf = Directory.EnumerateDirectories("/proc")
            .Select(directory => int.TryParse(Path.GetFileName(directory), CultureInfo.InvariantCulture, out var id) ? id : 0)
            .Where(id => id > 0)
            .Select(id => (Id: id, Parent: ReadStat(id)?.Parent ?? 0))
            .ToLookup(process => process.Parent, process => process.Id);
        var found = new List<int>(childrenOf[processId]);
        for (var i = 0; i < found.Count; i++)
        {
            found.AddRange(childrenOf[found[i]]);
        }

        return found;
    }

    /// <summary>Ends a process and all below it at once, as a power cut would: stopped first, so that it cannot start another child.</summary>
    public static async Task KillTreeAsync(int processId)
    {
        Send(processId, Signal.Stop);
        IReadOnlyList<int> all = [processId, .. DescendantsOf(processId)];
        foreach (var id in all)
        {
            Send(id, Signal.Kill);
        }

        await WaitForEndAsync(all);
    }

    public static async Task WaitForEndAsync(IReadOnlyList<int> processIds)
    {
        for (var waited = TimeSpan.Zero; processIds.Any(IsAlive); waited += PollInterval)
        {
            if (waited > EndTimeout)
            {
                throw new XunitException($"still running after {EndTimeout.TotalSeconds} s: {string.Join(", ", processIds.Where(IsAlive))}");
            }

            await Task.Delay(PollInterval, CancellationToken.None);
        }
    }

    /// <summary>
    /// Waits until the process id means nothing any more. A server takes even a zombie for a running server when it finds its id in
    /// postmaster.pid, and where process 1 is no real init, a zombie may stay for a second, or for ever.
    /// </summary>
    public static async Task WaitForReapAsync(int processId)
    {
        for (var waited = TimeSpan.Zero; ReadStat(processId) is not null && waited < ReapTimeout; waited += PollInterval)
        {
            await Task.Delay(PollInterval, CancellationToken.None);
        }
    }

    // proc(5): "pid (comm) state ppid …", where comm may hold anything, parentheses too.
    private static (char State, int Parent)? ReadStat(int processId)
    {
        try
        {
            var stat = File.ReadAllText($"/proc/{processId}/stat");
            var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
            return (fields[0][0], int.Parse(fields[1], CultureInfo.InvariantCulture));
        }
        catch (IOException)
        {
            return null; // it has ended
        }
    }

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int SendSignal(int processId, int signal);
}
