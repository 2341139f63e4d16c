using Pgkeep.Diagnostics;
using Pgkeep.Posix;

namespace Pgkeep.Check;

/// <summary>Looks at everything the runbook wants an alarm for. What one part cannot tell never hides what another one knows.</summary>
internal static class HealthCheck
{
    public static async Task<HealthReport> RunAsync(CheckSettings settings, TimeProvider time, CancellationToken cancellationToken) => new(
    [
        await GuardAsync("backup", () => BackupCheck.RunAsync(settings, time.GetUtcNow(), cancellationToken)),
        await WalCheck.RunAsync(settings, time, cancellationToken),
        await GuardAsync("disk", () => Task.FromResult(DiskCheck.Run(settings))),
        await GuardAsync("log", () => Task.FromResult(LogCheck.Run(settings))),
    ]);

    private static async Task<CheckFinding> GuardAsync(string part, Func<Task<CheckFinding>> check)
    {
        try
        {
            return await check();
        }
        catch (PgkeepException failure)
        {
            return CheckFinding.Unknown(part, failure.Message);
        }
        catch (Exception thrown) when (PosixError.IsInputOutput(thrown))
        {
            return CheckFinding.Unknown(part, thrown.Message);
        }
    }
}
