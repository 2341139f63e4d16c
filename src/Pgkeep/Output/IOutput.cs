namespace Pgkeep.Output;

/// <summary>
/// Where a command speaks. The result goes to stdout and nothing else does, so that it can be piped; everything a person should know on
/// the way goes to stderr.
/// </summary>
internal interface IOutput
{
    /// <summary>Paints the result; plain where stdout is no terminal.</summary>
    public Palette ResultPalette { get; }

    /// <summary>Paints the notes; plain where stderr is no terminal.</summary>
    public Palette NotePalette { get; }

    /// <summary>Whether a line on stderr can be overwritten, as a progress line does.</summary>
    public bool IsNoteTerminal { get; }

    /// <summary>Whether there is a person to ask: stdin and stderr are both a terminal.</summary>
    public bool CanAsk { get; }

    /// <summary>A line on stdout.</summary>
    public void WriteResult(string line);

    /// <summary>A line on stderr.</summary>
    public void WriteNote(string line);

    /// <summary>A piece of a line on stderr: a question, or progress that begins with a carriage return.</summary>
    public void WriteNotePart(string text);

    /// <summary>A line from stdin; null at its end. Blocks, whatever happens meanwhile.</summary>
    public string? ReadAnswer();

    /// <exception cref="Diagnostics.PgkeepException">The result could not be written. A reader that has gone away is no error.</exception>
    public void Flush();
}
