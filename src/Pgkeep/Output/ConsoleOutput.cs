using System.Text;
using Pgkeep.Posix;

namespace Pgkeep.Output;

/// <summary>
/// The process' own streams, opened when first used: archive-wal says nothing and must not pay for it. The class Console is used only
/// here.
/// </summary>
internal sealed class ConsoleOutput : IOutput, IDisposable
{
    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false);

    private readonly ResultWriter _result = new(Console.OpenStandardOutput);
    private readonly Lazy<StreamWriter> _notes = new(() => new StreamWriter(Console.OpenStandardError(), Utf8) { AutoFlush = true });
    private readonly Lazy<StreamReader> _answers = new(() => new StreamReader(Console.OpenStandardInput(), Utf8));
    private readonly Func<string, string?> _environment;

    // Progress is told from another thread than the result.
    private readonly Lock _writing = new();

    public ConsoleOutput(Func<string, string?> environment)
    {
        _environment = environment;
    }

    public Palette ResultPalette => Palette.For(!Console.IsOutputRedirected, _environment);

    public Palette NotePalette => Palette.For(IsNoteTerminal, _environment);

    public bool IsNoteTerminal => !Console.IsErrorRedirected;

    public int NoteWidth => Terminal.WidthOfStandardError() ?? 100;

    public bool CanAsk => !Console.IsInputRedirected && IsNoteTerminal;

    public bool CanDraw => !Console.IsInputRedirected && !Console.IsOutputRedirected && Palette.MovesCursor(_environment);

    public IScreen OpenScreen()
    {
        Flush();
        return new TerminalScreen();
    }

    public void WriteResult(string line)
    {
        lock (_writing)
        {
            _result.WriteLine(line);
        }
    }

    public void WriteNote(string line) => WriteNotePart(line + "\n");

    public void WriteNotePart(string text)
    {
        lock (_writing)
        {
            // What was said before on stdout stands before it on a terminal too.
            _result.Flush();
            TryNote(text);
        }
    }

    public string? ReadAnswer() => _answers.Value.ReadLine();

    public void Flush()
    {
        lock (_writing)
        {
            _result.Flush();
        }
    }

    public void Dispose()
    {
        if (_answers.IsValueCreated)
        {
            _answers.Value.Dispose();
        }
    }

    private void TryNote(string text)
    {
        try
        {
            _notes.Value.Write(text);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // A closed or full stderr is no reason to stop; the exit code says how it went.
        }
    }
}
