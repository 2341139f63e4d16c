namespace Pgkeep.Options.Codecs;

/// <summary>
/// How a value is written. The same codec reads the command line, the environment, <c>backup.env</c> and the default in the table,
/// so that help and parser cannot disagree.
/// </summary>
internal interface ICodec<out T>
{
    /// <summary>What stands for the value in help: <c>DIR</c>, <c>N</c>; empty for a flag.</summary>
    string Placeholder { get; }

    /// <summary>What is accepted, as it fits after "is not": "a whole number from 1 to 9".</summary>
    string Expected { get; }

    /// <summary>The words it accepts and what they mean, where it accepts a few words only.</summary>
    IEnumerable<(string Name, string Meaning)> Meanings => [];

    /// <exception cref="FormatException">The text is not what <see cref="Expected"/> says.</exception>
    T Parse(string text);

    /// <summary>What a person who types the text in <paramref name="workingDirectory"/> means by it; only paths depend on that.</summary>
    string FromCommandLine(string text, Func<string> workingDirectory) => text;
}
