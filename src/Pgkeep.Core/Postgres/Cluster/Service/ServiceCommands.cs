namespace Pgkeep.Postgres.Cluster.Service;

/// <summary>What a person said should stop and start the server, for a shell; null for the way that the machine has.</summary>
internal sealed record ServiceCommands(string? Stop, string? Start)
{
    public static ServiceCommands None { get; } = new(null, null);
}
