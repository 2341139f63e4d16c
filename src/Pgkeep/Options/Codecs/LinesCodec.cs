namespace Pgkeep.Options.Codecs;

/// <summary>The texts of an option that may be given several times.</summary>
internal sealed class LinesCodec : ICodec<IReadOnlyList<string>>
{
    public LinesCodec(string placeholder) => Placeholder = placeholder;

    public string Placeholder { get; }

    public string Expected => "text";

    public IReadOnlyList<string> Parse(string text) => text.Split('\n', StringSplitOptions.RemoveEmptyEntries);
}
