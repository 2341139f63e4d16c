namespace Pgkeep.Options;

/// <summary>A value not to be seen. Whoever prints it gets <see cref="Redacted"/>; only <see cref="Reveal"/> gives it away.</summary>
internal sealed class Secret
{
    public const string Redacted = "<redacted>";

    private readonly string _text;

    public Secret(string text)
    {
        _text = text;
    }

    /// <summary>For the one call that needs it; never for a message.</summary>
    public string Reveal() => _text;

    public override string ToString() => Redacted;
}
