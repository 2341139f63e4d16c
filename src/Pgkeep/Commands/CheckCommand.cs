using Pgkeep.Check;
using Pgkeep.Options;
using Pgkeep.Output;

namespace Pgkeep.Commands;

internal static class CheckCommand
{
    private const int UnknownExitCode = 3;

    public static Command Definition { get; } = new()
    {
        Name = CommandNames.Check,
        Summary = "Tell monitoring whether the backups are healthy",
        Details = "Ends with 0 OK, 1 WARNING, 2 CRITICAL or 3 UNKNOWN, as monitoring plugins do; the first line says why and carries the measurements. "
            + "Critical are the age of the newest backup, a full volume, an ERROR in backup.log since the last backup, an archiver that answers success and stores nothing, "
            + "and another cluster's server; a delayed archive is a warning. "
            + "A receiver that is not running is a warning, and critical when WAL waits for it longer than --max-wal-lag.",
        Examples =
        [
            new("scripts/check-backups.sh", "With the limits of the runbook: 24 hours, 10 minutes, 85 %."),
            new("pgkeep check --max-backup-age 7d --max-wal-lag 1h", "For a cluster with a backup a week."),
        ],
        ExitCode = _ => UnknownExitCode,
        RunAsync = RunAsync,
    };

    private static async Task<int> RunAsync(CommandContext context, CancellationToken cancellationToken)
    {
        var settings = new CheckSettings
        {
            Layout = CommandSettings.LayoutAsOwner(context),
            Connection = CommandSettings.Connection(context),
            MaxBackupAge = context.Get(OptionTable.MaxBackupAge),
            MaxWalLag = context.Get(OptionTable.MaxWalLag),
            MaxDiskUsed = context.Get(OptionTable.MaxDiskUsed),
        };
        var report = await HealthCheck.RunAsync(settings, context.Time, cancellationToken);
        if (context.Get(OptionTable.Json))
        {
            WriteJson(context, report);
        }
        else
        {
            WriteText(context, report);
        }

        return report.ExitCode;
    }

    private static void WriteText(CommandContext context, HealthReport report)
    {
        context.Output.WriteResult(report.FirstLine);
        var table = new TextTable("  ");
        foreach (var finding in report.Findings)
        {
            var (mark, word) = Look(finding.State);
            table.Add(finding.Part, context.Output.ResultPalette.Paint(mark, word), finding.Detail);
        }

        table.WriteTo(context.Output.WriteResult);
    }

    private static (Mark Mark, string Word) Look(CheckState state) => state switch
    {
        CheckState.Ok => (Mark.Ok, "ok"),
        CheckState.Critical => (Mark.Stop, "stop"),
        CheckState.Unknown => (Mark.Look, "unknown"),
        _ => (Mark.Look, "look"),
    };

    private static void WriteJson(CommandContext context, HealthReport report) => context.Output.WriteResult(JsonLine.Write(json =>
    {
        json.WriteString("state", report.StateName);
        json.WriteString("headline", report.Headline);
        json.WriteStartArray("findings");
        foreach (var finding in report.Findings)
        {
            json.WriteStartObject();
            json.WriteString("part", finding.Part);
            json.WriteString("state", finding.State.ToString().ToUpperInvariant());
            json.WriteString("detail", finding.Detail);
            json.WriteString("measure", finding.Measure);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }));
}
