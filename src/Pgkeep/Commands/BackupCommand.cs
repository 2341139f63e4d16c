using Pgkeep.Backup;
using Pgkeep.Diagnostics;
using Pgkeep.Options;
using Pgkeep.Output;
using Pgkeep.Output.Progress;
using Pgkeep.Repository;

namespace Pgkeep.Commands;

internal static class BackupCommand
{
    public static Command Definition { get; } = new()
    {
        Name = CommandNames.Backup,
        Summary = "Take a base backup of the running server",
        Details = "Reads the server's files while it goes on working: on its own host, through the connection, or through pg_basebackup. A backup appears under its name only when all of it, and all the "
            + "WAL it needs, is stored, checked and durable. A standby can be backed up as well, and a server that archives nothing: then a replication slot keeps the WAL meanwhile, and the "
            + "backup restores to its own end only.",
        Examples =
        [
            new("sudo -u postgres scripts/backup-postgres.sh base", "The runbook's way."),
            new("sudo -u postgres pgkeep backup --checkpoint spread", "Spares a busy server's disk; takes minutes to begin."),
            new("sudo -u postgres pgkeep backup --compress zstd", "Smaller, for more of the processor's time."),
        ],
        RunAsync = RunAsync,
    };

    private static async Task<int> RunAsync(CommandContext context, CancellationToken cancellationToken)
    {
        CommandSettings.ApplyPriority(context);
        var settings = new BackupSettings
        {
            Layout = CommandSettings.LayoutAsOwner(context),
            Connection = CommandSettings.Connection(context),
            Source = context.Get(OptionTable.Source),
            BinDirectory = context.Get(OptionTable.BinDir),
            Jobs = context.Get(OptionTable.Jobs),
            Compression = CommandSettings.Compression(context),
            MaxRate = context.Get(OptionTable.MaxRate) is > 0 and var rate ? rate : null,
            FastCheckpoint = context.Get(OptionTable.Checkpoint) == CheckpointMode.Fast,
            ArchiveWait = context.Get(OptionTable.ArchiveWait),
            PgkeepVersion = ProductVersion.Number,
        };
        var began = context.Time.GetTimestamp();
        var progress = context.IsQuiet ? null : new BackupProgress();
        var metadata = await RunAsync(context, settings, progress, cancellationToken);
        Write(context, metadata, context.Time.GetElapsedTime(began));
        return metadata.Findings.Count == 0 ? 0 : ErrorKinds.Of(ErrorKind.Findings).ExitCode;
    }

    /// <summary>What is told on the way ends with the work, so that the answer or the failure begins on a line of its own.</summary>
    private static async Task<BackupMetadata> RunAsync(CommandContext context, BackupSettings settings, BackupProgress? progress, CancellationToken cancellationToken)
    {
        using var report = progress is null ? null : new ProgressReport(context.Output, new BackupProgressSource(progress, settings.Layout.BackupDirectory), context.Time, context.Get(OptionTable.Json));
        var log = new OperationLog(settings.Layout.BackupLog, context.Time)
        {
            Failed = line => ProgressReport.Around(report, () => context.Warn(line)),
            Echo = line => ProgressReport.Around(report, () => context.Note(CommandSettings.Stamp(context, line))),
        };
        return await RunAsync(new BackupRun(settings, log, context.Time) { Progress = progress }, log, cancellationToken);
    }

    /// <summary>Monitoring looks for the word ERROR in the log.</summary>
    private static async Task<BackupMetadata> RunAsync(BackupRun run, OperationLog log, CancellationToken cancellationToken)
    {
        try
        {
            return await run.RunAsync(cancellationToken);
        }
        // A place that is not fit for a repository gets no log either.
        catch (PgkeepException failure) when (failure.Kind is not (ErrorKind.Configuration or ErrorKind.RepositoryMissing))
        {
            log.WriteError(failure.Message);
            throw;
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            log.WriteError("the backup was interrupted");
            throw;
        }
    }

    private static void Write(CommandContext context, BackupMetadata metadata, TimeSpan duration)
    {
        if (context.Get(OptionTable.Json))
        {
            context.Output.WriteResult(JsonLine.Write(json => BackupJson.Write(json, metadata)));
            return;
        }

        var ratio = metadata.Sizes.StoredBytes > 0 ? (double)metadata.Sizes.PlainBytes / metadata.Sizes.StoredBytes : 0;
        context.Output.WriteResult(
            $"{metadata.Name}: {ByteSizeText.Of(metadata.Sizes.PlainBytes)} stored in {ByteSizeText.Of(metadata.Sizes.StoredBytes)} ({ratio:0.0} to 1), {DurationText.Of(duration)}");
        var stopped = TimestampText.Of(metadata.Stopped, context.Time);
        context.Output.WriteResult(
            $"{(metadata.EndsInItself ? $"no archiving: restores to its own end, {stopped}, and to no later moment" : $"restores any moment from {stopped} on")} (start {metadata.StartLsn}, stop {metadata.StopLsn}, timeline {metadata.Timeline})");
        if (metadata is { EndsInPart: true, EndsInItself: false })
        {
            context.Output.WriteResult($"a later moment needs {metadata.StopWal}, which the primary archives when it is full or switched");
        }

        context.Output.WriteResult(metadata.Cluster.DataChecksums
            ? $"{metadata.PagesChecked:N0} pages checked, {(metadata.Findings.Count == 0 ? "none damaged" : $"{metadata.Findings.Count} damaged")}"
            : "pages cannot be verified: the cluster has no data checksums");
        foreach (var finding in metadata.Findings.Take(BackupRun.MostFindingsTold))
        {
            context.Output.WriteResult($"look: {finding}");
        }

        if (metadata.Findings.Count > BackupRun.MostFindingsTold)
        {
            context.Output.WriteResult($"look: and {metadata.Findings.Count - BackupRun.MostFindingsTold} more, in backup_metadata.json");
        }
    }
}
