namespace Pgkeep.Restore;

/// <summary>What was seen of a recovered cluster before anybody else came in.</summary>
/// <param name="Databases">Those that opened.</param>
/// <param name="Problems">What did not; empty for a sound one.</param>
internal sealed record ClusterHealth(IReadOnlyList<string> Databases, IReadOnlyList<string> Problems)
{
    /// <summary>As whom they were opened; null where nobody could log in.</summary>
    public string? Role { get; init; }
}
