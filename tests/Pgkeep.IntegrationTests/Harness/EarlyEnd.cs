using System.Runtime.InteropServices;

namespace Pgkeep.IntegrationTests.Harness;

/// <summary>
/// What has to happen when a run is ended from outside. From .NET 10 on a SIGTERM ends a process without AppDomain.ProcessExit,
/// unless somebody listens for it.
/// </summary>
internal static class EarlyEnd
{
    private static readonly List<PosixSignalRegistration> Registrations = [];

    /// <summary>The action may run twice, and beside the tests.</summary>
    public static void Register(Action cleanUp)
    {
        AppDomain.CurrentDomain.ProcessExit += (_, _) => cleanUp();
        lock (Registrations)
        {
            Registrations.Add(PosixSignalRegistration.Create(PosixSignal.SIGTERM, _ => cleanUp()));
            Registrations.Add(PosixSignalRegistration.Create(PosixSignal.SIGHUP, _ => cleanUp()));
        }
    }
}
