namespace Pgkeep.Options.EnvironmentFiles;

internal sealed record Assignment(string Name, string Value, int Line)
{
    /// <summary>The value may be a password.</summary>
    public override string ToString() => $"{Name} (line {Line})";
}
