namespace Pgkeep.Output.Reference;

/// <param name="Path">Below the docs directory.</param>
internal sealed record ReferencePage(string Path, string Text);
