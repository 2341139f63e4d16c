using Pgkeep.Options;
using Pgkeep.Output;
using Pgkeep.Repository;
using Pgkeep.Storage.Local;

namespace Pgkeep.Commands;

internal static class ListCommand
{
    public static Command Definition { get; } = new()
    {
        Name = CommandNames.List,
        Summary = "List the backups, oldest first",
        Details = "A backup that cannot be used is listed with the reason; \"no later moment\" stands at one without archiving, which restores to its own end only.",
        RunAsync = RunAsync,
    };

    private static async Task<int> RunAsync(CommandContext context, CancellationToken cancellationToken)
    {
        var layout = CommandSettings.LayoutAsOwner(context);
        var storage = new LocalStorage(layout.BackupDirectory);
        await RepositoryMarker.RequireAsync(storage, cancellationToken);
        var backups = await new BackupCatalogue(storage, layout).ListAsync(cancellationToken);
        if (context.Get(OptionTable.Json))
        {
            foreach (var backup in backups)
            {
                context.Output.WriteResult(JsonLine.Write(json =>
                {
                    json.WriteString("path", backup.Directory);
                    json.WriteBoolean("usable", backup.IsUsable);
                    if (backup.Metadata is { } metadata)
                    {
                        BackupJson.Write(json, metadata);
                    }

                    if (backup.Problem is { } problem)
                    {
                        json.WriteString("problem", problem);
                    }
                }));
            }
        }
        else
        {
            WriteTable(context, backups);
            foreach (var old in await OldRepository.ListAsync(storage, cancellationToken))
            {
                context.Output.WriteResult($"{old} holds the repository of an earlier cluster: pgkeep list --backup-dir {storage.Describe(old)}");
            }
        }

        return 0;
    }

    private static void WriteTable(CommandContext context, IReadOnlyList<StoredBackup> backups)
    {
        if (backups.Count == 0)
        {
            context.Output.WriteResult("There is no backup yet.");
            return;
        }

        var table = new TextTable("", Align.Left, Align.Left, Align.Right, Align.Right, Align.Right);
        table.Add("backup", "restores from", "data", "stored", "timeline", "state");
        foreach (var backup in backups)
        {
            if (backup.IsUsable)
            {
                var metadata = backup.Metadata;
                table.Add(
                    metadata.Name,
                    TimestampText.Of(metadata.Stopped, context.Time),
                    ByteSizeText.Of(metadata.Sizes.PlainBytes),
                    ByteSizeText.Of(metadata.Sizes.StoredBytes),
                    $"{metadata.Timeline}",
                    $"{(metadata.Findings.Count == 0 ? "ok" : $"look: {metadata.Findings.Count} findings")}{(metadata.EndsInItself ? ", no later moment" : "")}");
            }
            else
            {
                table.Add(backup.Name.ToString(), "", "", "", "", $"unusable: {backup.Problem}");
            }
        }

        table.WriteTo(context.Output.WriteResult);
    }
}
