using Pgkeep.Options;

namespace Pgkeep.Commands;

/// <summary>What was typed, told apart but not yet understood.</summary>
internal sealed record ParsedCommandLine(
    Command Command,
    IReadOnlyDictionary<Option, string> Options,
    IReadOnlyDictionary<Argument, IReadOnlyList<string>> Arguments,
    IReadOnlyList<OptionProblem> Problems);
