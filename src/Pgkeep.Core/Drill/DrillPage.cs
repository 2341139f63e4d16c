using System.Globalization;
using System.Net;
using System.Text;

namespace Pgkeep.Drill;

/// <summary>A report as a page that needs nothing beside itself, for somebody who was not there.</summary>
internal static class DrillPage
{
    private const string Style =
        """
        body{font:16px/1.5 system-ui,sans-serif;max-width:52rem;margin:2rem auto;padding:0 1rem;color:#1c2430;background:#fff}
        h1{font-size:1.5rem;margin-bottom:.2rem}h2{font-size:1.1rem;margin-top:2rem}
        .passed{color:#166534}.failed,.not-done{color:#991b1b}
        table{border-collapse:collapse;width:100%}th,td{text-align:left;vertical-align:top;padding:.3rem .8rem .3rem 0;border-bottom:1px solid #d8dde4}th{font-weight:600;white-space:nowrap;width:12rem}
        """;

    public static byte[] Of(DrillReport report)
    {
        var page = new StringBuilder()
            .Append("<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">")
            .Append(CultureInfo.InvariantCulture, $"<title>Drill of {Text(Show(report.Started))}: {Text(report.Result)}</title><style>{Style}</style></head><body>\n")
            .Append(CultureInfo.InvariantCulture, $"<h1 class=\"{report.Result.Replace(' ', '-')}\">{Text(Headline(report))}</h1>\n<p>{Text(report.Reason ?? "The backup was restored, its WAL replayed, and all checks passed.")}</p>\n<table>\n");
        foreach (var (name, value) in Facts(report))
        {
            Row(name, value);
        }

        page.Append("</table>\n<h2>Checks</h2>\n<table>\n");
        foreach (var check in report.Checks)
        {
            Row(check.Name, $"{(check.IsPassed ? "passed" : "FAILED")}: {check.Detail}");
        }

        page.Append("</table>\n<h2>Time of each phase</h2>\n<table>\n");
        foreach (var (phase, seconds) in report.Seconds)
        {
            Row(phase, Length(seconds));
        }

        page.Append(CultureInfo.InvariantCulture, $"</table>\n<p>pgkeep {Text(report.PgkeepVersion)}</p></body></html>\n");
        return Encoding.UTF8.GetBytes(page.ToString());

        void Row(string name, string value) => page.Append(CultureInfo.InvariantCulture, $"<tr><th>{Text(name)}</th><td>{Text(value)}</td></tr>\n");
    }

    private static string Headline(DrillReport report) => report.Result switch
    {
        DrillResults.Passed => $"{report.Backup} passed the drill",
        DrillResults.Failed => $"{report.Backup ?? "The repository"} failed the drill",
        _ => "The drill could not be done",
    };

    private static IEnumerable<(string Name, string Value)> Facts(DrillReport report)
    {
        yield return ("Begun", Show(report.Started));
        yield return ("Ended", Show(report.Ended));
        yield return ("Target", report.Target);
        if (report.BackupStopped is { } stopped)
        {
            yield return ("Backup ended", Show(stopped));
        }

        if (report.PostgresqlVersion is { } version)
        {
            yield return ("PostgreSQL", version);
        }

        if (report is { WalSegments: { } segments, Timeline: { } timeline })
        {
            yield return ("WAL", $"{segments} segments, timeline {timeline}");
        }

        if (report.RtoSeconds is { } rto)
        {
            yield return ("Time to recover", $"{Length(rto)} (RTO), from the command to databases that can be used");
        }

        if (report.LastCommit is { } last)
        {
            yield return ("Last commit reached", $"{Show(last)}{(report.RpoSeconds is { } rpo ? $", {Length(rpo)} before the drill began (RPO)" : "")}");
        }

        if (report.NewestCommit is { } newest)
        {
            yield return ("Newest in the archive", Show(newest));
        }
    }

    private static string Show(DateTimeOffset moment) => moment.ToString("yyyy-MM-dd HH:mm:ss zzz", CultureInfo.InvariantCulture);

    private static string Length(double seconds) => seconds < 120 ? $"{seconds.ToString("0.0", CultureInfo.InvariantCulture)} s" : TimeSpan.FromSeconds(Math.Round(seconds)).ToString("c", CultureInfo.InvariantCulture);

    private static string Text(string text) => WebUtility.HtmlEncode(text);
}
