namespace Pgkeep.Options.Codecs;

internal sealed class SecretCodec : ICodec<Secret>
{
    public static SecretCodec Instance { get; } = new();

    public string Placeholder => "SECRET";

    public string Expected => "text";

    public Secret Parse(string text) => new(text);
}
