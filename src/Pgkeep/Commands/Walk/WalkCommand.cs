namespace Pgkeep.Commands.Walk;

/// <param name="Label">Where it leads to: before, after.</param>
internal sealed record WalkCommand(string Label, string Text);
