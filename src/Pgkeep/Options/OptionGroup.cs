namespace Pgkeep.Options;

/// <summary>Options that a reader looks for in one place.</summary>
internal sealed record OptionGroup(string Title, IReadOnlyList<Option> Options);
