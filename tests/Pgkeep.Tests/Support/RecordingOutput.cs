using System.Text;
using Pgkeep.Output;

namespace Pgkeep.Tests.Support;

/// <summary>Keeps what a command says, and answers what it asks.</summary>
internal sealed class RecordingOutput : IOutput
{
    private readonly StringBuilder _result = new();
    private readonly StringBuilder _notes = new();

    public string Result => _result.ToString();

    public string Notes => _notes.ToString();

    public string? Answer { get; init; }

    public bool CanAsk { get; init; }

    public IScreen? Screen { get; init; }

    public bool CanDraw => Screen is not null;

    public IScreen OpenScreen() => Screen!;

    public Palette ResultPalette => Palette.Plain;

    public Palette NotePalette => Palette.Plain;

    public bool IsNoteTerminal { get; init; }

    public int NoteWidth { get; init; } = 100;

    public void WriteResult(string line) => _result.Append(line).Append('\n');

    public void WriteNote(string line) => _notes.Append(line).Append('\n');

    public void WriteNotePart(string text) => _notes.Append(text);

    public string? ReadAnswer() => Answer;

    public void Flush()
    {
    }
}
