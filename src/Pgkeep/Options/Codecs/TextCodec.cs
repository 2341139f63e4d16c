namespace Pgkeep.Options.Codecs;

internal sealed class TextCodec : ICodec<string>
{
    public TextCodec(string placeholder)
    {
        Placeholder = placeholder;
    }

    public string Placeholder { get; }

    public string Expected => "a text without NUL characters";

    public string Parse(string text) => text.Contains('\0', StringComparison.Ordinal) ? throw new FormatException() : text;
}
