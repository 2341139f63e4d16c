using System.Globalization;

namespace Pgkeep.IntegrationTests.Harness;

/// <summary>
/// postmaster.pid as PostgreSQL writes it into the data directory (src/include/utils/pidfile.h). Line 1 is the postmaster's process
/// id, line 7 the key and the id of its System V shared memory.
/// </summary>
internal sealed record PostmasterFile(string DataDirectory, int ProcessId, int SharedMemoryId)
{
    private const string Name = "postmaster.pid";

    /// <summary>An old file may name a process that is somebody else's by now, so its working directory has to be this one.</summary>
    public bool IsRunning => Processes.IsAlive(ProcessId) && Processes.WorkingDirectoryOf(ProcessId) == DataDirectory;

    public static PostmasterFile? TryRead(string dataDirectory)
    {
        string[] lines;
        try
        {
            lines = File.ReadAllLines(Path.Combine(dataDirectory, Name));
        }
        catch (IOException)
        {
            return null; // no server, or it has just ended
        }

        if (lines.Length == 0 || !int.TryParse(lines[0], CultureInfo.InvariantCulture, out var processId))
        {
            return null;
        }

        var sharedMemory = lines.ElementAtOrDefault(6)?.Split(' ', StringSplitOptions.RemoveEmptyEntries).LastOrDefault();
        _ = int.TryParse(sharedMemory, CultureInfo.InvariantCulture, out var sharedMemoryId);
        return new PostmasterFile(dataDirectory, processId, sharedMemoryId);
    }

    public static IReadOnlyList<PostmasterFile> AllBelow(string directory)
    {
        var everywhere = new EnumerationOptions
        {
            RecurseSubdirectories = true,
            IgnoreInaccessible = true,
            AttributesToSkip = FileAttributes.ReparsePoint,
        };
        return [.. Directory.EnumerateFiles(directory, Name, everywhere)
            .Select(file => TryRead(Path.GetDirectoryName(file)!))
            .OfType<PostmasterFile>()];
    }

    /// <summary>
    /// A server that was killed leaves a segment behind, and the kernel holds only some thousands of them. /proc/sysvipc/shm says in
    /// its columns key, shmid, perms, size, cpid, lpid, nattch whether it is still the one that this server made.
    /// </summary>
    public bool HasOrphanedMemory() => !IsRunning && File.ReadLines("/proc/sysvipc/shm")
        .Skip(1)
        .Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        .Any(columns => columns[1] == SharedMemoryId.ToString(CultureInfo.InvariantCulture)
            && columns[4] == ProcessId.ToString(CultureInfo.InvariantCulture)
            && columns[6] == "0");
}
