using Pgkeep.Options;
using Pgkeep.Output;
using Pgkeep.Postgres.Cluster;
using Pgkeep.Repository;
using Pgkeep.Rotation;

namespace Pgkeep.Commands;

internal static class RepositoryRotateCommand
{
    public static Command Definition { get; } = new()
    {
        Name = CommandNames.RepositoryRotate,
        Summary = "Keep the repository of the old cluster aside, and start the new one in its place",
        Details = "For the day after pg_upgrade or initdb, when the system identifier is a new one and archive-wal refuses it. Backups, archive and backup.log move into "
            + "old_<system identifier>, which is a repository by itself: --backup-dir on it lists, verifies and restores the old cluster's backups. The new cluster is the one whose data directory "
            + "--pgdata names, or the working directory is, or whose server answers. Nothing is copied or removed; where it is broken off, run it again.",
        Examples =
        [
            new("sudo -u postgres pgkeep repository rotate", "With the new server running."),
            new("pgkeep repository rotate --pgdata /var/lib/postgresql/17/main --dry-run", "Which cluster it would go over to."),
            new("pgkeep list --backup-dir /var/backups/postgresql/old_7575512345678901234", "The old cluster's backups, afterwards."),
        ],
        RunAsync = RunAsync,
    };

    private static async Task<int> RunAsync(CommandContext context, CancellationToken cancellationToken)
    {
        var layout = CommandSettings.LayoutAsOwner(context);
        if (await PlanAsync(cancellationToken) is not { } plan)
        {
            return AnswerDone(context, layout);
        }

        Show(context, plan);
        if (context.Get(OptionTable.DryRun))
        {
            context.Note("Nothing was changed. Run it without --dry-run to rotate.");
            return 0;
        }

        await context.Confirmation.RequireAsync("rotate", cancellationToken);
        return await RotationRun.RunAsync(layout, PlanAsync, context.Time, cancellationToken) is { } done ? Answer(context, done) : AnswerDone(context, layout);

        Task<RotationPlan?> PlanAsync(CancellationToken cancel) => RotationPlanner.MakeAsync(layout, cancelled => NewClusterAsync(context, cancelled), context.Time, cancel);
    }

    private static async Task<RepositoryIdentity> NewClusterAsync(CommandContext context, CancellationToken cancellationToken)
    {
        var directory = context.Get(OptionTable.PgData) ?? (File.Exists(ControlFileReader.RelativePath) ? "." : null);
        return directory is null
            ? await NewCluster.OfServerAsync(CommandSettings.Connection(context), cancellationToken)
            : NewCluster.OfDataDirectory(directory);
    }

    private static void Show(CommandContext context, RotationPlan plan)
    {
        var table = new TextTable();
        table.Add("old cluster", Describe(plan.Old));
        table.Add("new cluster", Describe(plan.New));
        table.Add("moves to", plan.OldRepository);
        if (plan.IsArchiveInside)
        {
            table.Add("", plan.OldArchive);
        }

        if (plan.IsResumed)
        {
            table.Add("goes on", "where an earlier rotation was broken off");
        }

        table.WriteTo(context.Get(OptionTable.DryRun) ? context.Output.WriteResult : context.Note);
    }

    private static string Describe(RepositoryIdentity identity) => $"{identity.SystemIdentifier}, PostgreSQL {identity.PostgresMajor}, WAL segments of {identity.WalSegmentSize}";

    private static int Answer(CommandContext context, RotationPlan plan)
    {
        if (context.Get(OptionTable.Json))
        {
            context.Output.WriteResult(JsonLine.Write(json =>
            {
                json.WriteBoolean("rotated", true);
                json.WriteString("old_system_identifier", plan.Old.SystemIdentifier.ToString());
                json.WriteString("new_system_identifier", plan.New.SystemIdentifier.ToString());
                json.WriteString("old_repository", plan.OldRepository);
                json.WriteString("old_archive", plan.OldArchive);
            }));
            return 0;
        }

        context.Output.WriteResult($"Rotated: the repository belongs to the cluster {plan.New.SystemIdentifier}, and that of {plan.Old.SystemIdentifier} is in {plan.OldRepository}");
        context.Output.WriteResult("The new cluster has no backup yet: take one now.");
        return 0;
    }

    private static int AnswerDone(CommandContext context, RepositoryLayout layout)
    {
        if (context.Get(OptionTable.Json))
        {
            context.Output.WriteResult(JsonLine.Write(json => json.WriteBoolean("rotated", false)));
        }
        else
        {
            context.Output.WriteResult($"The repository \"{layout.BackupDirectory}\" belongs to this cluster already: nothing was changed.");
        }

        return 0;
    }
}
