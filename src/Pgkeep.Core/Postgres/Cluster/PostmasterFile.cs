using System.Globalization;
using Pgkeep.Posix;

namespace Pgkeep.Postgres.Cluster;

/// <summary>
/// <c>postmaster.pid</c>: a line each for process, data directory, start time, port, socket directory, listen address, shared memory and
/// status (PostgreSQL src/include/utils/pidfile.h).
/// </summary>
internal sealed record PostmasterFile(int ProcessId, int? Port, string? SocketDirectory, string? Status)
{
    public const string Name = "postmaster.pid";

    private const int PortLine = 3;
    private const int SocketLine = 4;
    private const int StatusLine = 7;

    /// <summary>The server that runs on a data directory; null where none does. A file that a killed server left behind is not a server.</summary>
    public static PostmasterFile? OfRunning(string dataDirectory)
    {
        string[] lines;
        try
        {
            lines = File.ReadAllLines(Path.Combine(dataDirectory, Name));
        }
        catch (Exception thrown) when (thrown is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
        catch (Exception thrown) when (PosixError.IsInputOutput(thrown))
        {
            throw PosixError.From(thrown, "read", Path.Combine(dataDirectory, Name));
        }

        // A negative number is a single-user server.
        return lines.Length > 0
            && int.TryParse(lines[0], CultureInfo.InvariantCulture, out var pid)
            && ProcessTable.IsAlive(Math.Abs(pid))
            && IsServerOf(Math.Abs(pid), dataDirectory)
                ? new PostmasterFile(Math.Abs(pid), PortOf(lines), LineOf(lines, SocketLine), LineOf(lines, StatusLine)?.Trim())
                : null;
    }

    /// <summary>Process numbers are used again: another program with the number of a killed server does not work in its data directory.</summary>
    private static bool IsServerOf(int pid, string dataDirectory) =>
        ProcessTable.WorkingDirectoryOf(pid) is not { } directory || directory == FileSystem.Resolve(dataDirectory);

    private static int? PortOf(string[] lines) =>
        int.TryParse(LineOf(lines, PortLine), CultureInfo.InvariantCulture, out var port) ? port : null;

    private static string? LineOf(string[] lines, int index) => index < lines.Length && lines[index].Length > 0 ? lines[index] : null;
}
