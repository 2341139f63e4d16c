namespace Pgkeep.Options;

/// <summary>What one option came to.</summary>
/// <param name="Value">Null where the option is absent.</param>
/// <param name="Text">As it was written, for a person to read; of a secret only that there is one.</param>
internal sealed record OptionValue(Option Option, object? Value, string Text, ValueSource Source)
{
    public bool IsDefault => Source.Kind == SourceKind.Default;
}
