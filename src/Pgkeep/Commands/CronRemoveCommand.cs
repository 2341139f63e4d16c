using Pgkeep.Posix;

namespace Pgkeep.Commands;

internal static class CronRemoveCommand
{
    public static Command Definition { get; } = new()
    {
        Name = CommandNames.CronRemove,
        Summary = "Take the backup out of the crontab again",
        Examples = [new("sudo scripts/backup-cron.sh remove", "The runbook's way.")],
        RunAsync = RunAsync,
    };

    private static async Task<int> RunAsync(CommandContext context, CancellationToken cancellationToken)
    {
        var crontab = CronJob.Crontab(context);
        var old = await crontab.ReadAsync(cancellationToken);
        var changed = CrontabText.Without(old);
        if (changed == old)
        {
            context.Output.WriteResult($"The crontab of {crontab.AccountName} has no backup in it.");
            return 0;
        }

        await crontab.WriteAsync(changed, cancellationToken);
        context.Output.WriteResult($"Removed from the crontab of {crontab.AccountName}.");
        return 0;
    }
}
