using Pgkeep.Options.Codecs;

namespace Pgkeep.Options;

/// <typeparam name="T">The type of its value; nullable where it can be absent.</typeparam>
internal sealed class Option<T> : Option
{
    public required ICodec<T> Codec { get; init; }

    public override bool IsFlag => Codec is FlagCodec;

    public override bool IsSecret => Codec is SecretCodec;

    public override bool IgnoresEmpty => Codec is TextCodec or PathCodec or SecretCodec;

    public override string Placeholder => Codec.Placeholder;

    public override string Expected => Codec.Expected;

    public override IEnumerable<(string Name, string Meaning)> Meanings => Codec.Meanings;

    public override object? ParseUntyped(string text) => Codec.Parse(text);

    public override string FromCommandLine(string text, Func<string> workingDirectory) => Codec.FromCommandLine(text, workingDirectory);
}
