using Pgkeep.Options;
using Pgkeep.Output;
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
            + "removed; if the recovery fails, it is put back.",
        Arguments = [Backup],
        Examples =
        [
            new("pgkeep restore --target-time \"2025-01-08 12:30:00\" --dry-run", "Show the plan, and change nothing."),
            new("sudo pgkeep restore --stop-server", "Everything the archive has, after stopping the server."),
            new("sudo scripts/restore-postgres.sh /var/backups/postgresql/latest", "The runbook's way."),
        ],
        RunAsync = RunAsync,
    };

    private static async Task<int> RunAsync(CommandContext context, CancellationToken cancellationToken)
    {
        var settings = new RestoreSettings
        {
            Layout = CommandSettings.Layout(context),
            Backup = context.Find(Backup),
            TargetTime = context.Get(OptionTable.TargetTime) is { } text ? TargetTime.Parse(text, context.Time.GetUtcNow(), context.Time.LocalTimeZone) : null,
            DataDirectory = context.Get(OptionTable.PgData),
            BinDirectory = context.Get(OptionTable.BinDir),
            StopServer = context.Get(OptionTable.StopServer),
            RecoveryTimeout = context.Get(OptionTable.RecoveryTimeout),
            Fetch = new RecoveryFetch(context.Get(OptionTable.Prefetch), context.Get(OptionTable.PrefetchDir), context.Get(OptionTable.Jobs)),
            Program = CommandSettings.Program,
        };
        var planner = new RestorePlanner(settings);
        var plan = await planner.MakeAsync(cancellationToken);
        // Refuses a place inside the data directory before anything is touched.
        _ = PrefetchDirectory.Of(plan.DataDirectory, settings.Fetch.Place);
        WritePlan(context, plan);
        if (context.Get(OptionTable.DryRun))
        {
            context.Note("Nothing was changed. Run it without --dry-run to restore.");
            return 0;
        }

        await context.Confirmation.RequireAsync("restore", cancellationToken);
        var log = new OperationLog(context.Get(OptionTable.RestoreLog), context.Time) { Failed = context.Warn, Echo = context.Note, Owner = plan.Account };
        var result = await new RestoreRun(settings, planner, plan, log, context.Time).RunAsync(cancellationToken);
        WriteResult(context, result);
        return 0;
    }

    private static string EndOf(RestoreWal wal) => wal switch
    {
        { IsCutOff: true } => "the backup's own end: what was archived later cannot be reached",
        { EndsWithBackup: true } => "the backup's own end: nothing later was archived",
        { ReceivedUntil: not null } => "everything that is archived or was being received",
        _ => "everything that is archived",
    };

    private static void WritePlan(CommandContext context, RestorePlan plan)
    {
        var table = new TextTable();
        table.Add("target", plan.TargetTime is { } target ? $"{TimestampText.Of(target.ToLocalTime(), context.Time)} ({target.UtcDateTime:HH:mm:ss.FFFFFF} UTC)" : EndOf(plan.Wal));
        table.Add("backup", $"{plan.Backup.Name}, {(plan.IsBackupChosenByTarget ? "the newest that fits" : "as named")} (stop {plan.Metadata.StopLsn}, {TimestampText.Of(plan.Metadata.Stopped, context.Time)})");
        table.Add("WAL", $"{plan.Wal.Chain.Count} segments, {plan.Wal.Chain.First} … {plan.Wal.Chain.Last}: all present, timeline {plan.Wal.Chain.Timeline}");
        if (plan.Wal.ReceivedUntil is { } received)
        {
            table.Add("", $"the last of them was being received: it goes to {received}");
        }

        if (plan.Wal.Unarchived.Count > 0)
        {
            table.Add("", $"{plan.Wal.Unarchived.Count} of the old server's own, which the archive does not have, are used too");
        }

        table.Add("into", plan.DataDirectory);
        table.Add(
            "old data",
            plan.BrokenOff is { } broken ? $"a restore of {TimestampText.Of(broken.Started, context.Time)} was broken off: it is undone first"
                : plan.OldDataDirectory is null ? "there is none" : $"moves to {plan.DataDirectory}.before-…; undo: pgkeep restore rollback --pgdata {plan.DataDirectory}");
        table.Add("server", plan.Running is { } running ? $"running (process {running.ProcessId}): is stopped, and started again" : "not running: is started");
        foreach (var tablespace in plan.Metadata.Tablespaces)
        {
            table.Add("tablespace", $"{tablespace.Location} ({tablespace.Oid})");
        }

        table.WriteTo(context.Get(OptionTable.DryRun) ? context.Output.WriteResult : context.Note);
        foreach (var warning in plan.Wal.Warnings)
        {
            context.Warn(warning);
        }
    }

    private static void WriteResult(CommandContext context, RestoreResult result)
    {
        if (context.Get(OptionTable.Json))
        {
            context.Output.WriteResult(JsonLine.Write(json =>
            {
                json.WriteString("backup", result.Plan.Backup.Name.ToString());
                json.WriteString("data_directory", result.Plan.DataDirectory);
                json.WriteString("old_data_directory", result.OldDataDirectory);
                json.WriteString("journal", result.Journal);
                json.WriteStartObject("seconds");
                foreach (var phase in result.Phases)
                {
                    json.WriteNumber(phase.Name, Math.Round(phase.Duration.TotalSeconds, 3));
                }

                json.WriteEndObject();
            }));
            return;
        }

        context.Output.WriteResult($"Restored: the server is running on {result.Plan.DataDirectory}");
        context.Output.WriteResult($"time      {string.Join(", ", result.Phases.Select(phase => $"{phase.Name} {DurationText.Of(phase.Duration)}"))}");
        if (result.OldDataDirectory is { } old)
        {
            context.Output.WriteResult($"old data  {old}");
            context.Output.WriteResult($"journal   {result.Journal}");
            context.Output.WriteResult($"          undo with pgkeep restore rollback --pgdata {result.Plan.DataDirectory}; remove it when you no longer need it");
        }
    }
}
