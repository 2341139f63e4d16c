namespace Pgkeep.Options.Codecs;

/// <summary>One of the words an option accepts.</summary>
internal sealed record Choice<T>(string Name, T Value, string Meaning);
