using System.Text.Json;
using Pgkeep.Check.Wal;
using Pgkeep.Postgres.Wal;

namespace Pgkeep.Commands;

/// <summary>The answer of <c>wal show --json</c>.</summary>
internal static class WalShowJson
{
    public static void Write(Utf8JsonWriter json, ShownWal shown)
    {
        var statistics = shown.Statistics;
        json.WriteString("source", shown.Source);
        json.WriteNumber("timeline", shown.Timeline.Value);
        json.WriteString("first_lsn", statistics.Range?.First.ToString());
        json.WriteString("end_lsn", statistics.Range?.End.ToString());
        Write(json, statistics.Total);
        json.WriteNumber("images", statistics.Images);
        json.WriteNumber("commits", statistics.Commits);
        json.WriteNumber("aborts", statistics.Aborts);
        Write(json, "first_commit", statistics.FirstCommit);
        Write(json, "last_commit", statistics.LastCommit);
        json.WriteStartArray("managers");
        foreach (var manager in statistics.Managers)
        {
            Write(json, manager);
        }

        json.WriteEndArray();
        json.WriteStartArray("relations");
        foreach (var count in InOrder(statistics))
        {
            json.WriteStartObject();
            json.WriteNumber("tablespace", count.Relation.Tablespace.Value);
            json.WriteNumber("database", count.Relation.Database.Value);
            json.WriteNumber("file_node", count.Relation.FileNode.Value);
            json.WriteNumber("blocks_named", count.Changes);
            json.WriteNumber("images", count.Images);
            json.WriteNumber("image_bytes", count.ImageBytes);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteString("problem", shown.Problem);
    }

    /// <summary>Those with most changes first.</summary>
    public static IEnumerable<WalRelationCount> InOrder(WalStatistics statistics) => statistics.Relations
        .OrderByDescending(count => count.Changes)
        .ThenBy(count => count.Relation.Database)
        .ThenBy(count => count.Relation.FileNode);

    private static void Write(Utf8JsonWriter json, WalManagerCount manager)
    {
        json.WriteStartObject();
        json.WriteString("name", manager.Name);
        Write(json, manager.Count);
        json.WriteStartArray("operations");
        foreach (var operation in manager.Operations)
        {
            json.WriteStartObject();
            json.WriteString("name", operation.Name);
            Write(json, operation.Count);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, WalRecordCount count)
    {
        json.WriteNumber("records", count.Records);
        json.WriteNumber("record_bytes", count.RecordBytes);
        json.WriteNumber("image_bytes", count.ImageBytes);
    }

    private static void Write(Utf8JsonWriter json, string name, WalMoment? moment)
    {
        if (moment is not { } commit)
        {
            json.WriteNull(name);
            return;
        }

        json.WriteStartObject(name);
        json.WriteString("time", commit.Time);
        json.WriteNumber("xid", commit.Xid);
        json.WriteString("lsn", commit.Start.ToString());
        json.WriteEndObject();
    }
}
