namespace Pgkeep.Options.Codecs;

internal sealed class SecretCodec : ICodec<Secret>
{
    public static SecretCodec Instance { get; } = new();

    public string Placeholder => "SECRET";

    public string Expected => "a text without NUL characters";

    public Secret Parse(string text) => text.Contains('\0', StringComparison.Ordinal) ? throw new FormatException() : new Secret(text);
}
