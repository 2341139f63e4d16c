namespace Pgkeep.Output;

/// <summary>Colours a text, or leaves it alone.</summary>
internal sealed class Palette
{
    private const string Reset = "\e[0m";

    private readonly bool _isColoured;

    private Palette(bool isColoured)
    {
        _isColoured = isColoured;
    }

    public static Palette Plain { get; } = new(false);

    public static Palette Coloured { get; } = new(true);

    /// <summary>NO_COLOR holds with any value but the empty one (https://no-color.org).</summary>
    public static Palette For(bool isTerminal, Func<string, string?> environment) =>
        isTerminal && string.IsNullOrEmpty(environment("NO_COLOR")) && MovesCursor(environment) ? Coloured : Plain;

    /// <summary>Whether the terminal knows escape sequences.</summary>
    public static bool MovesCursor(Func<string, string?> environment) => environment("TERM") is not (null or "" or "dumb");

    public string Paint(Mark mark, string text) => _isColoured ? Sequence(mark) + text + Reset : text;

    /// <summary>The line under the cursor, in whatever colours the terminal has.</summary>
    public string Reverse(string text) => _isColoured ? "\e[7m" + text + Reset : text;

    /// <summary>How many columns a painted text takes.</summary>
    public static int VisibleLength(string text)
    {
        var length = 0;
        var isSequence = false;
        foreach (var character in text)
        {
            isSequence |= character == '\e';
            length += isSequence ? 0 : 1;
            isSequence &= character != 'm';
        }

        return length;
    }

    private static string Sequence(Mark mark) => mark switch
    {
        Mark.Ok => "\e[32m",
        Mark.Look => "\e[33m",
        _ => "\e[31m",
    };
}
