using System.Text.Json;
using Pgkeep.Postgres.Wal;
using Pgkeep.Search;

namespace Pgkeep.Commands;

/// <summary>The answer of <c>find --json</c>.</summary>
internal static class FindJson
{
    public static void Write(Utf8JsonWriter json, FindResult result, RestoreCommandLine restore)
    {
        json.WriteString("source", result.Archive);
        json.WriteNumber("timeline", result.Timeline.Value);
        json.WriteStartArray("other_timelines");
        foreach (var other in result.OtherTimelines)
        {
            json.WriteNumberValue(other.Value);
        }

        json.WriteEndArray();
        json.WriteString("first_segment", result.First.ToString());
        json.WriteString("last_segment", result.Last.ToString());
        json.WriteNumber("segments", result.Segments);
        json.WriteNumber("segments_read", result.SegmentsRead);
        json.WriteNumber("found", result.TransactionCount);
        json.WriteStartArray("transactions");
        foreach (var transaction in result.Transactions)
        {
            Write(json, transaction, restore);
        }

        json.WriteEndArray();
        json.WriteStartArray("restore_points");
        foreach (var point in result.RestorePoints)
        {
            json.WriteStartObject();
            json.WriteString("name", point.Name);
            json.WriteString("time", point.Time);
            json.WriteString("lsn", point.Start.ToString());
            json.WriteString("restore", restore.To(point));
            json.WriteEndObject();
        }

        json.WriteEndArray();
        if (result.Near is { } near)
        {
            Write(json, "commits_before", near.Before, restore);
            Write(json, "commits_after", near.After, restore);
        }

        Write(json, "first_commit", result.FirstCommit);
        Write(json, "last_commit", result.LastCommit);
        json.WriteString("names_from", result.NamesFrom);
        json.WriteStartArray("name_problems");
        foreach (var problem in result.NameProblems)
        {
            json.WriteStringValue(problem);
        }

        json.WriteEndArray();
        json.WriteString("problem", result.Problem);
    }

    private static void Write(Utf8JsonWriter json, FoundTransaction transaction, RestoreCommandLine restore)
    {
        json.WriteStartObject();
        json.WriteNumber("xid", transaction.Xid);
        json.WriteString("outcome", transaction.Outcome switch
        {
            TransactionOutcome.Committed => "committed",
            TransactionOutcome.RolledBack => "rolled_back",
            _ => "unfinished",
        });
        json.WriteBoolean("prepared", transaction.IsPrepared);
        WriteTime(json, transaction.Time);
        json.WriteString("lsn", transaction.End?.ToString());
        json.WriteString("lsn_before", transaction.Before?.ToString());
        json.WriteBoolean("complete", !transaction.MayHaveBegunBefore);
        json.WriteStartArray("relations");
        foreach (var relation in transaction.Relations)
        {
            Write(json, relation);
        }

        json.WriteEndArray();
        json.WriteStartArray("dropped_databases");
        foreach (var database in transaction.DroppedDatabases)
        {
            json.WriteStartObject();
            json.WriteString("database", database.Name);
            json.WriteNumber("oid", database.Oid.Value);
            json.WriteString("lsn", database.Position.ToString());
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteString("restore", restore.Before(transaction));
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, FoundRelation relation)
    {
        json.WriteStartObject();
        json.WriteString("database", relation.Name?.Database);
        json.WriteString("schema", relation.Name?.Schema);
        json.WriteString("relation", relation.Name?.Relation);
        json.WriteString("file", relation.File?.ToString());
        json.WriteNumber("oid", relation.Oid.Value);
        json.WriteString("kind", relation.Kind == default ? null : $"{relation.Kind}");
        json.WriteBoolean("internal", relation.IsInternal);
        json.WriteNumber("inserted", relation.Inserted);
        json.WriteNumber("updated", relation.Updated);
        json.WriteNumber("deleted", relation.Deleted);
        json.WriteString("fate", FateOf(relation.Fate));
        json.WriteEndObject();
    }

    private static string? FateOf(RelationFate fate) => fate switch
    {
        RelationFate.Created => "created",
        RelationFate.Truncated => "truncated",
        RelationFate.Rewritten => "rewritten",
        RelationFate.Moved => "moved",
        RelationFate.Dropped => "dropped",
        RelationFate.FileRemoved => "file_removed",
        _ => null,
    };

    private static void Write(Utf8JsonWriter json, string name, IEnumerable<WalMoment> commits, RestoreCommandLine restore)
    {
        json.WriteStartArray(name);
        foreach (var commit in commits)
        {
            json.WriteStartObject();
            Write(json, commit);
            json.WriteString("restore", restore.Before(commit.Xid));
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void Write(Utf8JsonWriter json, string name, WalMoment? moment)
    {
        if (moment is not { } commit)
        {
            json.WriteNull(name);
            return;
        }

        json.WriteStartObject(name);
        Write(json, commit);
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, WalMoment commit)
    {
        json.WriteNumber("xid", commit.Xid);
        json.WriteString("time", commit.Time);
        json.WriteString("lsn", commit.Start.ToString());
    }

    private static void WriteTime(Utf8JsonWriter json, DateTimeOffset? time)
    {
        if (time is { } moment)
        {
            json.WriteString("time", moment);
        }
        else
        {
            json.WriteNull("time");
        }
    }
}
