using System.Text.Json;
using Pgkeep.Diagnostics;
using Pgkeep.Options;
using Pgkeep.Output;
using Pgkeep.Repository;
using Pgkeep.Storage.Local;
using Pgkeep.Verify;
using Pgkeep.Verify.Deep;

namespace Pgkeep.Commands;

internal static class VerifyCommand
{
    private static readonly Argument Backup = new("BACKUP", "A backup's name or path; the latest where it is left out", IsRequired: false);

    public static Command Definition { get; } = new()
    {
        Name = CommandNames.Verify,
        Summary = "Read a backup again and compare every file with its stored checksum",
        Details = "With --deep it is read back to the last page: every archive decompresses into the files of backup_manifest, every page fits its checksum, and "
            + "the WAL it needs is in it. Pages that the backup itself found damaged are told again and are no failure. With --wal it is the archive that is read back: "
            + "every file, every page and every record of every segment, whether each goes on where the one before it ends, on its timeline and where one timeline left another, and "
            + "every gap; a backup only where one is named. It says up to where the records are sound, and what was committed last.",
        Arguments = [Backup],
        Examples =
        [
            new("sudo -u postgres scripts/backup-postgres.sh verify", "The latest backup."),
            new("pgkeep verify backup_20250108_143000", "A certain one."),
            new("pgkeep verify --deep", "Takes about as long as decompressing it."),
            new("pgkeep verify --wal", "The whole archive."),
        ],
        RunAsync = RunAsync,
    };

    private static async Task<int> RunAsync(CommandContext context, CancellationToken cancellationToken)
    {
        CommandSettings.ApplyPriority(context);
        var layout = CommandSettings.LayoutAsOwner(context);
        var storage = new LocalStorage(layout.BackupDirectory);
        await RepositoryMarker.RequireAsync(storage, cancellationToken);
        var log = new OperationLog(layout.BackupLog, context.Time) { Failed = context.Warn };
        var named = context.Find(Backup);
        PgkeepException? failed = null;
        if (named is not null || !context.Get(OptionTable.Wal))
        {
            failed = await FailureOfAsync(() => VerifyBackupAsync(context, storage, layout, named ?? RepositoryLayout.LatestName, log, cancellationToken), log);
        }

        if (context.Get(OptionTable.Wal))
        {
            // The archive is looked at even where the backup is damaged: it is another one's.
            failed = await FailureOfAsync(() => WalVerifying.RunAsync(context, layout, log, cancellationToken), log) is { } archive
                ? failed is null ? archive : new PgkeepException(failed.Kind, failed.Message, [.. failed.Hints, archive.Message, .. archive.Hints])
                : failed;
        }

        return failed is null ? 0 : throw failed;
    }

    private static async Task<PgkeepException?> FailureOfAsync(Func<Task> verify, OperationLog log)
    {
        try
        {
            await verify();
            return null;
        }
        catch (PgkeepException failure)
        {
            log.WriteError($"verification: {failure.Message}");
            return failure;
        }
    }

    private static async Task VerifyBackupAsync(
        CommandContext context, LocalStorage storage, RepositoryLayout layout, string name, OperationLog log, CancellationToken cancellationToken)
    {
        var backup = await new BackupCatalogue(storage, layout).ResolveAsync(name, cancellationToken);
        var result = context.Get(OptionTable.Deep)
            ? await DeepVerification.RunAsync(backup, context.Get(OptionTable.Jobs), cancellationToken)
            : await BackupVerification.RunAsync(backup, cancellationToken);
        if (result.Problems.Count > 0)
        {
            throw new PgkeepException(ErrorKind.BackupDamaged, result.Problems[0], [.. result.Problems.Skip(1), "do not rely on this backup: take another one, and look for the disk's errors"]);
        }

        log.Append(result.Deep is { } deep ? $"Verified {backup.Name}: {result.Files} files, and {deep.Files} inside" : $"Verified {backup.Name}: {result.Files} files");
        Write(context, backup, result);
    }

    private static void Write(CommandContext context, StoredBackup backup, VerificationResult result)
    {
        if (context.Get(OptionTable.Json))
        {
            context.Output.WriteResult(JsonLine.Write(json =>
            {
                json.WriteString("name", backup.Name.ToString());
                json.WriteBoolean("sound", true);
                json.WriteNumber("files", result.Files);
                json.WriteNumber("bytes", result.Bytes);
                if (result.Deep is { } deep)
                {
                    WriteDeep(json, deep);
                }
            }));
            return;
        }

        context.Output.WriteResult($"{backup.Name} is sound: {result.Files} files, {ByteSizeText.Of(result.Bytes)}, every checksum as stored");
        if (result.Deep is { } found)
        {
            WriteDeep(context, found);
        }
    }

    private static void WriteDeep(CommandContext context, DeepResult deep)
    {
        var pages = !deep.HasDataChecksums ? "pages cannot be verified: the cluster has no data checksums"
            : $"{deep.PagesChecked:N0} pages checked" + (deep.ExcusedPages == 0 ? "" : $", {deep.ExcusedPages:N0} of them for replay to write anew");
        context.Output.WriteResult($"inside: {deep.Files:N0} files, {ByteSizeText.Of(deep.Bytes)}, each as in {RepositoryLayout.ManifestName}; {pages}");
        foreach (var finding in deep.Findings)
        {
            context.Output.WriteResult($"look: {finding} (known since the backup)");
        }

        foreach (var note in deep.Notes)
        {
            context.Note($"note: {note}");
        }
    }

    private static void WriteDeep(Utf8JsonWriter json, DeepResult deep)
    {
        json.WriteStartObject("deep");
        json.WriteNumber("files", deep.Files);
        json.WriteNumber("bytes", deep.Bytes);
        json.WriteNumber("pages_checked", deep.PagesChecked);
        json.WriteNumber("excused_pages", deep.ExcusedPages);
        json.WriteStartArray("findings");
        foreach (var finding in deep.Findings)
        {
            json.WriteStringValue(finding);
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }
}
