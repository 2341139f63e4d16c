using Pgkeep.Diagnostics;
using Pgkeep.Options;
using Pgkeep.Output;
using Pgkeep.Posix;
using Pgkeep.Restore.Places;

namespace Pgkeep.Commands;

internal static class RestoreRollbackCommand
{
    public static Command Definition { get; } = new()
    {
        Name = CommandNames.RestoreRollback,
        Summary = "Put the cluster back that the last restore moved aside",
        Details = "Works after a restore that is over and after one that was broken off anywhere. What the restore wrote is kept under another name. "
            + "A running server is stopped with --stop-server only; none is started.",
        Examples = [new("sudo pgkeep restore rollback --pgdata /var/lib/postgresql/16/main", "Undo the last restore of that data directory.")],
        RunAsync = RunAsync,
    };

    private static async Task<int> RunAsync(CommandContext context, CancellationToken cancellationToken)
    {
        var named = context.Get(OptionTable.PgData)
            ?? throw new PgkeepException(ErrorKind.Usage, "the data directory is not named", "say which with --pgdata");
        var rollback = RestoreRollback.Plan(FileSystem.Resolve(named), context.Get(OptionTable.StopServer));
        context.Note($"undoes the restore of {TimestampText.Of(rollback.Started, context.Time)}");
        foreach (var place in rollback.Places)
        {
            context.Note($"{place.Aside} goes back to {place.Path}");
        }

        if (context.Get(OptionTable.DryRun))
        {
            return 0;
        }

        await context.Confirmation.RequireAsync("rollback", cancellationToken);
        foreach (var kept in await rollback.RunAsync(context.Time))
        {
            context.Output.WriteResult($"what the restore wrote is kept in {kept}");
        }

        context.Output.WriteResult($"The old cluster is back in {named}; start the server when you are ready.");
        return 0;
    }
}
