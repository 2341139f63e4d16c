using System.ComponentModel;
using System.Diagnostics;
using System.Text;
using Pgkeep.Diagnostics;

namespace Pgkeep.Posix;

/// <summary>A program under way whose output is read while it comes. Disposed before its end, it is told to end.</summary>
internal sealed class ProgramStream : IDisposable
{
    /// <summary>What is kept of its words: the last of them, which say why it ended.</summary>
    private const int LongestTail = 8 * 1024;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly Process _process;
    private readonly StringBuilder _errors = new();
    private readonly Thread _listener;

    private ProgramStream(Process process)
    {
        _process = process;
        _listener = new Thread(Listen) { Name = "words of a program", IsBackground = true };
        _listener.Start();
    }

    /// <summary>Its standard output; ends when it has closed that.</summary>
    public Stream Output => _process.StandardOutput.BaseStream;

    /// <param name="program">A whole path.</param>
    /// <param name="environment">Changes to this process's own; null takes a variable away.</param>
    public static ProgramStream Start(string program, IEnumerable<string> arguments, IReadOnlyDictionary<string, string?> environment)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = "/",
        };
        foreach (var (name, value) in environment)
        {
            start.Environment.Remove(name);
            if (value is not null)
            {
                start.Environment[name] = value;
            }
        }

        try
        {
            var process = Process.Start(start)!;
            process.StandardInput.Close();
            return new ProgramStream(process);
        }
        catch (Win32Exception thrown)
        {
            throw new PgkeepException(ErrorKind.ServerFailed, $"cannot run \"{program}\": {thrown.Message}", thrown);
        }
    }

    /// <summary>Its exit code, and the last of what it wrote to its standard error.</summary>
    public async Task<(int ExitCode, string Errors)> WaitAsync(CancellationToken cancellationToken)
    {
        await _process.WaitForExitAsync(cancellationToken);
        _listener.Join();
        return (_process.ExitCode, Errors());
    }

    /// <summary>Ends its output too, so that whoever reads that comes to an end. May be called at any time before <see cref="Dispose"/>.</summary>
    public void AskToEnd()
    {
        if (!_process.HasExited)
        {
            ProcessTable.AskToEnd(_process.Id);
        }
    }

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            AskToEnd();
            if (!_process.WaitForExit(Patience))
            {
                _process.Kill();
                _process.WaitForExit();
            }
        }

        _process.Dispose();
    }

    private string Errors()
    {
        lock (_errors)
        {
            return _errors.ToString().Trim();
        }
    }

    /// <summary>Ends with the program, whatever happens to what reads its output: an unread pipe would stop it.</summary>
    private void Listen()
    {
        try
        {
            while (_process.StandardError.ReadLine() is { } line)
            {
                Keep(line);
            }
        }
        catch (Exception thrown) when (thrown is ObjectDisposedException or IOException or InvalidOperationException)
        {
            // Nobody waits for its words any more.
        }
    }

    private void Keep(string line)
    {
        lock (_errors)
        {
            _errors.Append(line).Append('\n');
            _errors.Remove(0, Math.Max(0, _errors.Length - LongestTail));
        }
    }
}
