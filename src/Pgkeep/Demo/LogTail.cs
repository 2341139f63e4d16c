using Pgkeep.Posix;

namespace Pgkeep.Demo;

/// <summary>The last lines of a log, to be put behind a message; nothing where there are none.</summary>
internal static class LogTail
{
    private const int Length = 12;

    public static string Of(string path)
    {
        try
        {
            return File.Exists(path) ? OfText(path, File.ReadAllText(path)) : "";
        }
        catch (Exception thrown) when (PosixError.IsInputOutput(thrown))
        {
            return $"\n{path} cannot be read: {thrown.Message}";
        }
    }

    public static string OfText(string name, string text)
    {
        var lines = text.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        return lines.Length == 0 ? "" : $"\n{name}:\n{string.Join('\n', lines.TakeLast(Length).Select(line => "  " + line))}";
    }
}
