using System.Text;
using Pgkeep.Posix;

namespace Pgkeep.Output;

/// <summary>Draws on the terminal's second page, so that what stood there before stands there again at the end, with the sequences that every terminal since the VT100 and xterm has.</summary>
internal sealed class TerminalScreen : IScreen
{
    private const string Enter = "\e[?1049h\e[?25l";
    private const string Leave = "\e[0m\e[?25h\e[?1049l";
    private const string Top = "\e[H";
    private const string RestOfLine = "\e[K";
    private const string RestOfScreen = "\e[J";

    private readonly RawTerminal _terminal = new();

    public TerminalScreen()
    {
        try
        {
            Write(Enter);
        }
        catch
        {
            _terminal.Dispose();
            throw;
        }
    }

    public ScreenSize Size => Terminal.SizeOfStandardOutput() is { } size ? new ScreenSize(size.Columns, size.Rows) : ScreenSize.Usual;

    /// <summary>In one piece, and over what stood there: nothing is cleared in between, so nothing flickers.</summary>
    public void Show(IReadOnlyList<string> lines) =>
        Write(Top + string.Join("\r\n", lines.Select(line => line + RestOfLine)) + RestOfScreen);

    public int Read(Span<byte> buffer, TimeSpan atMost) => _terminal.Read(buffer, atMost);

    public void Dispose()
    {
        try
        {
            Write(Leave);
        }
        catch (Diagnostics.PgkeepException)
        {
            // A terminal that is gone needs nothing.
        }
        finally
        {
            _terminal.Dispose();
        }
    }

    private static void Write(string text) => RawTerminal.Write(Encoding.UTF8.GetBytes(text));
}
