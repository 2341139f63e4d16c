namespace Pgkeep.Restore.Copies;

/// <summary>Where a copy comes to lie.</summary>
/// <param name="DataDirectory">Absolute.</param>
/// <param name="Port">Of its socket.</param>
internal sealed record CopySettings(string DataDirectory, int Port)
{
    /// <summary>See <see cref="CopyPlan.IsIdle"/>.</summary>
    public bool IsIdle { get; init; }
}
