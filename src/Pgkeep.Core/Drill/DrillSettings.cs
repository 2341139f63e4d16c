using Pgkeep.Restore;

namespace Pgkeep.Drill;

internal sealed record DrillSettings
{
    /// <summary>As of a restore; the cluster's own data directory is not looked at.</summary>
    public required RestoreSettings Restore { get; init; }

    /// <summary>Absolute; the copy lies in a directory of its own below it, and is gone at the end.</summary>
    public required string Scratch { get; init; }

    /// <summary>Of statements that must succeed; null for none.</summary>
    public string? SqlFile { get; init; }

    /// <summary>In which the statements run.</summary>
    public required string Database { get; init; }

    public required string PgkeepVersion { get; init; }
}
