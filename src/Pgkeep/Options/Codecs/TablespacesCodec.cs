using Pgkeep.Restore;

namespace Pgkeep.Options.Codecs;

/// <summary>Tablespaces with their new places, <c>OLD=NEW</c>, one a line: OLD is a location or an OID. A location with an equals sign in it has to be named by its OID.</summary>
internal sealed class TablespacesCodec : ICodec<IReadOnlyList<TablespaceMove>>
{
    public static TablespacesCodec Instance { get; } = new();

    public string Placeholder => "OLD=NEW";

    public string Expected => "a tablespace's location or OID, an equals sign, and an absolute path";

    public IReadOnlyList<TablespaceMove> Parse(string text) => [.. text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(ParseOne)];

    public string FromCommandLine(string text, Func<string> workingDirectory) => string.Join('\n', text.Split('\n').Select(line => line.Split('=', 2) is [var old, { Length: > 0 } place] && place[0] != '/'
        ? $"{old}={Path.GetFullPath(place, workingDirectory())}"
        : line));

    private static TablespaceMove ParseOne(string line) => line.Split('=', 2) is [{ Length: > 0 } old, ['/', ..] place]
        ? new TablespaceMove(old, Path.TrimEndingDirectorySeparator(place))
        : throw new FormatException();
}
