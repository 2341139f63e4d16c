using System.Text.Json;
using Pgkeep.Diagnostics;
using Pgkeep.Options;
using Pgkeep.Output;
using Pgkeep.Repository;
using Pgkeep.Storage.Local;
using Pgkeep.Verify.Wal;

namespace Pgkeep.Commands;

/// <summary><c>verify --wal</c>: the archive instead of a backup.</summary>
internal static class WalVerifying
{
    private const int MaxLines = 20;
    private const string UnfinishedHint = "an unfinished segment keeps the whole one out: move it out of the archive, and store the whole one if its server has it: pgkeep archive-wal pg_wal/NAME NAME";

    public static async Task RunAsync(CommandContext context, RepositoryLayout layout, OperationLog log, CancellationToken cancellationToken)
    {
        var stores = ArchiveStores.Of(layout);
        var identity = await RepositoryMarker.RequireAsync(stores.Marked[0], cancellationToken);
        var backups = (await new BackupCatalogue(new LocalStorage(layout.BackupDirectory), layout).ListAsync(cancellationToken))
            .Where(backup => backup.IsUsable && backup.Metadata.Cluster.SystemIdentifier == identity.SystemIdentifier)
            .Select(backup => backup.Metadata!)
            .ToList();
        var result = await WalVerification.RunAsync(stores.Archive, identity, backups, context.Get(OptionTable.Jobs), cancellationToken);
        if (context.Get(OptionTable.Json))
        {
            WriteJson(context, layout, result);
        }
        else
        {
            WriteText(context, layout, result);
        }

        if (result.ProblemCount > 0)
        {
            var more = result.ProblemCount > MaxLines ? [$"and {result.ProblemCount - MaxLines} more: verify --wal --json names up to {result.Problems.Count}"] : Array.Empty<string>();
            throw new PgkeepException(
                ErrorKind.BackupDamaged,
                result.Problems[0].Text,
                [
                    .. result.Problems.Take(MaxLines).Skip(1).Select(problem => problem.Text),
                    .. more,
                    .. result.Problems.Any(problem => problem.Damage == WalDamage.Unfinished) ? [UnfinishedHint] : Array.Empty<string>(),
                    "no restore leads across damaged or missing WAL: look for the file in the server's pg_wal, take another backup, and look for the disk's errors",
                ]);
        }

        log.Append($"Verified the archive: {result.Segments} segments in {result.Files} files");
    }

    private static void WriteText(CommandContext context, RepositoryLayout layout, WalVerificationResult result)
    {
        context.Output.WriteResult(
            $"{layout.WalDirectory}{(result.ProblemCount == 0 ? " is sound" : "")}: {result.Segments} segments in {result.Files} files, {ByteSizeText.Of(result.StoredBytes)} stored, {ByteSizeText.Of(result.PlainBytes)} read"
            + (result.ProblemCount == 0 ? ", every page and record as it should be" : $", {result.ProblemCount} {(result.ProblemCount == 1 ? "problem" : "problems")}"));
        foreach (var timeline in result.Records)
        {
            var commit = timeline.LastCommit is { } last ? $"the last commit at {TimestampText.WithMilliseconds(last.Time, context.Time)}, transaction {last.Xid}" : "no commit";
            context.Output.WriteResult(
                $"timeline {timeline.Timeline}: {timeline.Count:N0} records sound from {timeline.From} ({(timeline.Backup is { } backup ? $"where {backup} begins" : "the first there is")}) "
                + $"{(timeline.ReachesEnd ? "to" : "only to")} {timeline.To}, {commit}");
        }

        foreach (var note in result.Notes)
        {
            context.Note($"note: {note}");
        }
    }

    private static void WriteJson(CommandContext context, RepositoryLayout layout, WalVerificationResult result) => context.Output.WriteResult(JsonLine.Write(json =>
    {
        json.WriteString("archive", layout.WalDirectory);
        json.WriteBoolean("sound", result.ProblemCount == 0);
        json.WriteNumber("files", result.Files);
        json.WriteNumber("segments", result.Segments);
        json.WriteNumber("stored_bytes", result.StoredBytes);
        json.WriteNumber("plain_bytes", result.PlainBytes);
        json.WriteNumber("problem_count", result.ProblemCount);
        json.WriteStartArray("problems");
        foreach (var problem in result.Problems)
        {
            json.WriteStartObject();
            json.WriteString("file", problem.File);
            json.WriteString("damage", NameOf(problem.Damage));
            json.WriteString("lsn", problem.Position?.ToString());
            json.WriteString("text", problem.Text);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteStartArray("timelines");
        foreach (var timeline in result.Records)
        {
            Write(json, timeline);
        }

        json.WriteEndArray();
        json.WriteStartArray("notes");
        foreach (var note in result.Notes)
        {
            json.WriteStringValue(note);
        }

        json.WriteEndArray();
    }));

    private static void Write(Utf8JsonWriter json, TimelineRecords timeline)
    {
        json.WriteStartObject();
        json.WriteNumber("timeline", timeline.Timeline.Value);
        json.WriteString("backup", timeline.Backup);
        json.WriteString("from_lsn", timeline.From.ToString());
        json.WriteString("sound_to_lsn", timeline.To.ToString());
        json.WriteBoolean("to_the_end", timeline.ReachesEnd);
        json.WriteNumber("records", timeline.Count);
        if (timeline.LastCommit is { } commit)
        {
            json.WriteString("last_commit_time", commit.Time);
            json.WriteNumber("last_commit_xid", commit.Xid);
            json.WriteString("last_commit_lsn", commit.Start.ToString());
        }

        json.WriteEndObject();
    }

    private static string NameOf(WalDamage damage) => damage switch
    {
        WalDamage.Missing => "missing",
        WalDamage.Damaged => "damaged",
        WalDamage.WrongFile => "wrong_file",
        WalDamage.OtherCluster => "other_cluster",
        WalDamage.Page => "page",
        WalDamage.Continuity => "continuity",
        WalDamage.Unfinished => "unfinished",
        WalDamage.Record => "record",
        WalDamage.Chain => "chain",
        _ => "timeline",
    };
}
