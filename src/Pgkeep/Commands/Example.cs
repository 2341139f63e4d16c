namespace Pgkeep.Commands;

/// <summary>A line to copy, and what it does.</summary>
internal sealed record Example(string CommandLine, string Summary);
