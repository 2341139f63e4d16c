using System.Globalization;
using Pgkeep.Diagnostics;
using Pgkeep.Options;
using Pgkeep.Output;
using Pgkeep.Posix;

namespace Pgkeep.Commands;

internal static class CronStatusCommand
{
    private const string DaemonFile = "/run/crond.pid";

    public static Command Definition { get; } = new()
    {
        Name = CommandNames.CronStatus,
        Summary = "Show whether cron takes backups, and when",
        Details = $"Ends with {ErrorKinds.Of(ErrorKind.Findings).ExitCode} where it does not.",
        Examples = [new("sudo scripts/backup-cron.sh status", "The runbook's way.")],
        RunAsync = RunAsync,
    };

    /// <summary>A crontab alone starts nothing.</summary>
    public static void WarnWithoutDaemon(CommandContext context)
    {
        if (!IsDaemonRunning())
        {
            context.Warn("cron itself does not seem to run: sudo systemctl enable --now cron");
        }
    }

    private static async Task<int> RunAsync(CommandContext context, CancellationToken cancellationToken)
    {
        var crontab = CronJob.Crontab(context);
        var block = CrontabText.Find(await crontab.ReadAsync(cancellationToken));
        var line = block?.Split('\n').Select(Crontab.Decode).FirstOrDefault(line => line.Length > 0 && !line.StartsWith('#'));
        if (context.Get(OptionTable.Json))
        {
            context.Output.WriteResult(JsonLine.Write(json =>
            {
                json.WriteBoolean("installed", line is not null);
                json.WriteString("account", crontab.AccountName);
                json.WriteString("line", line);
                json.WriteBoolean("daemon_running", IsDaemonRunning());
            }));
        }
        else if (line is null)
        {
            context.Output.WriteResult($"Not installed: the crontab of {crontab.AccountName} has no backup in it.");
            context.Output.WriteResult("Install it with: sudo scripts/backup-cron.sh install");
        }
        else
        {
            context.Output.WriteResult($"Installed in the crontab of {crontab.AccountName}:");
            context.Output.WriteResult($"  {line}");
            WarnWithoutDaemon(context);
        }

        return line is null ? ErrorKinds.Of(ErrorKind.Findings).ExitCode : 0;
    }

    private static bool IsDaemonRunning()
    {
        try
        {
            return int.TryParse(File.ReadAllText(DaemonFile).Trim(), CultureInfo.InvariantCulture, out var processId) && ProcessTable.IsAlive(processId);
        }
        catch (Exception thrown) when (PosixError.IsInputOutput(thrown))
        {
            return false;
        }
    }
}
