using System.Diagnostics;

namespace Pgkeep.IntegrationTests.Harness;

/// <summary>A program whose output is bytes, more of them than memory should hold.</summary>
internal sealed class RunningPipe : IAsyncDisposable
{
    private readonly Process _process;

    public RunningPipe(string program, IReadOnlyList<string> arguments) =>
        _process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true })!;

    public Stream Output => _process.StandardOutput.BaseStream;

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
            await _process.WaitForExitAsync(CancellationToken.None);
        }

        _process.Dispose();
    }
}
