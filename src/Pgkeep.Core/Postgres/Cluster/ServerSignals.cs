using Pgkeep.Diagnostics;
using Pgkeep.Posix;

namespace Pgkeep.Postgres.Cluster;

/// <summary>Ends a server where no programs of its version are needed for anything else (PostgreSQL manual, "Shutting Down the Server").</summary>
internal static class ServerSignals
{
    private const int Interrupt = 2;
    private const int Quit = 3;

    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(50);

    /// <summary>Waits until it is gone, however long a fast shutdown takes.</summary>
    public static async Task StopAsync(PostmasterFile running, string dataDirectory, bool immediate, TimeProvider time)
    {
        ProcessTable.Send(running.ProcessId, immediate ? Quit : Interrupt);
        while (PostmasterFile.OfRunning(dataDirectory)?.ProcessId == running.ProcessId)
        {
            await Task.Delay(PollInterval, time, CancellationToken.None);
        }

        if (PostmasterFile.OfRunning(dataDirectory) is { } another)
        {
            throw new PgkeepException(ErrorKind.ServerRunning, $"another server was started on \"{dataDirectory}\" (process {another.ProcessId})", "see what starts it, and stop that");
        }
    }
}
