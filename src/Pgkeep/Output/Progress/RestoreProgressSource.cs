using Pgkeep.Restore;

namespace Pgkeep.Output.Progress;

internal sealed class RestoreProgressSource(RestoreProgress progress, TimeProvider time) : IProgressSource
{
    public string? Outset => null;

    public ProgressStep? Step => progress.Step switch
    {
        null => null,
        { Replayed: { } replayed, Total: var total } => new ProgressStep("replaying", Describe(replayed), "reached", progress.Done, total),
        { Total: var total } => new ProgressStep("copying", "files", "what", progress.Done, total),
    };

    private string Describe(ReplayedWal replayed) => replayed.Time is { } moment ? $"{replayed.Position} ({TimestampText.Of(moment.ToLocalTime(), time)})" : $"{replayed.Position}";
}
