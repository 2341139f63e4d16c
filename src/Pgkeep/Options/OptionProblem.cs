namespace Pgkeep.Options;

/// <summary>One thing that is wrong with what was asked for, and who said it.</summary>
internal sealed record OptionProblem(SourceKind Source, string Message, string? Hint = null);
