using Pgkeep.Diagnostics;
using Pgkeep.Options;
using Pgkeep.Output;
using Pgkeep.Repository;
using Pgkeep.Retention;

namespace Pgkeep.Commands;

internal static class CleanupCommand
{
    public static Command Definition { get; } = new()
    {
        Name = CommandNames.Cleanup,
        Summary = "Remove backups and WAL that no restore within the retention needs",
        Details = "Keeps every backup that ended within RETENTION_DAYS, the newest one before (a restore to the first of these days begins with it), and the "
            + "newest usable one whatever its age. Then removes the WAL that lies before all of them.",
        Examples =
        [
            new("sudo -u postgres scripts/backup-postgres.sh cleanup", "The runbook's way."),
            new("sudo -u postgres env RETENTION_DAYS=3 scripts/backup-postgres.sh cleanup", "When the disk is full; sudo drops variables, env brings them back."),
            new("pgkeep cleanup --dry-run", "What would go, what would stay, and why."),
        ],
        RunAsync = RunAsync,
    };

    private static async Task<int> RunAsync(CommandContext context, CancellationToken cancellationToken)
    {
        CommandSettings.ApplyPriority(context);
        var layout = CommandSettings.LayoutAsOwner(context);
        var days = context.Get(OptionTable.RetentionDays);
        if (context.Get(OptionTable.DryRun))
        {
            Write(context, await new CleanupPlanner(layout, ArchiveStores.Of(layout), days, context.Time).MakeAsync(cancellationToken));
            context.Note("Nothing was changed. Run it without --dry-run to remove.");
            return 0;
        }

        var log = new OperationLog(layout.BackupLog, context.Time) { Failed = context.Warn, Echo = line => context.Note(CommandSettings.Stamp(context, line)) };
        try
        {
            Write(context, await new CleanupRun(layout, log, context.Time).RunAsync(days, cancellationToken));
            return 0;
        }
        catch (PgkeepException failure)
        {
            log.WriteError($"cleanup: {failure.Message}");
            throw;
        }
    }

    private static void Write(CommandContext context, CleanupPlan plan)
    {
        if (context.Get(OptionTable.Json))
        {
            WriteJson(context, plan);
            return;
        }

        var isDone = !context.Get(OptionTable.DryRun);
        var table = new TextTable();
        foreach (var decision in plan.Backups)
        {
            table.Add(decision.IsKept ? "keep" : isDone ? "removed" : "remove", decision.Backup.Name.ToString(), decision.Reason);
        }

        table.WriteTo(context.Output.WriteResult);
        if (plan.FirstNeeded is not { } first)
        {
            context.Output.WriteResult("There is no usable backup, so nothing is removed.");
        }
        else if (plan.Wal.Count == 0)
        {
            context.Output.WriteResult($"All archived WAL is needed: there is none before {first}.");
        }
        else
        {
            context.Output.WriteResult(
                $"{plan.Wal.Count} WAL files before {first} ({ByteSizeText.Of(plan.WalBytes)}) {(isDone ? "are removed" : "would be removed")}: {plan.Wal[0].File.Name} to {plan.Wal[^1].File.Name}");
        }
    }

    private static void WriteJson(CommandContext context, CleanupPlan plan) => context.Output.WriteResult(JsonLine.Write(json =>
    {
        json.WriteBoolean("dry_run", context.Get(OptionTable.DryRun));
        json.WriteStartArray("backups");
        foreach (var decision in plan.Backups)
        {
            json.WriteStartObject();
            json.WriteString("name", decision.Backup.Name.ToString());
            json.WriteBoolean("kept", decision.IsKept);
            json.WriteString("reason", decision.Reason);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteString("first_needed_wal", plan.FirstNeeded?.ToString());
        json.WriteNumber("removed_wal_files", plan.Wal.Count);
        json.WriteNumber("removed_wal_bytes", plan.WalBytes);
    }));
}
