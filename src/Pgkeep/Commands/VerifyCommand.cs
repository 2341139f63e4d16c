using Pgkeep.Diagnostics;
using Pgkeep.Options;
using Pgkeep.Output;
using Pgkeep.Repository;
using Pgkeep.Storage.Local;
using Pgkeep.Verify;

namespace Pgkeep.Commands;

internal static class VerifyCommand
{
    private static readonly Argument Backup = new("BACKUP", "A backup's name or path; the latest where it is left out", IsRequired: false);

    public static Command Definition { get; } = new()
    {
        Name = CommandNames.Verify,
        Summary = "Read a backup again and compare every file with its stored checksum",
        Arguments = [Backup],
        Examples =
        [
            new("sudo -u postgres scripts/backup-postgres.sh verify", "The latest backup."),
            new("pgkeep verify backup_20250108_143000", "A certain one."),
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
        try
        {
            var backup = await new BackupCatalogue(storage, layout).ResolveAsync(context.Find(Backup) ?? RepositoryLayout.LatestName, cancellationToken);
            var result = await BackupVerification.RunAsync(backup, cancellationToken);
            if (result.Problems.Count > 0)
            {
                throw new PgkeepException(ErrorKind.BackupDamaged, result.Problems[0], [.. result.Problems.Skip(1), "do not rely on this backup: take another one, and look for the disk's errors"]);
            }

            log.Append($"Verified {backup.Name}: {result.Files} files");
            Write(context, backup, result);
            return 0;
        }
        catch (PgkeepException failure)
        {
            log.WriteError($"verification: {failure.Message}");
            throw;
        }
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
            }));
            return;
        }

        context.Output.WriteResult($"{backup.Name} is sound: {result.Files} files, {ByteSizeText.Of(result.Bytes)}, every checksum as stored");
    }
}
