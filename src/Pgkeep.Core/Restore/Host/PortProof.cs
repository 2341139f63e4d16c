using Pgkeep.Diagnostics;
using Pgkeep.Posix;
using Pgkeep.Postgres.Cluster;
using Pgkeep.Repository;

namespace Pgkeep.Restore.Host;

/// <summary>
/// Shows that nobody else listens where the restored server will: it would be restored, and then not start, with the old one's service down. A configuration outside the data directory
/// says where that is; one inside comes out of the backup, whose metadata have what the server went by.
/// </summary>
internal static class PortProof
{
    /// <param name="running">The server that is stopped first, and leaves its port.</param>
    public static async Task RequireFreeAsync(ClusterMetadata cluster, PostmasterFile? running, ServerPrograms programs, Account account, CancellationToken cancellationToken)
    {
        var known = ServerAddress.Of(cluster);
        var address = cluster.ConfigFile is { } configuration ? await ServerAddress.ReadAsync(name => programs.ReadSettingAsync(name, configuration, account, cancellationToken), known) : known;
        if (address is null || running?.Port == address.Port || address.FindTaken(ListeningSocket.All()) is not { } taken)
        {
            return;
        }

        var process = taken.FindProcess();
        throw new PgkeepException(
            ErrorKind.Configuration,
            $"{Describe(taken)}, where the restored server will listen, is taken by {(process is { } pid ? Describe(pid) : "another process")}",
            "nothing was changed; stop that one, or give it another port, and run this again",
            "without starting the server for good it can be restored now: --no-start");
    }

    private static string Describe(ListeningSocket socket) => socket.Path is { } path ? $"the socket \"{path}\"" : $"port {socket.EndPoint!.Port} of {socket.EndPoint.Address}";

    private static string Describe(int pid) => (ProcessTable.ProgramOf(pid), ProcessTable.WorkingDirectoryOf(pid)) switch
    {
        ({ } program, { } directory) => $"process {pid}, {program} in \"{directory}\"",
        ({ } program, _) => $"process {pid}, {program}",
        _ => $"process {pid}",
    };
}
