using System.Security.Cryptography;
using Pgkeep.Diagnostics;
using Pgkeep.Drill;
using Pgkeep.Options;
using Pgkeep.Output;
using Pgkeep.Repository;
using Pgkeep.Restore;
using Pgkeep.Storage.Local;

namespace Pgkeep.Commands;

internal static class DrillCommand
{
    public static Command Definition { get; } = new()
    {
        Name = CommandNames.Drill,
        Summary = "Restore a backup for trial, look at what comes out, and remove it again",
        Details = "The copy lies in a scratch directory, with a socket of its own: it archives nothing, connects to nobody and is removed at the end, also after Ctrl-C; what a killed drill left, the next "
            + "one removes. While it copies, no backup can begin. The server must promote itself, every database open, every page fit its checksum. How long it took (RTO) and what the last commit is (RPO) goes into a report "
            + "in BACKUP_DIR/.pgkeep/drills. Exit code 17: the backup failed; 18: the drill could not be done.",
        Examples =
        [
            new("pgkeep drill", "The newest backup with all WAL behind it."),
            new("pgkeep drill --random --amcheck --sql /etc/pgkeep/drill.sql", "Any backup, with more checks."),
        ],
        RunAsync = RunAsync,
    };

    private static async Task<int> RunAsync(CommandContext context, CancellationToken cancellationToken)
    {
        // PostgreSQL does not run as root, and the reports belong to the repository's owner.
        var layout = CommandSettings.LayoutAsOwner(context);
        CommandSettings.ApplyPriority(context);
        var settings = new DrillSettings
        {
            Restore = new RestoreSettings
            {
                Layout = layout,
                Backup = await ChooseAsync(context, layout, cancellationToken),
                Target = TargetOptions.Read(context),
                Timeline = TargetOptions.Timeline(context),
                BinDirectory = context.Get(OptionTable.BinDir),
                StopServer = false,
                RunsAmcheck = context.Get(OptionTable.Amcheck),
                RecoveryTimeout = context.Get(OptionTable.RecoveryTimeout),
                Fetch = new RecoveryFetch(context.Get(OptionTable.Prefetch), context.Get(OptionTable.PrefetchDir), context.Get(OptionTable.Jobs)),
                Program = CommandSettings.Program,
            },
            Scratch = context.Get(OptionTable.Scratch),
            SqlFile = context.Get(OptionTable.Sql),
            Database = context.Get(OptionTable.Database),
            PgkeepVersion = ProductVersion.Number,
        };
        ArchiveStores.RequireDirectory(layout.BackupDirectory, "BACKUP_DIR");
        var (reports, report, outcome, isInterrupted) = await DrillAsync(context, settings, cancellationToken);
        if (outcome == DrillOutcome.Passed || context.Get(OptionTable.Json))
        {
            DrillText.Write(context, report, reports);
        }

        return outcome switch
        {
            DrillOutcome.Passed => 0,
            DrillOutcome.Failed => throw new PgkeepException(ErrorKind.DrillFailed, $"the backup failed the drill: {report.Reason}", $"the report is \"{reports.PagePath}\", the log \"{reports.LogPath}\""),
            _ => throw new PgkeepException(
                isInterrupted ? ErrorKind.Interrupted : ErrorKind.DrillNotDone, $"the drill could not be done: {report.Reason}", $"this says nothing about the backup; the log is \"{reports.LogPath}\""),
        };
    }

    private static async Task<(DrillReports Reports, DrillReport Report, DrillOutcome Outcome, bool IsInterrupted)> DrillAsync(
        CommandContext context, DrillSettings settings, CancellationToken cancellationToken)
    {
        try
        {
            var reports = DrillReports.Begin(settings.Restore.Layout, context.Time.GetUtcNow());
            var log = new OperationLog(reports.LogPath, context.Time) { Failed = context.Warn, Echo = context.Note };
            var (report, outcome, isInterrupted) = await new DrillRun(settings, reports, log, context.Time).RunAsync(cancellationToken);
            return (reports, report, outcome, isInterrupted);
        }
        catch (PgkeepException failure)
        {
            throw new PgkeepException(ErrorKind.DrillNotDone, $"the drill could not be done: its report cannot be kept: {failure.Message}", failure, failure.Hints);
        }
    }

    /// <summary>Null lets the target choose.</summary>
    private static async Task<string?> ChooseAsync(CommandContext context, RepositoryLayout layout, CancellationToken cancellationToken)
    {
        var named = context.Get(OptionTable.DrillBackup);
        if (!context.Get(OptionTable.RandomBackup))
        {
            return named;
        }

        if (named is not null)
        {
            throw new PgkeepException(ErrorKind.Usage, "--backup names a backup, and --random leaves it to chance", "leave one of them out");
        }

        var usable = (await new BackupCatalogue(new LocalStorage(layout.BackupDirectory), layout).ListAsync(cancellationToken)).Where(backup => backup.IsUsable).ToList();
        return usable.Count == 0 ? null : usable[RandomNumberGenerator.GetInt32(usable.Count)].Name.ToString();
    }
}
