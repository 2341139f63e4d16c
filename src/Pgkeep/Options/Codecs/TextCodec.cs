namespace Pgkeep.Options.Codecs;

internal sealed class TextCodec : ICodec<string>
{
    public TextCodec(string placeholder)
    {
        Placeholder = placeholder;
    }

    public string Placeholder { get; }

    public string Expected => "text";

    public string Parse(string text) => text;
}
