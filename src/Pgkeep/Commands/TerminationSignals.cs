using System.Runtime.InteropServices;

namespace Pgkeep.Commands;

/// <summary>
/// Turns the signals that ask a process to end into a cancelled token, so that a command leaves nothing half done. A second one finds the
/// system's own behaviour: the process ends at once.
/// </summary>
internal sealed class TerminationSignals : IDisposable
{
    private readonly CancellationTokenSource _cancellation = new();
    private readonly PosixSignalRegistration[] _registrations;

    public TerminationSignals()
    {
        _registrations =
        [
            PosixSignalRegistration.Create(PosixSignal.SIGINT, Handle),
            PosixSignalRegistration.Create(PosixSignal.SIGTERM, Handle),
            PosixSignalRegistration.Create(PosixSignal.SIGHUP, Handle),
        ];
    }

    public CancellationToken Token => _cancellation.Token;

    public void Dispose()
    {
        foreach (var registration in _registrations)
        {
            registration.Dispose();
        }

        _cancellation.Dispose();
    }

    private void Handle(PosixSignalContext context)
    {
        context.Cancel = !_cancellation.IsCancellationRequested || context.Signal != PosixSignal.SIGINT;
        _cancellation.Cancel();
    }
}
