using Pgkeep.Drill;
using Pgkeep.Options;
using Pgkeep.Output;

namespace Pgkeep.Commands;

/// <summary>What a drill found, for the person and the program that asked.</summary>
internal static class DrillText
{
    public static void Write(CommandContext context, DrillReport report, DrillReports reports)
    {
        if (context.Get(OptionTable.Json))
        {
            context.Output.WriteResult(JsonLine.Write(json => WriteJson(json, report, reports)));
            return;
        }

        var table = new TextTable();
        table.Add("passed", $"{report.Backup} restores to {report.Target}");
        if (report.LastCommit is { } last)
        {
            var newest = report.NewestCommit is { } other && other > last ? $"; the newest in the archive is of {TimestampText.Of(other, context.Time)}" : "";
            table.Add("reached", $"the last commit is of {TimestampText.Of(last, context.Time)}, {DurationText.Of(TimeSpan.FromSeconds(report.RpoSeconds ?? 0))} before the drill began (RPO){newest}");
        }

        table.Add("time", $"{DurationText.Of(TimeSpan.FromSeconds(report.RtoSeconds ?? 0))} until the databases could be used (RTO): {string.Join(", ", report.Seconds.Select(phase => $"{phase.Key} {DurationText.Of(TimeSpan.FromSeconds(phase.Value))}"))}");
        foreach (var check in report.Checks)
        {
            table.Add(check.Name, check.Detail);
        }

        table.Add("report", reports.PagePath);
        table.WriteTo(context.Output.WriteResult);
    }

    private static void WriteJson(System.Text.Json.Utf8JsonWriter json, DrillReport report, DrillReports reports)
    {
        json.WriteString("result", report.Result);
        json.WriteString("reason", report.Reason);
        json.WriteString("backup", report.Backup);
        json.WriteString("target", report.Target);
        WriteTime("last_commit", report.LastCommit);
        WriteTime("newest_commit", report.NewestCommit);
        WriteNumber("rpo_seconds", report.RpoSeconds);
        WriteNumber("rto_seconds", report.RtoSeconds);
        json.WriteStartObject("seconds");
        foreach (var (phase, seconds) in report.Seconds)
        {
            json.WriteNumber(phase, seconds);
        }

        json.WriteEndObject();
        json.WriteStartArray("checks");
        foreach (var check in report.Checks)
        {
            json.WriteStartObject();
            json.WriteString("name", check.Name);
            json.WriteBoolean("passed", check.IsPassed);
            json.WriteString("detail", check.Detail);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteString("report", reports.ReportPath);
        json.WriteString("page", reports.PagePath);

        void WriteTime(string name, DateTimeOffset? moment)
        {
            if (moment is { } known)
            {
                json.WriteString(name, known);
            }
        }

        void WriteNumber(string name, double? number)
        {
            if (number is { } known)
            {
                json.WriteNumber(name, known);
            }
        }
    }
}
