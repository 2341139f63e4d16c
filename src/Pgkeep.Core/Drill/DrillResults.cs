using System.Diagnostics;

namespace Pgkeep.Drill;

/// <summary>The outcomes as they stand in a report.</summary>
internal static class DrillResults
{
    public const string Passed = "passed";
    public const string Failed = "failed";
    public const string NotDone = "not done";

    public static string Of(DrillOutcome outcome) => outcome switch
    {
        DrillOutcome.Passed => Passed,
        DrillOutcome.Failed => Failed,
        DrillOutcome.NotDone => NotDone,
        _ => throw new UnreachableException(),
    };
}
