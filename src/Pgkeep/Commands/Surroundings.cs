using Pgkeep.Output;

namespace Pgkeep.Commands;

/// <summary>All that a command finds outside itself, so that a test can put something else there.</summary>
/// <param name="Environment">The value of a variable, null where it is not set.</param>
internal sealed record Surroundings(IOutput Output, Func<string, string?> Environment, string WorkingDirectory, TimeProvider Time);
