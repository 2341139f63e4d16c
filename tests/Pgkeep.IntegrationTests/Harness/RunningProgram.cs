using System.Diagnostics;
using System.Text;
using Xunit;
using Xunit.Sdk;

namespace Pgkeep.IntegrationTests.Harness;

/// <summary>A program under way as the test account, for tests that do something to it; <see cref="TestAccount.RunAsync"/> just waits for its end.</summary>
internal sealed class RunningProgram : IAsyncDisposable
{
    private readonly Process _process;
    private readonly Stopwatch _elapsed = Stopwatch.StartNew();
    private readonly StringBuilder _stdout = new();
    private readonly StringBuilder _stderr = new();
    private readonly TimeSpan _timeout;
    private readonly Task _end;

    internal RunningProgram(ProcessStartInfo startInfo, RunOptions options)
    {
        CommandLine = string.Join(' ', startInfo.ArgumentList.Prepend(startInfo.FileName));
        _timeout = options.Timeout;
        _process = new Process { StartInfo = startInfo };
        _process.Start();
        _end = Task.WhenAll(
            FeedAsync(options),
            CollectAsync(_process.StandardOutput, _stdout),
            CollectAsync(_process.StandardError, _stderr),
            _process.WaitForExitAsync());
    }

    public string CommandLine { get; }

    public int ProcessId => _process.Id;

    public bool HasEnded => _end.IsCompleted;

    /// <summary>What it has written so far.</summary>
    public string Stdout => Read(_stdout);

    /// <inheritdoc cref="Stdout"/>
    public string Stderr => Read(_stderr);

    /// <summary>
    /// Waits for its end and for the end of its output: a child that keeps the output open, a server started without its own log
    /// for example, is a failure after the timeout.
    /// </summary>
    public async Task<ProgramResult> WaitAsync()
    {
        try
        {
            await _end.WaitAsync(_timeout, TestContext.Current.CancellationToken);
        }
        catch (Exception e) when (e is TimeoutException or OperationCanceledException)
        {
            var state = _process.HasExited ? "ended, but its output is still open" : "did not end";
            await EndAsync();
            throw new XunitException($"{state} after {_elapsed.Elapsed.TotalSeconds:0} s: {Result(-1)}", e);
        }

        return Result(_process.ExitCode);
    }

    /// <summary>Only where the input was kept open.</summary>
    public async Task TypeAsync(string text)
    {
        await _process.StandardInput.WriteAsync(text);
        await _process.StandardInput.FlushAsync(TestContext.Current.CancellationToken);
    }

    public void Send(Signal signal) => Processes.Send(ProcessId, signal);

    public async ValueTask DisposeAsync()
    {
        await EndAsync();
        _process.Dispose();
    }

    private async Task EndAsync()
    {
        if (!_process.HasExited)
        {
            await Processes.KillTreeAsync(ProcessId);
            await _process.WaitForExitAsync(CancellationToken.None);
        }
    }

    private ProgramResult Result(int exitCode) => new(CommandLine, exitCode, Stdout, Stderr, _elapsed.Elapsed);

    private async Task FeedAsync(RunOptions options)
    {
        try
        {
            await _process.StandardInput.WriteAsync(options.Input);
            if (!options.KeepsInputOpen)
            {
                _process.StandardInput.Close();
            }
        }
        catch (IOException)
        {
            // It ended without reading everything, as it may.
        }
    }

    private static async Task CollectAsync(StreamReader reader, StringBuilder text)
    {
        var buffer = new char[4096];
        int length;
        while ((length = await reader.ReadAsync(buffer)) > 0)
        {
            lock (text)
            {
                text.Append(buffer, 0, length);
            }
        }
    }

    private static string Read(StringBuilder text)
    {
        lock (text)
        {
            return text.ToString();
        }
    }
}
