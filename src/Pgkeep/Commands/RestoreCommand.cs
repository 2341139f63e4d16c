using Pgkeep.Diagnostics;
using Pgkeep.Options;
using Pgkeep.Output;
using Pgkeep.Output.Progress;
using Pgkeep.Posix;
using Pgkeep.Postgres.Cluster.Service;
using Pgkeep.Postgres.Wal.Targets;
using Pgkeep.Repository;
using Pgkeep.Repository.Prefetch;
using Pgkeep.Restore;

namespace Pgkeep.Commands;

internal static class RestoreCommand
{
    private static readonly Argument Backup = new("BACKUP", "A backup's name or path; where it is left out, the newest that fits the target", IsRequired: false);

    public static Command Definition { get; } = new()
    {
        Name = CommandNames.Restore,
        Summary = "Restore the cluster, to the latest moment or to a chosen one",
        Details = "Proves the backup and the WAL behind it before anything is touched, shows the plan and asks. The old data directory is moved aside, never "
            + "removed, and put back if the recovery fails; with --in-place alone there is no way back. The plan reads in the WAL where the recovery will end, and shows the transactions next to that place. A time after the "
            + "last commit there is can be no recovery's end: the plan says when that was, and offers the end of the WAL, which --yes alone does not accept.",
        Arguments = [Backup],
        Examples =
        [
            new("pgkeep restore --target-time \"2025-01-08 12:30:00\" --dry-run", "Show the plan, and change nothing."),
            new("pgkeep restore --target-xid 88120433 --target-exclusive --dry-run", "To right before a transaction."),
            new("sudo pgkeep restore --stop-server", "Everything the archive has, after stopping the server."),
            new("pgkeep restore --to /var/lib/postgresql/15/copy --target-time \"2025-01-08 12:30:00\"", "A copy as of then, beside the server, which goes on."),
            new("sudo scripts/restore-postgres.sh /var/backups/postgresql/latest", "The runbook's way."),
            new("pgkeep restore --only-database shop --dry-run", "One database whole, the others empty."),
        ],
        RunAsync = RunAsync,
    };

    private static async Task<int> RunAsync(CommandContext context, CancellationToken cancellationToken)
    {
        var settings = new RestoreSettings
        {
            Layout = CommandSettings.Layout(context),
            Backup = context.Find(Backup),
            Target = TargetOptions.Read(context),
            Timeline = TargetOptions.Timeline(context),
            DataDirectory = context.Get(OptionTable.PgData),
            OldWal = context.Get(OptionTable.OldWal) is { } wal ? FileSystem.Resolve(wal) : null,
            BinDirectory = context.Get(OptionTable.BinDir),
            StopServer = context.Get(OptionTable.StopServer),
            Service = new ServiceCommands(context.Get(OptionTable.StopCommand), context.Get(OptionTable.StartCommand)),
            Action = TargetOptions.Action(context),
            IsProof = context.Get(OptionTable.DryRun),
            IsLeft = context.Get(OptionTable.NoStart),
            Moves = context.Get(OptionTable.Tablespaces),
            Role = context.Get(OptionTable.User),
            RunsAmcheck = context.Get(OptionTable.Amcheck) && IsRecoveredHere(context),
            IsDelta = context.Get(OptionTable.Delta),
            IsInPlace = context.Get(OptionTable.InPlace),
            OnlyDatabases = context.Get(OptionTable.OnlyDatabases) ?? [],
            RecoveryTimeout = context.Get(OptionTable.RecoveryTimeout),
            Fetch = new RecoveryFetch(context.Get(OptionTable.Prefetch), context.Get(OptionTable.PrefetchDir), context.Get(OptionTable.Jobs)),
            Program = CommandSettings.Program,
        };
        if (RestoreCopy.IsAskedFor(context))
        {
            return await RestoreCopy.RunAsync(context, settings, cancellationToken);
        }

        var planner = new RestorePlanner(settings);
        var plan = await planner.MakeAsync(cancellationToken);
        // Refuses a place inside the data directory before anything is touched.
        _ = PrefetchDirectory.Of(plan.DataDirectory, settings.Fetch.Place);
        if (context.Get(OptionTable.Json) && context.Get(OptionTable.DryRun))
        {
            context.Output.WriteResult(JsonLine.Write(json => RestorePlanJson.Write(json, plan, RestoreEstimate.Of(plan, context.Get(OptionTable.RestoreLog)))));
        }
        else
        {
            RestorePlanText.Write(context, plan);
        }

        if (plan.Wal.End.IsBehindAll && context.Get(OptionTable.Yes))
        {
            // Less than what was asked for: only a person who has read the plan can want that.
            throw plan.Wal.BehindAll();
        }

        if (context.Get(OptionTable.DryRun))
        {
            context.Note("Nothing was changed. Run it without --dry-run to restore.");
            return 0;
        }

        await context.Confirmation.RequireAsync(plan.Reuse == FileReuse.InPlace ? "in place" : "restore", cancellationToken);
        var result = await RestoreAsync(context, settings, planner, plan, cancellationToken);
        RestoreResultText.Write(context, result);
        return result.Health is { Problems.Count: > 0 } ? ErrorKinds.Of(ErrorKind.Findings).ExitCode : 0;
    }

    /// <summary>Otherwise nobody has looked at the cluster when the restore is over, and amcheck cannot either.</summary>
    private static bool IsRecoveredHere(CommandContext context)
    {
        var isRecovered = !context.Get(OptionTable.NoStart) && TargetOptions.Action(context) == RecoveryTargetAction.Promote;
        if (!isRecovered)
        {
            context.Warn("pg_amcheck is left out: the recovery is not over when this ends");
        }

        return isRecovered;
    }

    /// <summary>What is told on the way ends with the work, so that the answer or the failure begins on a line of its own.</summary>
    private static async Task<RestoreResult> RestoreAsync(CommandContext context, RestoreSettings settings, RestorePlanner planner, RestorePlan plan, CancellationToken cancellationToken)
    {
        var progress = context.IsQuiet ? null : new RestoreProgress();
        using var report = progress is null ? null : new ProgressReport(context.Output, new RestoreProgressSource(progress, context.Time), context.Time, context.Get(OptionTable.Json));
        var log = new OperationLog(context.Get(OptionTable.RestoreLog), context.Time)
        {
            Failed = line => ProgressReport.Around(report, () => context.Warn(line)),
            Echo = line => ProgressReport.Around(report, () => context.Note(line)),
            Owner = plan.Account,
        };
        return await new RestoreRun(settings, planner, plan, log, context.Time) { Progress = progress }.RunAsync(cancellationToken);
    }
}
