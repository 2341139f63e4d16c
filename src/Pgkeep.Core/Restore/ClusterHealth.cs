namespace Pgkeep.Restore;

/// <summary>What was seen of a recovered cluster before anybody else came in.</summary>
/// <param name="Databases">Those that opened.</param>
/// <param name="Problems">What did not; empty for a sound one.</param>
internal sealed record ClusterHealth(IReadOnlyList<string> Databases, IReadOnlyList<string> Problems)
{
    /// <summary>As whom they were opened; null where nobody could log in.</summary>
    public string? Role { get; init; }

    /// <summary>What pg_amcheck says of a sound cluster; null where it was not asked, or has found something, which is a problem then.</summary>
    public string? Amcheck { get; init; }
}
