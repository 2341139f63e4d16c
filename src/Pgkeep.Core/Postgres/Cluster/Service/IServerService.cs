using Pgkeep.Posix;

namespace Pgkeep.Postgres.Cluster.Service;

/// <summary>One of the ways in which machines start and stop a server. What it answers is what the program behind it said; whether the server has done it is seen elsewhere.</summary>
internal interface IServerService
{
    /// <summary>For a person: "systemd (postgresql-16.service)".</summary>
    string Name { get; }

    Task<ProgramResult> StopAsync();

    /// <param name="log">Where the server's messages go, where the way does not say.</param>
    /// <param name="options">For the server's command line, where the way does not say.</param>
    Task<ProgramResult> StartAsync(string log, IReadOnlyList<string> options);
}
