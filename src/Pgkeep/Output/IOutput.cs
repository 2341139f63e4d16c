namespace Pgkeep.Output;

/// <summary>
/// Where a command speaks. The result goes to stdout and nothing else does, so that it can be piped; everything a person should know on
/// the way goes to stderr.
/// </summary>
internal interface IOutput
{
    /// <summary>Paints the result; plain where stdout is no terminal.</summary>
    Palette ResultPalette { get; }

    /// <summary>Paints the notes; plain where stderr is no terminal.</summary>
    Palette NotePalette { get; }

    /// <summary>Whether a line on stderr can be overwritten, as a progress line does.</summary>
    bool IsNoteTerminal { get; }

    /// <summary>Columns of the terminal on stderr; 100 where nobody knows.</summary>
    int NoteWidth { get; }

    /// <summary>Whether there is a person to ask: stdin and stderr are both a terminal.</summary>
    bool CanAsk { get; }

    /// <summary>Whether there is a person who can walk through a screen: stdin and stdout are both a terminal, and one whose cursor can be moved.</summary>
    bool CanDraw { get; }

    /// <summary>Takes the terminal; only where <see cref="CanDraw"/> holds, and nothing else is written meanwhile.</summary>
    IScreen OpenScreen();

    /// <summary>A line on stdout.</summary>
    void WriteResult(string line);

    /// <summary>A line on stderr.</summary>
    void WriteNote(string line);

    /// <summary>A piece of a line on stderr: a question, or progress that begins with a carriage return.</summary>
    void WriteNotePart(string text);

    /// <summary>A line from stdin; null at its end. Blocks, whatever happens meanwhile.</summary>
    string? ReadAnswer();

    /// <exception cref="Diagnostics.PgkeepException">The result could not be written. A reader that has gone away is no error.</exception>
    void Flush();
}
