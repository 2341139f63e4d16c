namespace Pgkeep.Options.Codecs;

/// <summary>On or off, in PostgreSQL's spellings of a boolean. On the command line the name alone switches it on.</summary>
internal sealed class FlagCodec : ICodec<bool>
{
    public const string On = "on";
    public const string Off = "off";

    public static FlagCodec Instance { get; } = new();

    public string Placeholder => "";

    public string Expected => "on or off";

    public bool Parse(string text) => text.ToLowerInvariant() switch
    {
        On or "true" or "yes" or "1" => true,
        Off or "false" or "no" or "0" => false,
        _ => throw new FormatException(),
    };
}
