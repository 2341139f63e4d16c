namespace Pgkeep.Check;

/// <summary>In the order in which one outweighs another: what is known to be wrong counts more than what is not known.</summary>
internal enum CheckState
{
    Ok,
    Unknown,
    Warning,
    Critical,
}
