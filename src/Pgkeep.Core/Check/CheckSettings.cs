using Pgkeep.Postgres.Server;
using Pgkeep.Repository;

namespace Pgkeep.Check;

internal sealed record CheckSettings
{
    public required RepositoryLayout Layout { get; init; }

    public required ConnectionSettings Connection { get; init; }

    public required TimeSpan MaxBackupAge { get; init; }

    public required TimeSpan MaxWalLag { get; init; }

    /// <summary>Percent.</summary>
    public required int MaxDiskUsed { get; init; }
}
