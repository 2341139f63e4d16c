namespace Pgkeep.Check;

/// <summary>What the check says about one part.</summary>
/// <param name="Part">One word: backup, WAL, disk, log.</param>
/// <param name="Headline">What the first line says where this is the worst finding; empty for one that is well.</param>
/// <param name="Detail">The evidence, with its limit.</param>
internal sealed record CheckFinding(string Part, CheckState State, string Headline, string Detail)
{
    /// <summary>In the form of the monitoring plugins, <c>wal_lag=712s;600;</c>; null where there is no number.</summary>
    public string? Measure { get; init; }

    public static CheckFinding Unknown(string part, string why) => new(part, CheckState.Unknown, $"{part}: {why}", why);
}
