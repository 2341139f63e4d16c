namespace Pgkeep.Options.Codecs;

/// <summary>
/// An absolute path. Only on the command line may it be relative: elsewhere nobody knows to what, and the server runs archive_command
/// in its data directory, the worst place for an archive.
/// </summary>
internal sealed class PathCodec : ICodec<string>
{
    public PathCodec(string placeholder)
    {
        Placeholder = placeholder;
    }

    public string Placeholder { get; }

    public string Expected => "an absolute path";

    public string Parse(string text) =>
        text.StartsWith('/') ? Path.TrimEndingDirectorySeparator(text) : throw new FormatException();

    public string FromCommandLine(string text, Func<string> workingDirectory) =>
        text.Length == 0 || text[0] == '/' ? text : Path.GetFullPath(text, workingDirectory());
}
