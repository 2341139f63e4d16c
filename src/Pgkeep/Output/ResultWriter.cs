using System.Text;
using Pgkeep.Diagnostics;

namespace Pgkeep.Output;

/// <summary>
/// Writes stdout. A result that does not arrive is a failure of the command (a full disk behind <c>&gt; file</c>), told once; a reader that
/// has gone away is none (<c>pgkeep list | head -1</c>): the runtime's console stream ends quietly on EPIPE.
/// </summary>
internal sealed class ResultWriter
{
    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false);

    private readonly Func<Stream> _open;
    private StreamWriter? _writer;
    private bool _hasFailed;

    /// <param name="open">Called with the first line: most calls of archive-wal and get-wal have nothing to say.</param>
    public ResultWriter(Func<Stream> open)
    {
        _open = open;
    }

    public void WriteLine(string line) => Try(writer => writer.WriteLine(line));

    public void Flush()
    {
        if (_writer is not null)
        {
            Try(writer => writer.Flush());
        }
    }

    private void Try(Action<StreamWriter> write)
    {
        if (_hasFailed)
        {
            return;
        }

        try
        {
            write(_writer ??= new StreamWriter(_open(), Utf8));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // The runtime says "access denied" where the descriptor is closed, as "pgkeep list >&-" has it.
            _hasFailed = true;
            var reason = exception is IOException ? exception.Message : "it is closed";
            throw new PgkeepException(ErrorKind.StorageFailed, $"the result cannot be written to stdout: {reason}", exception);
        }
    }
}
