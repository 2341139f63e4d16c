namespace Pgkeep.Check;

/// <summary>The answer of a check, in the form of the monitoring plugins (https://www.monitoring-plugins.org/doc/guidelines.html).</summary>
/// <param name="Findings">In the order in which they are told; of equally bad ones the first makes the headline.</param>
internal sealed record HealthReport(IReadOnlyList<CheckFinding> Findings)
{
    public CheckState State => Findings.Max(finding => finding.State);

    public string Headline => State == CheckState.Ok ? "Backups healthy" : Findings.First(finding => finding.State == State).Headline;

    public string FirstLine
    {
        get
        {
            var measures = string.Join(' ', Findings.Select(finding => finding.Measure).OfType<string>());
            // A plugin's text ends at the first bar.
            var text = $"{StateName}: {Headline.Replace('|', '/').ReplaceLineEndings(" ")}";
            return measures.Length == 0 ? text : $"{text} | {measures}";
        }
    }

    public string StateName => State.ToString().ToUpperInvariant();

    public int ExitCode => State switch
    {
        CheckState.Ok => 0,
        CheckState.Warning => 1,
        CheckState.Critical => 2,
        _ => 3,
    };
}
