using Pgkeep.Postgres;

namespace Pgkeep.Restore.Copies;

/// <summary>Everything that a copy beside the cluster's own server needs, proven while nothing has been touched.</summary>
/// <param name="Restore">What an ordinary restore has too; no old cluster, and no running server, is part of it.</param>
/// <param name="Limits">That the cluster's server was started with since the backup.</param>
internal sealed record CopyPlan(RestorePlan Restore, ServerLimits Limits)
{
    public required int Port { get; init; }

    /// <summary>For a copy that is looked at and removed: nothing in it works by itself.</summary>
    public required bool IsIdle { get; init; }

    /// <summary>A process that is gone has left something there, which is removed first.</summary>
    public required bool HasLeftovers { get; init; }

    /// <summary>The data directory, then the tablespaces.</summary>
    public IReadOnlyList<string> Places => [Restore.DataDirectory, .. Restore.Tablespaces.Select(tablespace => tablespace.Location)];
}
