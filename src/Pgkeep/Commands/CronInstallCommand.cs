using Pgkeep.Posix;

namespace Pgkeep.Commands;

internal static class CronInstallCommand
{
    public static Command Definition { get; } = new()
    {
        Name = CommandNames.CronInstall,
        Summary = "Let cron take a backup and clean up every night",
        Details = "Writes one marked block into the crontab of the repository's owner; a second call replaces it. Everything else in the crontab stays as it is. "
            + "The output goes to cron.log in the repository.",
        Examples =
        [
            new("sudo scripts/backup-cron.sh install", "The runbook's way: at 2:00."),
            new("sudo pgkeep cron install --cron-time \"0 */6 * * *\"", "Every 6 hours."),
        ],
        RunAsync = RunAsync,
    };

    private static async Task<int> RunAsync(CommandContext context, CancellationToken cancellationToken)
    {
        var crontab = CronJob.Crontab(context);
        var lines = await CronJob.LinesAsync(context, cancellationToken);
        var old = await crontab.ReadAsync(cancellationToken);
        var changed = CrontabText.With(old, Crontab.Encode(lines));
        if (changed != old)
        {
            await crontab.WriteAsync(changed, cancellationToken);
        }

        context.Output.WriteResult(changed == old ? $"Already in the crontab of {crontab.AccountName}:" : $"Written to the crontab of {crontab.AccountName}:");
        context.Output.WriteResult($"  {lines.Split('\n')[1]}");
        CronStatusCommand.WarnWithoutDaemon(context);
        return 0;
    }
}
